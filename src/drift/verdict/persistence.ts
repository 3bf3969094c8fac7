import * as z from "zod";
import type { DriftLevel, DriftReport, FeatureDrift } from "../port.ts";
import { worst } from "./compare-window.ts";
import type { Thresholds } from "./thresholds.ts";

/** How many of the last windows must show a level before it is confirmed. */
export interface ConfirmOptions {
  /** At least 1. @defaultValue 2 */
  readonly alerts?: number | undefined;
  /** At least `alerts`, at most 100. @defaultValue 3 */
  readonly of?: number | undefined;
}

/** The last levels of each feature as JSON, under the segment and the feature. */
export type PersistenceState = Readonly<Record<string, readonly DriftLevel[]>>;

/** Checks {@link ConfirmOptions}. */
export const confirmSchema = z
  .strictObject({ alerts: z.int().min(1).max(100).default(2), of: z.int().min(1).max(100).default(3) })
  .refine(({ alerts, of }) => alerts <= of, "expected alerts to be at most of");

const level = z.enum(["none", "moderate", "significant"]);

/** Checks {@link PersistenceState}. */
export const persistenceSchema = z.record(z.string(), z.array(level).max(100));

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
    if (report.verdict === "insufficient_data") return { ...report, confirmed: this.#worst() };
    const recent = new Map(this.#recent);
    const confirmed = (segment: string, features: readonly FeatureDrift[]) =>
      features.map((feature) => {
        const key = JSON.stringify([segment, feature.feature]);
        const levels = [...(recent.get(key) ?? []), this.#held(feature, this.#levelOf(recent.get(key)))].slice(-this.#confirm.of);
        recent.set(key, levels);
        return { ...feature, confirmed: this.#levelOf(levels) };
      });
    const features = confirmed("", report.features);
    const segments = report.segments.map((part) => ({ ...part, features: confirmed(part.segment, part.features) }));
    if (closes) this.#recent = recent;
    const all = [...features, ...segments.flatMap((part) => part.features)];
    return { ...report, features, segments, confirmed: worst(all.map((feature) => feature.confirmed)) };
  }

  /** Goes on from stored levels. */
  restore(state: PersistenceState): void {
    this.#recent = new Map(Object.entries(state));
  }

  /** The last levels. */
  toJSON(): PersistenceState {
    return Object.fromEntries(this.#recent);
  }

  #worst(): DriftLevel {
    return worst([...this.#recent.values()].map((levels) => this.#levelOf(levels)));
  }

  #levelOf(levels: readonly DriftLevel[] = []): DriftLevel {
    const reached = (least: number) => levels.filter((level) => LEVELS.indexOf(level) >= least).length >= this.#confirm.alerts;
    return reached(2) ? "significant" : reached(1) ? "moderate" : "none";
  }

  /** The level of a window, where a confirmed one is held until the effect is below a share of its threshold. */
  #held({ level, psiDebiased, ks }: FeatureDrift, confirmed: DriftLevel): DriftLevel {
    const { hysteresis, psiModerate, psiSignificant, ksStatistic } = this.#thresholds;
    if (LEVELS.indexOf(level) >= LEVELS.indexOf(confirmed)) return level;
    if (confirmed === "significant" && psiDebiased > hysteresis * psiSignificant) return confirmed;
    const moderate = psiDebiased >= hysteresis * psiModerate || (ks !== undefined && ks.statistic >= hysteresis * ksStatistic);
    return level === "none" && moderate ? "moderate" : level;
  }
}
