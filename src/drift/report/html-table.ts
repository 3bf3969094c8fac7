/** A column of a table. */
export interface TableColumn {
  /** HTML. */
  readonly head: string;
  /** Whether it holds numbers: aligned to the right, in figures of equal width. */
  readonly number?: boolean;
}

/** A table that scrolls by itself where it is wider than the page. Heads and cells are HTML; the first cell of a row is its header. */
export function tableHtml(caption: string, columns: readonly TableColumn[], rows: readonly string[]): string {
  const head = columns.map(({ head, number }) => `<th scope="col"${number ? ' class="n"' : ""}>${head}</th>`).join("");
  return `<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

/** A row of such a table. */
export function rowHtml(columns: readonly TableColumn[], cells: readonly string[]): string {
  const [header, ...others] = cells;
  const rest = others.map((cell, i) => `<td${columns[i + 1]?.number ? ' class="n"' : ""}>${cell}</td>`).join("");
  return `<tr><th scope="row">${header}</th>${rest}</tr>`;
}

/** A level with a mark whose shape differs as its colour does. */
export function badgeHtml(level: string, text = level): string {
  return `<span class="b ${level[0]}">${text}</span>`;
}
