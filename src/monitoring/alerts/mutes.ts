import * as z from "zod";
import { severityOf } from "./advance-alert.ts";
import { matches } from "./alert-matchers.ts";
import type { AlertInstance, StoredSilence } from "./alert-state.ts";
import { isLabelName, labelValue } from "./label-pairs.ts";
import type { AlertSeverity } from "./port.ts";
import { rankOf, severities } from "./severity.ts";

/** While an alert fires that is severe, less severe ones with the same labels are not told of. */
export interface AlertInhibition {
  /** The least severity that mutes, `warning` or more; muted are alerts below it. */
  readonly from: AlertSeverity;
  /** Labels whose values must be the same on both sides; a label that both lack is the same. */
  readonly equal: readonly string[];
}

export const inhibitionSchema = z.strictObject({
  from: z.enum(severities).exclude(["info"]),
  equal: z.array(z.string().refine(isLabelName, "expected names of labels")).max(32),
});

/** What keeps alerts from being told of. */
export class Mutes {
  readonly #silences: readonly StoredSilence[];
  readonly #inhibitions: readonly (AlertInhibition & { readonly sources: ReadonlySet<string> })[];

  constructor(
    instances: readonly AlertInstance[],
    silences: readonly StoredSilence[],
    inhibitions: readonly AlertInhibition[],
    now: number,
  ) {
    this.#silences = silences.filter(({ from, until }) => from <= now && now < until);
    this.#inhibitions = inhibitions.map((rule) => {
      const sources = instances.filter((alert) => rankOf(severityOf(alert)) >= rankOf(rule.from));
      return { ...rule, sources: new Set(sources.map((alert) => sameness(alert, rule))) };
    });
  }

  /** Silences that cover an alert of this severity. */
  silencesOf(alert: AlertInstance, severity: AlertSeverity): readonly string[] {
    return this.#silences.filter(({ matchers }) => matches(matchers, alert, severity)).map(({ id }) => id);
  }

  /** Whether a more severe alert takes the place of this one. */
  inhibits(alert: AlertInstance): boolean {
    const rank = rankOf(severityOf(alert));
    return this.#inhibitions.some((rule) => rank < rankOf(rule.from) && rule.sources.has(sameness(alert, rule)));
  }
}

function sameness({ labels }: AlertInstance, { equal }: AlertInhibition): string {
  return JSON.stringify(equal.map((name) => labelValue(labels, name)));
}
