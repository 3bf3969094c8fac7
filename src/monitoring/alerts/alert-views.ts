import { deepFreeze } from "../../core/freeze.ts";
import { type AlertPhase, phaseOf, severityOf } from "./advance-alert.ts";
import type { AlertSettings } from "./alert-options.ts";
import type { AlertState, StoredTransition } from "./alert-state.ts";
import { labelObject } from "./label-pairs.ts";
import { Mutes } from "./mutes.ts";
import type { AlertEnd, AlertSeverity } from "./port.ts";
import { rankOf } from "./severity.ts";
import { summaryOf } from "./summary.ts";

/** An alert as it is now. */
export interface Alert {
  readonly rule: string;
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: AlertPhase;
  /** Of one that fires; null of others. */
  readonly severity: AlertSeverity | null;
  /** The newest value; null without one. */
  readonly value: number | null;
  /** Observations behind it. */
  readonly count: number;
  /** When it became pending, began to fire or ended, milliseconds since the epoch; null of an inactive one. */
  readonly since: number | null;
  /** Why it ended; null of those that have not. */
  readonly end: AlertEnd | null;
  /** Ids of the silences that keep it from being told of. */
  readonly silencedBy: readonly string[];
  /** Whether a more severe alert keeps it from being told of. */
  readonly inhibited: boolean;
  readonly summary: string;
}

/** Something that has become of an alert: it waits to fire, does not after all, fires, is worse or less bad, or has ended. */
export interface AlertTransition {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly rule: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly change: "pending" | "inactive" | "firing" | "escalated" | "deescalated" | "resolved";
  /** Of one that fires, and the last one of one that has ended; null otherwise. */
  readonly severity: AlertSeverity | null;
  readonly value: number | null;
  /** Why it ended; null otherwise. */
  readonly end: AlertEnd | null;
}

const order: readonly AlertPhase[] = ["firing", "pending", "resolved", "inactive"];

/** The alerts of a state: those that fire first, the most severe of them before the others. */
export function showAlerts(state: AlertState, settings: AlertSettings, now: number): readonly Alert[] {
  const rules = new Map(settings.rules.map((rule) => [rule.name, rule]));
  const mutes = new Mutes(state.instances, state.silences, settings.inhibit, now);
  const alerts = state.instances.map((own): Alert => {
    const phase = phaseOf(own);
    const severity = severityOf(own);
    const waits = own.levels.flatMap(({ since }) => since ?? []);
    return {
      rule: own.rule,
      metric: own.metric,
      labels: labelObject(own.labels),
      state: phase,
      severity,
      value: own.value,
      count: own.count,
      since: phase === "firing" ? own.firingSince : phase === "pending" ? Math.min(...waits) : own.resolvedAt,
      end: phase === "resolved" ? own.end : null,
      silencedBy: severity === null ? [] : mutes.silencesOf(own, severity),
      inhibited: severity !== null && mutes.inhibits(own),
      summary: summaryOf(rules.get(own.rule), own, severity),
    };
  });
  alerts.sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || rankOf(b.severity) - rankOf(a.severity));
  return deepFreeze(alerts);
}

/** A transition to hand out. */
export function showTransition(stored: StoredTransition): AlertTransition {
  return deepFreeze({ ...stored, labels: labelObject(stored.labels) });
}
