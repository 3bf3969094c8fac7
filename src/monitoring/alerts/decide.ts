import { phaseOf, severityOf, transitionOf } from "./advance-alert.ts";
import type { AlertSettings } from "./alert-options.ts";
import type { CheckedRule } from "./alert-rule.ts";
import {
  type AlertInstance,
  type AlertState,
  MAX_INSTANCES,
  type OutboxEntry,
  type StoredTransition,
  withoutFuture,
} from "./alert-state.ts";
import { type CheckedSamples, evaluateRule } from "./evaluate-rule.ts";
import { Mutes } from "./mutes.ts";
import { claimDue, dropOrphans } from "./outbox.ts";
import { planNotices } from "./plan-notices.ts";

/** What an evaluation decides. */
export interface Decision {
  readonly state: AlertState;
  readonly transitions: readonly StoredTransition[];
  /** Series that are bad and for which a rule had no room. */
  readonly leftOut: ReadonlyMap<string, number>;
  /** Notices to deliver now. */
  readonly claimed: readonly OutboxEntry[];
  readonly dropped: readonly OutboxEntry[];
}

/** An evaluation, without the outside world: the same state, samples and time give the same decision. */
export function decide(
  stored: AlertState,
  settings: AlertSettings,
  samples: ReadonlyMap<string, CheckedSamples>,
  by: string,
  now: number,
): Decision {
  const channels = new Set(settings.channels.map(({ channel }) => channel.name));
  const rules = new Map(settings.rules.map((rule) => [rule.name, rule]));
  const moved = moveAlerts(withoutFuture(stored, now), settings, samples, now);
  const silences = stored.silences.filter(({ until }) => now < until);
  const mutes = new Mutes(moved.instances, silences, settings.inhibit, now);
  const history = moved.transitions.length === 0 ? moved.state.history : [...moved.state.history, ...moved.transitions];
  const { state: cleaned, dropped } = dropOrphans(
    {
      ...moved.state,
      instances: moved.instances,
      silences,
      history: settings.history === 0 ? [] : history.slice(-settings.history),
    },
    channels,
    settings.delivery,
    now,
  );
  const planned = planNotices(
    cleaned,
    { rules, routes: settings.channels, mutes, maxWaiting: settings.delivery.maxWaiting },
    now,
  );
  const kept = planned.instances.filter((alert) => isRemembered(alert, rules.get(alert.rule), settings, now));
  const { state, claimed } = claimDue({ ...planned, instances: kept }, channels, by, settings.delivery, now);
  return { state, transitions: moved.transitions, leftOut: moved.leftOut, claimed, dropped };
}

function moveAlerts(state: AlertState, settings: AlertSettings, samples: ReadonlyMap<string, CheckedSamples>, now: number) {
  const byRule = new Map<string, AlertInstance[]>();
  for (const alert of state.instances) {
    const own = byRule.get(alert.rule);
    if (own === undefined) byRule.set(alert.rule, [alert]);
    else own.push(alert);
  }
  const instances: AlertInstance[] = [];
  const transitions: StoredTransition[] = [];
  const leftOut = new Map<string, number>();
  for (const rule of settings.rules) {
    const previous = byRule.get(rule.name) ?? [];
    byRule.delete(rule.name);
    const answer = samples.get(rule.name);
    if (answer === undefined) {
      // The source has failed: nothing is known, and nothing changes.
      instances.push(...previous.map((alert) => ({ ...alert, seenAt: now })));
      continue;
    }
    const after = evaluateRule(rule, answer, previous, settings.maxAlertsPerRule, now);
    instances.push(...after.instances);
    transitions.push(...after.transitions);
    if (after.leftOut > 0) leftOut.set(rule.name, after.leftOut);
  }
  const others = [...byRule.values()].flat().map((alert) => endWithoutRule(alert, settings.removedAfterMs, now));
  for (const { before, after } of others) {
    const transition = transitionOf(before, after, now);
    if (transition !== undefined) transitions.push(transition);
  }
  instances.push(...others.slice(0, MAX_INSTANCES).map(({ after }) => after));
  return { state, instances, transitions, leftOut };
}

/** Another process, with other rules, may see to the alert; it ends when nobody has for some time. */
function endWithoutRule(
  before: AlertInstance,
  removedAfterMs: number,
  now: number,
): { before: AlertInstance; after: AlertInstance } {
  if (now - before.seenAt < removedAfterMs || before.levels.length === 0) return { before, after: before };
  const ended = severityOf(before) !== null;
  return { before, after: { ...before, levels: [], ...(ended && { resolvedAt: now, end: "rule_removed" as const }) } };
}

/** Whether an alert has still to be known: it is under way, a channel takes it to fire, it has ended lately, or could be missed. */
function isRemembered(alert: AlertInstance, rule: CheckedRule | undefined, settings: AlertSettings, now: number): boolean {
  const phase = phaseOf(alert);
  if (phase === "pending" || phase === "firing") return true;
  const routed = new Set(settings.channels.map(({ channel }) => channel.name));
  if (alert.told.some(({ firing, channel }) => firing && routed.has(channel))) return true;
  if (alert.resolvedAt !== null && now - alert.resolvedAt < settings.resolvedForMs) return true;
  if (alert.told.some(({ at }) => now - at < (rule?.cooldownMs ?? 0))) return true;
  if (rule === undefined) return now - alert.seenAt < settings.removedAfterMs;
  return rule.noData === "alert" && alert.sampled && now - alert.verdictAt < rule.staleAfterMs;
}
