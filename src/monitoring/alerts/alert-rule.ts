import * as z from "zod";
import { isText, MAX_TEXT } from "../monitor-text.ts";
import { type LabelPairs, labelsSchema } from "./label-pairs.ts";
import type { AlertSeverity } from "./port.ts";
import { severities } from "./severity.ts";

/** A number for each of some severities. */
export type AlertLevels = { readonly [Severity in AlertSeverity]?: number | undefined };

/** What is to be known at once. Every series of the metric has an alert of its own. */
export interface AlertRule {
  /** Unique in the set; 1 to 128 characters. The state of an alert goes on under this name when the rule is changed. */
  readonly name: string;
  /** What the source is asked for; 1 to 128 characters. */
  readonly metric: string;
  /** Required with one threshold; given by the levels where there are several. */
  readonly severity?: AlertSeverity | undefined;
  /** Bad are values greater than this, equal ones are not. With several levels the more severe must be greater. */
  readonly above?: number | AlertLevels | undefined;
  /** Bad are values less than this, equal ones are not. With several levels the more severe must be less. Give this or `above`. */
  readonly below?: number | AlertLevels | undefined;
  /**
   * An alert that fires ends when the value is back at this or better, equal ones included; in between it goes on. A number with one
   * threshold, one for some of the levels with several.
   * @defaultValue the threshold
   */
  readonly clear?: number | AlertLevels | undefined;
  /** The value must be bad at each evaluation for so long before the alert fires, and for so long at a level before it escalates, ms. @defaultValue 0 */
  readonly forMs?: number | undefined;
  /** The value must be good again for so long before the alert ends or a level is left, ms. @defaultValue 0 */
  readonly clearForMs?: number | undefined;
  /** A sample of fewer observations gives no verdict. @defaultValue 0 */
  readonly minCount?: number | undefined;
  /** Span of time that the source computes the metric over, ms. @defaultValue 1 hour */
  readonly windowMs?: number | undefined;
  /** Only series with these values. @defaultValue all */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** A channel gets no second notice of one alert within this time, but for a higher severity and for its end, ms. @defaultValue 0 */
  readonly cooldownMs?: number | undefined;
  /** How long after the last notice an alert that still fires is told of again, ms. @defaultValue never */
  readonly repeatEveryMs?: number | undefined;
  /**
   * At most 1000 characters; `{name}`, `{metric}`, `{value}`, `{threshold}`, `{severity}` and `{labels.x}` are replaced.
   * @defaultValue "{name}: {metric} is {value} (threshold {threshold})"
   */
  readonly summary?: string | undefined;
  /**
   * What no verdict means: nothing, so that everything stays as it is; bad at the lowest level, also where the metric has no series at
   * all; or good.
   * @defaultValue "ignore"
   */
  readonly noData?: "ignore" | "alert" | "resolve" | undefined;
  /**
   * An alert without a verdict for so long ends, its series is taken to be gone, ms. With `noData: "alert"` only when the metric has
   * other series.
   * @defaultValue 1 day
   */
  readonly staleAfterMs?: number | undefined;
}

/** One severity of a rule. */
export interface RuleLevel {
  readonly severity: AlertSeverity;
  readonly threshold: number;
  readonly clear: number;
}

/** A rule, checked, with its defaults; levels from the least severe. */
export interface CheckedRule {
  readonly name: string;
  readonly metric: string;
  readonly direction: "above" | "below";
  readonly levels: readonly RuleLevel[];
  readonly forMs: number;
  readonly clearForMs: number;
  readonly minCount: number;
  readonly windowMs: number;
  readonly labels: LabelPairs;
  readonly cooldownMs: number;
  readonly repeatEveryMs?: number | undefined;
  readonly summary: string;
  readonly noData: "ignore" | "alert" | "resolve";
  readonly staleAfterMs: number;
}

/** The text of an alert whose rule has none. */
export const DEFAULT_SUMMARY = "{name}: {metric} is {value} (threshold {threshold})";

const MAX_SUMMARY = 1000;
const DAY_MS = 86_400_000;

const text = z.string().refine(isText, `expected a text of 1 to ${MAX_TEXT} characters, without NUL and lone surrogates`);
const duration = z.int().min(0);
const byLevel = z.strictObject({
  info: z.number().optional(),
  warning: z.number().optional(),
  critical: z.number().optional(),
  emergency: z.number().optional(),
});
const threshold = z.union([z.number(), byLevel]).optional();

const shape = z.strictObject({
  name: text,
  metric: text,
  severity: z.enum(severities).optional(),
  above: threshold,
  below: threshold,
  clear: threshold,
  forMs: duration.default(0),
  clearForMs: duration.default(0),
  minCount: z.number().min(0).default(0),
  windowMs: z.int().min(1).default(3_600_000),
  labels: labelsSchema.default([]),
  cooldownMs: duration.default(0),
  repeatEveryMs: z.int().min(1).optional(),
  summary: z.string().min(1).max(MAX_SUMMARY).default(DEFAULT_SUMMARY),
  noData: z.enum(["ignore", "alert", "resolve"]).default("ignore"),
  staleAfterMs: z.int().min(1).default(DAY_MS),
});

/** Rules as options give them. */
export const ruleSchema = shape.transform(({ severity, above, below, clear, ...rule }, context): CheckedRule => {
  const refuse = (path: string, message: string): typeof z.NEVER => {
    context.addIssue({ code: "custom", path: [path], message });
    return z.NEVER;
  };
  const bound = above ?? below;
  if (bound === undefined || (above !== undefined && below !== undefined))
    return refuse("above", "expected either above or below");
  const direction = above === undefined ? "below" : "above";
  if (typeof bound === "number" ? severity === undefined : severity !== undefined) {
    return refuse("severity", "expected a severity with one threshold, and none with thresholds by severity");
  }
  if (clear !== undefined && typeof clear !== typeof bound) {
    return refuse("clear", "expected a number with one threshold, and one for each level with thresholds by severity");
  }
  const bounds = byName(bound, severity);
  const clears = byName(clear ?? {}, severity);
  if (Object.keys(clears).some((name) => bounds[name as AlertSeverity] === undefined)) {
    return refuse("clear", "expected only levels that have a threshold");
  }
  const levels = severities.flatMap((name) => {
    const at = bounds[name];
    return at === undefined ? [] : [{ severity: name, threshold: at, clear: clears[name] ?? at }];
  });
  if (levels.length === 0) return refuse(direction, "expected at least one level");
  const isWorse = (a: number, b: number) => (direction === "above" ? a > b : a < b);
  if (levels.some(({ threshold: at }, i) => i > 0 && !isWorse(at, levels[i - 1]!.threshold))) {
    return refuse(direction, `expected the thresholds of more severe levels to be further ${direction}`);
  }
  if (levels.some((level) => isWorse(level.clear, level.threshold))) {
    return refuse("clear", `expected at ${direction === "above" ? "most" : "least"} the threshold`);
  }
  return { ...rule, direction, levels };
});

/** Thresholds by severity, in whichever form they were given. */
function byName(given: number | AlertLevels, severity: AlertSeverity | undefined): AlertLevels {
  if (typeof given !== "number") return Object.fromEntries(Object.entries(given).filter(([, at]) => at !== undefined));
  return severity === undefined ? {} : { [severity]: given };
}
