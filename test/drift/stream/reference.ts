import { readFileSync } from "node:fs";

interface Told {
  readonly detector: string;
  readonly stream: string;
  readonly options: Record<string, unknown>;
  readonly drifts: readonly number[];
}

interface Reference {
  readonly streams: Record<
    string,
    {
      readonly bits?: string;
      readonly digits?: string;
      readonly thousandths?: readonly number[];
      readonly values?: readonly number[];
    }
  >;
  readonly published: readonly (Told & { readonly firstWarnings: readonly number[] | null })[];
  readonly traces: readonly (Told & { readonly warnings: readonly (readonly [number, number])[]; readonly evidence?: number })[];
  readonly gapPValues: readonly { readonly n: number; readonly gap: number; readonly pValue: number }[];
}

/** What `scripts/reference-stats/streams.py` writes: River's published detections and traces of an independent transcription. */
export const reference = JSON.parse(
  readFileSync(new URL("../../reference/stats/streams.json", import.meta.url), "utf8"),
) as Reference;

/** The values of a stream of the reference. */
export function streamOf(name: string): number[] {
  const { bits, digits, thousandths, values } = reference.streams[name]!;
  if (bits !== undefined) return [...bits].flatMap((hex) => [3, 2, 1, 0].map((bit) => (Number.parseInt(hex, 16) >> bit) & 1));
  if (digits !== undefined) return [...digits].map(Number);
  return thousandths?.map((value) => value / 1000) ?? [...values!];
}
