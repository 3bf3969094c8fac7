/** Alert rules on the metrics of models: levels, hysteresis, silences, grouping, delivery at least once. */

export type { AlertPhase } from "./advance-alert.ts";
export type { AlertMatchers } from "./alert-matchers.ts";
export type { AlertDelivery, AlertRulesOptions } from "./alert-options.ts";
export type { AlertRoute } from "./alert-route.ts";
export type { AlertLevels, AlertRule } from "./alert-rule.ts";
export { type AlertEvaluation, AlertRules, type AlertsLeftOut, type DeliveryFailure } from "./alert-rules.ts";
export type { Alert, AlertTransition } from "./alert-views.ts";
export type { AlertInhibition } from "./mutes.ts";
export type {
  AlertChannel,
  AlertEnd,
  AlertNews,
  AlertNotice,
  AlertSeverity,
  MetricQuery,
  MetricSample,
  MetricSource,
  NoticeAlert,
} from "./port.ts";
export type { Silence, SilenceInput } from "./silences.ts";
export type { TickerOptions } from "./ticker.ts";
