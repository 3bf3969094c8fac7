import * as z from "zod";
import { port } from "../../core/options.ts";
import { isText, MAX_TEXT } from "../monitor-text.ts";
import { severityOf } from "./advance-alert.ts";
import { type AlertMatchers, matchersSchema, matches } from "./alert-matchers.ts";
import type { AlertInstance, Told } from "./alert-state.ts";
import { isLabelName, type LabelPairs, labelValue, RULE_LABEL } from "./label-pairs.ts";
import type { AlertChannel, AlertSeverity } from "./port.ts";
import { rankOf, severities } from "./severity.ts";

/** Which alerts go to a channel, and how they are put together. */
export interface AlertRoute {
  /** Borrowed. Its name is unique in the set. */
  readonly channel: AlertChannel;
  /** An alert that falls below it is over for the channel. @defaultValue "info" */
  readonly minSeverity?: AlertSeverity | undefined;
  /** @defaultValue all alerts */
  readonly match?: AlertMatchers | undefined;
  /** Alerts with equal values of these labels share a notice; `@rule` stands for the name of the rule. @defaultValue ["@rule"] */
  readonly groupBy?: readonly string[] | undefined;
  /** How long news of a group waits for more of it, ms. @defaultValue 0 */
  readonly groupWaitMs?: number | undefined;
  /** Least time between notices of a group, ms. @defaultValue 0 */
  readonly groupIntervalMs?: number | undefined;
  /** Whether the channel is told that an alert has ended. @defaultValue true */
  readonly sendResolved?: boolean | undefined;
}

const channel = port<AlertChannel>("alert-channel/1")
  .refine(({ name }) => isText(name), `expected a channel with a name of 1 to ${MAX_TEXT} characters`)
  .refine(({ deliver }) => typeof deliver === "function", "expected a channel that delivers");

const routeOptions = z.strictObject({
  channel,
  minSeverity: z.enum(severities).default("info"),
  match: matchersSchema.prefault({}),
  groupBy: z
    .array(z.string().refine((name) => name === RULE_LABEL || isLabelName(name), `expected names of labels, or ${RULE_LABEL}`))
    .max(32)
    .refine((names) => new Set(names).size === names.length, "expected each name once")
    .default([RULE_LABEL]),
  groupWaitMs: z.int().min(0).default(0),
  groupIntervalMs: z.int().min(0).default(0),
  sendResolved: z.boolean().default(true),
});

/** Routes as options give them; a channel alone is a route with the defaults. */
export const routeSchema = z.preprocess(
  (given) => ((given as { readonly spec?: unknown } | null | undefined)?.spec === undefined ? given : { channel: given }),
  routeOptions,
);

/** A route, checked, with its defaults. */
export type CheckedRoute = z.output<typeof routeOptions>;

/** The severity of an alert that fires as far as a channel is concerned; null for one that does not. */
export function routedSeverity(route: CheckedRoute, alert: AlertInstance): AlertSeverity | null {
  const severity = severityOf(alert);
  if (severity === null || rankOf(severity) < rankOf(route.minSeverity)) return null;
  return matches(route.match, alert, severity) ? severity : null;
}

/** What a channel was told of an alert. */
export function toldTo({ channel: { name } }: CheckedRoute, { told }: AlertInstance): Told | undefined {
  return told.find((own) => own.channel === name);
}

/** What tells the group of an alert from the others of a channel. */
export function groupOf({ groupBy }: CheckedRoute, alert: AlertInstance): LabelPairs {
  return groupBy.map((name) => [name, name === RULE_LABEL ? alert.rule : labelValue(alert.labels, name)] as const);
}
