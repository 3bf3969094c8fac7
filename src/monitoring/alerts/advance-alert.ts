import type { CheckedRule, RuleLevel } from "./alert-rule.ts";
import type { AlertInstance, LevelState, StoredTransition } from "./alert-state.ts";
import type { AlertEnd, AlertSeverity } from "./port.ts";
import { rankOf, worst } from "./severity.ts";

/** Where an alert is: its metric is good; bad, but not yet for long enough; bad; or good again. */
export type AlertPhase = "inactive" | "pending" | "firing" | "resolved";

/** What an evaluation knows of a series. */
export interface SeriesNow {
  /** Undefined where the source has no sample of the series. */
  readonly sample: { readonly value: number | null; readonly count: number } | undefined;
  /** Whether the metric has series at all. */
  readonly anySamples: boolean;
}

/** What is found of one level. */
type Verdict = "bad" | "good" | "between" | undefined;

/** The severity of an alert that fires; null of others. */
export function severityOf({ levels }: Pick<AlertInstance, "levels">): AlertSeverity | null {
  return worst(levels.filter(({ active }) => active).map(({ severity }) => severity)) ?? null;
}

/** Where an alert is. */
export function phaseOf({ levels, resolvedAt }: Pick<AlertInstance, "levels" | "resolvedAt">): AlertPhase {
  if (levels.some(({ active }) => active)) return "firing";
  if (levels.some(({ since }) => since !== null)) return "pending";
  return resolvedAt === null ? "inactive" : "resolved";
}

/** Whether a sample is one to judge by. */
export function hasVerdict(rule: CheckedRule, sample: SeriesNow["sample"]): sample is { value: number; count: number } {
  return sample !== undefined && sample.value !== null && sample.count >= rule.minCount;
}

/** Whether a value is bad at a level. */
export function isBad({ direction }: CheckedRule, { threshold }: RuleLevel, value: number): boolean {
  return direction === "above" ? value > threshold : value < threshold;
}

/**
 * Moves an alert on by what is known now.
 *
 * Each level of the rule is a machine of its own: it becomes active when the value has been bad for `forMs`, and inactive when it has been
 * good for `clearForMs`; a value between `clear` and the threshold is neither, and ends both waits. The alert has the severity of
 * its highest active level. Without a verdict `noData` decides; `ignore` leaves everything as it is, waits included.
 */
export function advanceAlert(alert: AlertInstance, rule: CheckedRule, series: SeriesNow, now: number): AlertInstance {
  const { sample } = series;
  const judged = hasVerdict(rule, sample);
  const verdictAt = judged ? now : alert.verdictAt;
  const stale = !judged && isStale(rule, series, now - verdictAt);
  const levels = rule.levels.map((level, i): LevelState => {
    const before = alert.levels.find(({ severity }) => severity === level.severity);
    const { active = false, since = null } = before ?? {};
    if (stale) return { severity: level.severity, active: false, since: null };
    const verdict = judged ? judge(rule, level, sample.value) : withoutVerdict(alert, rule, series, i);
    if (verdict === undefined) return { severity: level.severity, active, since };
    if (verdict !== (active ? "good" : "bad")) return { severity: level.severity, active, since: null };
    const held = now - (since ?? now) >= (active ? rule.clearForMs : rule.forMs);
    return { severity: level.severity, active: active !== held, since: held ? null : (since ?? now) };
  });
  const wasFiring = severityOf(alert) !== null;
  const firing = severityOf({ levels }) !== null;
  const ended = wasFiring && !firing;
  return {
    ...alert,
    metric: rule.metric,
    levels,
    sampled: alert.sampled || sample !== undefined,
    ...(judged && { value: sample.value, count: sample.count }),
    ...(!judged && rule.noData === "alert" && { value: null, count: sample?.count ?? 0 }),
    verdictAt,
    seenAt: now,
    firingSince: firing && !wasFiring ? now : alert.firingSince,
    resolvedAt: ended ? now : firing ? null : alert.resolvedAt,
    end: ended ? endOf(rule, judged, stale) : firing ? null : alert.end,
  };
}

/** An alert of which nothing is known yet. */
export function newAlert(key: string, rule: CheckedRule, labels: AlertInstance["labels"], now: number): AlertInstance {
  return {
    key,
    rule: rule.name,
    metric: rule.metric,
    labels,
    levels: [],
    sampled: false,
    value: null,
    count: 0,
    verdictAt: now,
    seenAt: now,
    firingSince: null,
    resolvedAt: null,
    end: null,
    told: [],
  };
}

/** What has become of an alert; undefined when it is where it was. */
export function transitionOf(before: AlertInstance | undefined, after: AlertInstance, at: number): StoredTransition | undefined {
  const from = before === undefined ? "inactive" : phaseOf(before);
  const to = phaseOf(after);
  const old = before === undefined ? null : severityOf(before);
  const severity = severityOf(after);
  const told = { at, rule: after.rule, labels: after.labels, value: after.value, end: null };
  if (from === "firing" && to !== "firing") return { ...told, change: "resolved", severity: old, end: after.end };
  if (from === "firing") {
    if (old === severity) return undefined;
    return { ...told, change: rankOf(severity) > rankOf(old) ? "escalated" : "deescalated", severity };
  }
  if (to === "firing") return { ...told, change: "firing", severity };
  if (to === "pending") return from === "pending" ? undefined : { ...told, change: "pending", severity: null };
  return from === "pending" ? { ...told, change: "inactive", severity: null } : undefined;
}

function judge(rule: CheckedRule, level: RuleLevel, value: number): Verdict {
  if (isBad(rule, level, value)) return "bad";
  return rule.direction === "above" ? (value <= level.clear ? "good" : "between") : value >= level.clear ? "good" : "between";
}

function withoutVerdict(
  { sampled }: AlertInstance,
  rule: CheckedRule,
  { sample, anySamples }: SeriesNow,
  level: number,
): Verdict {
  if (rule.noData === "ignore") return undefined;
  if (rule.noData === "resolve") return "good";
  // It was there because nothing was, and now something is.
  if (!sampled && sample === undefined && anySamples) return "good";
  // That there is no data is as bad as the least level; what is known of the others stays.
  return level === 0 ? "bad" : undefined;
}

function isStale(rule: CheckedRule, { sample, anySamples }: SeriesNow, withoutMs: number): boolean {
  if (withoutMs < rule.staleAfterMs) return false;
  return rule.noData !== "alert" || (sample === undefined && anySamples);
}

function endOf(rule: CheckedRule, judged: boolean, stale: boolean): AlertEnd {
  if (stale) return "stale";
  return !judged && rule.noData === "resolve" ? "no_data" : "cleared";
}
