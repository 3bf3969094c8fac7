import type { Counter, Gauge, Metrics } from "../../core/metrics.ts";
import type { Alert } from "./alert-views.ts";
import { severities } from "./severity.ts";

/** What became of a notice. */
export type NoticeOutcome = "delivered" | "failed" | "given_up";

/** Counts what a rule set does, for a dashboard of the whole process. */
export class AlertMetrics {
  readonly #firing: ReadonlyMap<string, Gauge>;
  readonly #evaluations: { readonly ok: Counter; readonly failed: Counter };
  readonly #unreadable: Counter;
  readonly #noticeOf: (channel: string, outcome: NoticeOutcome) => Counter;

  constructor(metrics: Metrics, ruleSet: string, channels: readonly string[]) {
    const rule_set = [ruleSet];
    const firing = metrics.gauge({
      name: "modelwright_alerts_firing",
      help: "Alerts that fire, as of the last evaluation.",
      labels: { rule_set, severity: severities },
    });
    this.#firing = new Map(severities.map((severity) => [severity, firing.with({ rule_set: ruleSet, severity })]));
    const evaluations = metrics.counter({
      name: "modelwright_alerts_evaluations_total",
      help: "Evaluations of the rules, by how they ended.",
      labels: { rule_set, outcome: ["ok", "failed"] },
    });
    this.#evaluations = {
      ok: evaluations.with({ rule_set: ruleSet, outcome: "ok" }),
      failed: evaluations.with({ rule_set: ruleSet, outcome: "failed" }),
    };
    this.#unreadable = metrics
      .counter({
        name: "modelwright_alerts_unreadable_total",
        help: "Rules whose metric could not be read.",
        labels: { rule_set },
      })
      .with({ rule_set: ruleSet });
    const notices = metrics.counter({
      name: "modelwright_alerts_notices_total",
      help: "Attempts to deliver notices, by channel and what became of them.",
      labels: { rule_set, channel: channels, outcome: ["delivered", "failed", "given_up"] },
    });
    this.#noticeOf = (channel, outcome) => notices.with({ rule_set: ruleSet, channel, outcome });
  }

  /** An evaluation that succeeded, with the alerts after it. */
  evaluated(alerts: readonly Alert[], unreadable: number): void {
    this.#evaluations.ok.inc();
    this.#unreadable.inc(unreadable);
    for (const [severity, gauge] of this.#firing) {
      gauge.set(alerts.filter((alert) => alert.state === "firing" && alert.severity === severity).length);
    }
  }

  /** An evaluation that failed. */
  failed(): void {
    this.#evaluations.failed.inc();
  }

  /** What became of a notice. */
  notice(channel: string, outcome: NoticeOutcome): void {
    this.#noticeOf(channel, outcome).inc();
  }
}
