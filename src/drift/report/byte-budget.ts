const encoder = new TextEncoder();

/** Length of a text in UTF-8. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** Parts that were rendered, and how many were left out because they did not fit. */
export interface Fitted {
  readonly html: readonly string[];
  readonly leftOut: number;
}

/** Renders items, the most important first, for as long as they fit into `maxBytes` of UTF-8; the first that does not fit ends it. */
export function whileFits<T>(items: readonly T[], render: (item: T, i: number) => string, maxBytes: number): Fitted {
  const html: string[] = [];
  let left = maxBytes;
  for (const [i, item] of items.entries()) {
    const part = render(item, i);
    left -= bytesOf(part);
    if (left < 0) return { html, leftOut: items.length - i };
    html.push(part);
  }
  return { html, leftOut: 0 };
}
