import * as z from "zod";
import { Metrics } from "../../core/metrics.ts";
import { passed, port } from "../../core/options.ts";
import type { KeyValueStore } from "../../storage/port.ts";
import { isText, MAX_TEXT } from "../monitor-text.ts";
import { type AlertRoute, routeSchema } from "./alert-route.ts";
import { type AlertRule, ruleSchema } from "./alert-rule.ts";
import { MAX_HISTORY, MAX_INSTANCES } from "./alert-state.ts";
import { type AlertInhibition, inhibitionSchema } from "./mutes.ts";
import type { AlertChannel, MetricSource } from "./port.ts";

/** How notices are delivered. */
export interface AlertDelivery {
  /** Longest time for one notice, ms. @defaultValue 10 000 */
  readonly timeoutMs?: number | undefined;
  /** Least wait after the first failure, ms; doubles with each. It is tried again at an evaluation. @defaultValue 30 000 */
  readonly retryBaseMs?: number | undefined;
  /** Longest of these waits, ms. @defaultValue 15 minutes */
  readonly retryMaxMs?: number | undefined;
  /** A notice that fails at this age is given up; what still fires is then told anew, in a new notice, ms. @defaultValue 1 day */
  readonly giveUpAfterMs?: number | undefined;
  /**
   * For how long others leave a notice to the process that has begun to deliver it, so for how long one waits that was being delivered when its
   * process was killed, ms; at least twice `timeoutMs`. @defaultValue 60 000
   */
  readonly leaseMs?: number | undefined;
  /** Most notices that wait for one channel. With no room for more, what is so then is told once there is. @defaultValue 100 */
  readonly maxWaiting?: number | undefined;
}

/** Options of `AlertRules.open`. */
export interface AlertRulesOptions {
  /** Names the state in the store, under the key `alerts/<name>`; 1 to 128 characters. */
  readonly name: string;
  /** At most 1000. */
  readonly rules: readonly AlertRule[];
  readonly source: MetricSource;
  /** Keeps the state. Borrowed: closing the rules does not close it. Processes that share it act as one. */
  readonly store: KeyValueStore;
  /** Where notices go, at most 50; a channel alone gets all alerts, those of a rule together. @defaultValue none */
  readonly channels?: readonly (AlertChannel | AlertRoute)[] | undefined;
  /** @defaultValue none */
  readonly inhibit?: readonly AlertInhibition[] | undefined;
  readonly delivery?: AlertDelivery | undefined;
  /** Most alerts that are kept for one rule; times the number of rules at most 10 000. @defaultValue 100 */
  readonly maxAlertsPerRule?: number | undefined;
  /** Most transitions that are remembered, the newest; up to 10 000. @defaultValue 200 */
  readonly history?: number | undefined;
  /** Longest time for an answer of the source, ms. @defaultValue 30 000 */
  readonly queryTimeoutMs?: number | undefined;
  /** How long an alert that has ended is listed, ms. @defaultValue 15 minutes */
  readonly resolvedForMs?: number | undefined;
  /**
   * An alert whose rule no process has evaluated for so long ends. Longer than the time between evaluations, so that processes with old
   * and new rules can work side by side while one replaces the other, ms. @defaultValue 5 minutes
   */
  readonly removedAfterMs?: number | undefined;
  /** Takes gauges of firing alerts and counters of evaluations and notices; those of a `ModelMonitor`, for example. @defaultValue an own one */
  readonly metrics?: Metrics | undefined;
}

const isMetrics = (value: unknown) =>
  ["counter", "gauge"].every((method) => typeof (value as Record<string, unknown> | null | undefined)?.[method] === "function");

const MINUTE_MS = 60_000;
const duration = z.int().min(1);
const text = z.string().refine(isText, `expected a text of 1 to ${MAX_TEXT} characters, without NUL and lone surrogates`);
const areDistinct = (names: readonly string[]) => new Set(names).size === names.length;

export const alertOptionsSchema = z
  .strictObject({
    name: text,
    rules: z
      .array(ruleSchema)
      .max(1000)
      .refine((rules) => areDistinct(rules.map(({ name }) => name)), "expected rules with different names"),
    source: passed<MetricSource>(
      "a source of metrics",
      (value) => typeof (value as { samples?: unknown } | null | undefined)?.samples === "function",
    ),
    store: port<KeyValueStore>("key-value/1"),
    channels: z
      .array(routeSchema)
      .max(50)
      .refine((routes) => areDistinct(routes.map(({ channel }) => channel.name)), "expected channels with different names")
      .default([]),
    inhibit: z.array(inhibitionSchema).max(50).default([]),
    delivery: z
      .strictObject({
        timeoutMs: duration.default(10_000),
        retryBaseMs: z.int().min(0).default(30_000),
        retryMaxMs: z
          .int()
          .min(0)
          .default(15 * MINUTE_MS),
        giveUpAfterMs: duration.default(1440 * MINUTE_MS),
        leaseMs: duration.default(MINUTE_MS),
        maxWaiting: z.int().min(1).max(1000).default(100),
      })
      .refine(({ timeoutMs, leaseMs }) => leaseMs >= 2 * timeoutMs, {
        path: ["leaseMs"],
        error: "expected at least twice timeoutMs",
      })
      .prefault({}),
    maxAlertsPerRule: z.int().min(1).max(MAX_INSTANCES).default(100),
    history: z.int().min(0).max(MAX_HISTORY).default(200),
    queryTimeoutMs: duration.default(30_000),
    resolvedForMs: z
      .int()
      .min(0)
      .default(15 * MINUTE_MS),
    removedAfterMs: duration.default(5 * MINUTE_MS),
    metrics: passed<Metrics>("a Metrics", isMetrics).default(() => new Metrics()),
  })
  .refine(({ rules, maxAlertsPerRule }) => rules.length * maxAlertsPerRule <= MAX_INSTANCES, {
    path: ["maxAlertsPerRule"],
    error: `expected at most ${MAX_INSTANCES} alerts over all rules`,
  });

/** The options, checked, with their defaults. */
export type AlertSettings = z.output<typeof alertOptionsSchema>;
