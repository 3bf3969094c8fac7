import { cellCounts } from "../profile/cell-counts.ts";
import type { DriftProfile } from "../profile/drift-profile.ts";
import { EmbeddingCounts, OrderedCounts } from "../profile/feature-counts.ts";
import type { PartCounts } from "../profile/part-counts.ts";
import type { ProfileLayout, ReferencePart } from "../profile/profile-layout.ts";
import type { ComparedPart } from "./compare-window.ts";
import { type Baseline, type Sides, seasonalBaseline, sidesOf } from "./sides.ts";

/** Share of rows of unknown seasons from which on a report warns. */
const MAX_UNKNOWN = 0.05;

/** All rows of a profile and those of each segment, beside their reference. */
export function partsOf(layout: ProfileLayout, profile: DriftProfile): ComparedPart[] {
  return layout.parts.map((known, i) => {
    const part = profile.parts[i]!;
    const baseline = baselineOf(known, part);
    const current = {
      rows: part.rows,
      cells: cellCounts(part.features),
      bins: part.features.map(({ bins }) => bins),
      moments: part.features.map((feature) => (feature instanceof OrderedCounts ? feature.moments : null)),
    };
    const sides = sidesOf(layout.columns, baseline, current);
    return {
      segment: known.segment,
      sides: i === 0 ? sides.map((side, feature) => withSamples(side, part, feature)) : sides,
      rows: part.rows,
      referenceRows: baseline.rows,
      warnings: warningsOf(known.segment, baseline, layout),
    };
  });
}

function baselineOf({ rows, bins, cells, moments, seasons }: ReferencePart, part: PartCounts): Baseline {
  if (seasons !== null && part.seasons !== undefined) return seasonalBaseline(seasons, part.seasons, cells.length, moments);
  return { rows, cells, bins, moments, weighted: false, unknown: 0 };
}

function withSamples(sides: Sides, part: PartCounts, feature: number): Sides {
  const counts = part.features[feature]!;
  if (!(counts instanceof EmbeddingCounts)) return sides;
  return { ...sides, samples: { reference: counts.column.profile.sample, current: counts.sample } };
}

/** Says how many rows have no season to be compared with. */
export function warningsOf(segment: string | null, { unknown }: Baseline, { season }: ProfileLayout): string[] {
  if (season === undefined || !(unknown > MAX_UNKNOWN)) return [];
  const where = segment === null ? "" : ` of segment ${JSON.stringify(segment)}`;
  return [
    `${(100 * unknown).toFixed(0)} % of the rows${where} fall into a ${season.by} without reference rows, and are compared with the others`,
  ];
}
