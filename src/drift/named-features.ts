import type { DriftReport } from "./port.ts";

/** Names of features of a report and of its segments that `test` picks, each once. */
export function namesOf(
  { features, segments }: Pick<DriftReport, "features" | "segments">,
  test: (feature: DriftReport["features"][number]) => boolean,
): string[] {
  const all = [...features, ...segments.flatMap((part) => part.features)];
  return [...new Set(all.filter(test).map(({ feature }) => feature))];
}
