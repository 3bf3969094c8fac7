import { advanceAlert, hasVerdict, isBad, newAlert, phaseOf, transitionOf } from "./advance-alert.ts";
import type { CheckedRule } from "./alert-rule.ts";
import type { AlertInstance, StoredTransition } from "./alert-state.ts";
import { alertKey, type LabelPairs, labelPairs, selectedPairs } from "./label-pairs.ts";

/** Most samples of one answer that are looked at. */
const MAX_SAMPLES = 10_000;

/** The samples of a rule, checked. */
export interface CheckedSamples {
  readonly series: ReadonlyMap<string, Series>;
  /** Samples that are malformed, beyond the 10 000th, of a series that came before, or not what was asked for. */
  readonly refused: number;
}

interface Series {
  readonly labels: LabelPairs;
  readonly value: number | null;
  readonly count: number;
}

/** What a rule makes of its samples. */
export interface RuleEvaluation {
  readonly instances: readonly AlertInstance[];
  readonly transitions: readonly StoredTransition[];
  /** Series that are bad and for which there was no room. */
  readonly leftOut: number;
}

/** The samples of an answer by the key of their alert. What is wrong with one sample does not keep the others from being judged. */
export function checkSamples(rule: CheckedRule, answer: readonly unknown[]): CheckedSamples {
  const series = new Map<string, Series>();
  let refused = Math.max(0, answer.length - MAX_SAMPLES);
  for (let i = 0; i < answer.length && i < MAX_SAMPLES; i++) {
    const { labels: given, value, count } = Object(answer[i]) as { labels?: unknown; value?: unknown; count?: unknown };
    const own = labelPairs(given);
    const labels = own === undefined ? undefined : selectedPairs(own, rule.labels);
    const key = labels === undefined ? "" : alertKey(rule.name, labels);
    const well = (value === null || typeof value === "number") && typeof count === "number" && count >= 0;
    if (labels === undefined || !well || series.has(key)) refused += 1;
    else series.set(key, { labels, value: kept(value), count: Math.min(count, Number.MAX_VALUE) });
  }
  return { series, refused };
}

/**
 * Moves the alerts of a rule on, and begins those of series that are bad now.
 *
 * There are at most `maxAlerts`. Those that are pending or firing, or that a channel takes to be firing, stay; new ones get the room that is
 * left, the most severe first; then come those that are only remembered, the newest first.
 */
export function evaluateRule(
  rule: CheckedRule,
  { series }: CheckedSamples,
  previous: readonly AlertInstance[],
  maxAlerts: number,
  now: number,
): RuleEvaluation {
  const anySamples = series.size > 0;
  const before = new Map(previous.map((alert) => [alert.key, alert]));
  const busy: AlertInstance[] = [];
  const idle: AlertInstance[] = [];
  for (const alert of previous) {
    const after = advanceAlert(alert, rule, { sample: series.get(alert.key), anySamples }, now);
    (isBusy(alert) || isBusy(after) ? busy : idle).push(after);
  }
  const fresh: { readonly alert: AlertInstance; readonly rank: number }[] = [];
  const begin = (key: string, labels: LabelPairs, sample: Series | undefined) => {
    const alert = advanceAlert(newAlert(key, rule, labels, now), rule, { sample, anySamples }, now);
    if (isBusy(alert)) fresh.push({ alert, rank: rankOfSample(rule, sample) });
    else if (rule.noData === "alert") idle.push(alert); // remembered, so that it can be missed
  };
  for (const [key, sample] of series) if (!before.has(key)) begin(key, sample.labels, sample);
  if (rule.noData === "alert" && !anySamples && previous.every(({ sampled }) => !sampled)) {
    const key = alertKey(rule.name, rule.labels);
    if (!before.has(key)) begin(key, rule.labels, undefined);
  }
  fresh.sort((a, b) => b.rank - a.rank || (a.alert.key < b.alert.key ? -1 : 1));
  idle.sort((a, b) => lastUse(b) - lastUse(a) || (a.key < b.key ? -1 : 1));
  const room = Math.max(0, maxAlerts - busy.length);
  const begun = fresh.slice(0, room).map(({ alert }) => alert);
  const instances = [...busy, ...begun, ...idle.slice(0, room - begun.length)].sort((a, b) => (a.key < b.key ? -1 : 1));
  return {
    instances,
    transitions: instances.flatMap((alert) => transitionOf(before.get(alert.key), alert, now) ?? []),
    leftOut: fresh.length - begun.length,
  };
}

/** NaN is no value; an infinite one is the greatest that JSON can carry, which is as bad. */
function kept(value: number | null): number | null {
  if (value === null || Number.isNaN(value)) return null;
  return Math.max(-Number.MAX_VALUE, Math.min(value, Number.MAX_VALUE));
}

function isBusy(alert: AlertInstance): boolean {
  const phase = phaseOf(alert);
  return phase === "pending" || phase === "firing" || alert.told.some(({ firing }) => firing);
}

/** The highest level at which a sample is bad; -1 for none. */
function rankOfSample(rule: CheckedRule, sample: Series | undefined): number {
  return hasVerdict(rule, sample) ? rule.levels.findLastIndex((level) => isBad(rule, level, sample.value)) : -1;
}

function lastUse({ verdictAt, resolvedAt, told }: AlertInstance): number {
  return Math.max(resolvedAt ?? verdictAt, ...told.map(({ at }) => at));
}
