import type { ChangeRow, Comparison, MetricCell, MetricRow, Row } from "../core/align.ts";
import type { JsonValue } from "../core/json.ts";
import type { FileCell, SignatureCell, VersionComparison } from "./compare-versions.ts";

/** Options of {@link renderComparison}. */
export interface RenderOptions {
  /** Whether rows are left out in which all columns are equal. @defaultValue false; they are marked with `=` */
  readonly onlyDifferences?: boolean | undefined;
}

/** What {@link renderComparison} renders; parts that are not there are left out. */
export interface RenderedComparison
  extends Comparison,
    Partial<Pick<VersionComparison, "metadata" | "inputs" | "outputs" | "files">> {
  /** Of runs. */
  readonly datasets?: readonly Row<JsonValue>[] | undefined;
  /** Of runs. */
  readonly artifacts?: readonly ChangeRow<FileCell>[] | undefined;
}

/** Longest text of a cell; descriptions and schemas are cut. */
const MAX_CELL = 200;

/**
 * A comparison as Markdown: a table for each part that has rows, the baseline marked in its head. What names and tags say is shown as
 * text, whatever it is: no markup of theirs, no links and no HTML take effect.
 *
 * @param comparison - of versions, of runs, or of anything else that was compared by the same parts
 */
export function renderComparison(comparison: RenderedComparison, { onlyDifferences = false }: RenderOptions = {}): string {
  const { columns, baseline } = comparison;
  const head = ["", "", ...columns.map((column, i) => `${escaped(column)}${i === baseline ? " (baseline)" : ""}`)];
  const section = <R extends { readonly key: string; readonly equal: boolean }>(
    title: string,
    rows: readonly R[] | undefined,
    cells: (row: R) => readonly string[],
  ): readonly string[] => {
    const shown = (rows ?? []).filter((row) => !(onlyDifferences && row.equal));
    if (shown.length === 0) return [];
    const lines = shown.map((row) => [row.equal ? "=" : "", escaped(row.key), ...cells(row)]);
    return [`## ${title}`, "", ...[head, head.map(() => "---"), ...lines].map((line) => `| ${line.join(" | ")} |`), ""];
  };
  const lines = [
    ...section("Metrics", comparison.metrics, metricCells),
    ...section("Parameters", comparison.params, valueCells),
    ...section("Facts", comparison.facts, valueCells),
    ...section("Tags", comparison.tags, valueCells),
    ...section("Metadata", comparison.metadata, valueCells),
    ...section("Inputs", comparison.inputs, changeCells),
    ...section("Outputs", comparison.outputs, changeCells),
    ...section("Files", comparison.files, fileCells),
    ...section("Data sets", comparison.datasets, valueCells),
    ...section("Artifacts", comparison.artifacts, fileCells),
  ];
  return lines.length === 0 ? `No differences between ${columns.map(escaped).join(", ")}\n` : lines.join("\n");
}

function metricCells({ cells }: MetricRow): readonly string[] {
  return cells.map((cell) => (cell === null ? "" : metricText(cell)));
}

function metricText({ value, delta, verdict }: MetricCell): string {
  const words = [
    ...(delta === null || delta === 0 ? [] : [`${delta > 0 ? "+" : ""}${Number(delta.toPrecision(6))}`]),
    ...(verdict === "better" || verdict === "worse" ? [verdict] : []),
  ];
  return words.length === 0 ? String(value) : `${value} (${words.join(", ")})`;
}

function valueCells({ cells }: Row<JsonValue>): readonly string[] {
  return cells.map((cell) => (cell === null || cell.value === null ? "" : valueText(cell.value)));
}

function changeCells({ cells, changes }: ChangeRow<SignatureCell>) {
  return cells.map((cell, i) => {
    const { type, dims = null } = cell?.value ?? { type: "" };
    return marked(escaped(dims === null ? type : `${type}[${dims.join(", ")}]`), changes[i]!);
  });
}

function fileCells({
  cells,
  changes,
  sizeDeltas = [],
}: ChangeRow<FileCell> & { readonly sizeDeltas?: readonly (number | null)[] }) {
  return cells.map((cell, i) => {
    const delta = sizeDeltas[i];
    const size = cell === null ? "" : `${cell.value.sizeBytes} bytes${delta ? ` (${delta > 0 ? "+" : ""}${delta})` : ""}`;
    return marked(cell === null ? "" : `${size} ${cell.value.digest.slice(0, "sha256:".length + 12)}`, changes[i]!);
  });
}

function marked(text: string, change: ChangeRow<JsonValue>["changes"][number]): string {
  return change === "same" || change === "unknown" ? text : `${text} **${change}**`.trimStart();
}

function valueText(value: JsonValue): string {
  return escaped(typeof value === "string" ? value : JSON.stringify(value));
}

/**
 * Text that means itself in a cell of a Markdown table. Marks of direction and control characters are shown as a replacement mark, so
 * that no text can turn another one around; addresses do not become links.
 */
function escaped(text: string): string {
  const cut = text.length > MAX_CELL ? `${text.slice(0, MAX_CELL - 1)}…` : text;
  return cut
    .replaceAll(/[\s\u0085]+/gu, " ")
    .replaceAll(/[\p{Cc}\p{Surrogate}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("://", "&#58;//")
    .replaceAll(/www\./gi, (www) => `${www.slice(0, 3)}&#46;`)
    .replaceAll(/[\\`*~|[\]]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, "\\$&");
}
