import * as z from "zod";
import type { DriftLevel, DriftReport, FeatureDrift } from "../port.ts";
import { parseState, type ReferenceProfile } from "../profile/reference-profile.ts";
import { worst } from "./compare-window.ts";
import { MMD_MODERATE, MMD_SIGNIFICANT, type Thresholds } from "./thresholds.ts";

/** How many of the last windows must show a level before it is confirmed. */
export interface ConfirmOptions {
  /** At least 1. @defaultValue 2 */
  readonly alerts?: number | undefined;
  /** At least `alerts`, at most 100. @defaultValue 3 */
  readonly of?: number | undefined;
}

/** The last levels of each feature as JSON, under the JSON of `[feature]` or `[segment, feature]`. */
export type PersistenceState = Readonly<Record<string, readonly DriftLevel[]>>;

/** Checks {@link ConfirmOptions}. */
export const confirmSchema = z
  .strictObject({ alerts: z.int().min(1).max(100).default(2), of: z.int().min(1).max(100).default(3) })
  .refine(({ alerts, of }) => alerts <= of, "expected alerts to be at most of");

const level = z.enum(["none", "moderate", "significant"]);

const levelsSchema = z.array(level).max(100);

const LEVELS: readonly DriftLevel[] = ["none", "moderate", "significant"];

/**
 * Confirms a level that several of the last windows have shown, and gives it up when as many have fallen below a share of its
 * threshold, so that neither one odd window nor one that wavers about a threshold raises or ends an alarm.
 */
export class Persistence {
  readonly #confirm: z.output<typeof confirmSchema>;
  readonly #thresholds: Thresholds;
  #recent: Map<string, readonly DriftLevel[]> = new Map();

  constructor(confirm: z.output<typeof confirmSchema>, thresholds: Thresholds) {
    this.#confirm = confirm;
    this.#thresholds = thresholds;
  }

  /** The report with its confirmed levels, as if its window was the last; `closes` makes it so. */
  confirm(report: DriftReport, { closes }: { readonly closes: boolean }): DriftReport {
    const recent = new Map(this.#recent);
    const confirmed = (segment: string | null, features: readonly FeatureDrift[]) =>
      features.map((feature) => {
        const key = keyOf(segment, feature.feature);
        const level = this.#held(feature, this.#levelOf(recent.get(key)), report.evidence);
        const levels = [...(recent.get(key) ?? []), level].slice(-this.#confirm.of);
        recent.set(key, levels);
        return { ...feature, confirmed: this.#levelOf(levels) };
      });
    const features = confirmed(null, report.features);
    const segments = report.segments.map((part) => ({ ...part, features: confirmed(part.segment, part.features) }));
    if (closes) this.#recent = recent;
    // What this window says nothing about, for it or a segment has too few rows, stays as it was.
    const all = [...recent.values()].map((levels) => this.#levelOf(levels));
    return { ...report, features, segments, confirmed: worst(all) };
  }

  /** Forgets all levels. */
  reset(): void {
    this.#recent = new Map();
  }

  /**
   * Goes on from stored levels; those of features and segments that the reference does not have do not count.
   *
   * @throws a `ModelwrightError` with code `DRIFT_STATE_INVALID`; nothing is changed
   */
  restore(state: object, { features, segments }: ReferenceProfile): void {
    const recent = new Map<string, readonly DriftLevel[]>();
    for (const segment of [null, ...(segments?.parts.map((part) => part.segment) ?? [])]) {
      for (const { feature } of features) {
        const key = keyOf(segment, feature);
        if (!Object.hasOwn(state, key)) continue;
        const levels = parseState(levelsSchema, (state as PersistenceState)[key], "detector state");
        recent.set(key, levels.slice(-this.#confirm.of));
      }
    }
    this.#recent = recent;
  }

  /** The last levels. */
  toJSON(): PersistenceState {
    return Object.fromEntries([...this.#recent].map(([key, levels]) => [key, [...levels]]));
  }

  #levelOf(levels: readonly DriftLevel[] = []): DriftLevel {
    const reached = (least: number) => levels.filter((level) => LEVELS.indexOf(level) >= least).length >= this.#confirm.alerts;
    return reached(2) ? "significant" : reached(1) ? "moderate" : "none";
  }

  /** The level of a window, where a confirmed one is held until the effect is below a share of its threshold. */
  #held(feature: FeatureDrift, confirmed: DriftLevel, evidence: DriftReport["evidence"]): DriftLevel {
    const { level, psiDebiased, ks, mmd } = feature;
    const { hysteresis, psiModerate, psiSignificant, psiAlpha, ksStatistic, ksAlpha } = this.#thresholds;
    if (LEVELS.indexOf(level) >= LEVELS.indexOf(confirmed)) return level;
    // Unlike debiased PSI, which is about 0 without drift, these are evidence only with a p-value: a small window has a large D.
    const oneLook = evidence === "p-value";
    const apart = oneLook && ks !== undefined && ks.adjusted < ksAlpha ? ks.statistic : 0;
    const turned = oneLook && mmd !== undefined && mmd.adjusted < psiAlpha ? mmd.statistic : 0;
    const significant = psiDebiased > hysteresis * psiSignificant || turned > hysteresis * MMD_SIGNIFICANT;
    if (confirmed === "significant" && significant) return confirmed;
    const moderate =
      psiDebiased >= hysteresis * psiModerate || apart >= hysteresis * ksStatistic || turned >= hysteresis * MMD_MODERATE;
    return level === "none" && moderate ? "moderate" : level;
  }
}

function keyOf(segment: string | null, feature: string): string {
  return JSON.stringify(segment === null ? [feature] : [segment, feature]);
}
