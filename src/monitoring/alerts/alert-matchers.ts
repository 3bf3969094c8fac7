import * as z from "zod";
import { isText, MAX_TEXT } from "../monitor-text.ts";
import { isLabelName, type LabelPairs, labelValue } from "./label-pairs.ts";
import type { AlertSeverity } from "./port.ts";
import { severities } from "./severity.ts";

/** Which alerts are meant: those that all of the given conditions hold for. */
export interface AlertMatchers {
  /** The rule is one of these. */
  readonly rules?: readonly string[] | undefined;
  /** The severity is one of these. */
  readonly severities?: readonly AlertSeverity[] | undefined;
  /** Each label has the value, or one of the values. An empty value stands for an alert without the label. */
  readonly labels?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

/** Matchers as they are kept. */
export interface StoredMatchers {
  readonly rules: readonly string[] | null;
  readonly severities: readonly AlertSeverity[] | null;
  readonly labels: readonly (readonly [name: string, values: readonly string[]])[];
}

/** Most conditions of one kind, and most values of one condition. */
const MAX_CONDITIONS = 100;

const text = z.string().refine(isText, `expected a text of 1 to ${MAX_TEXT} characters, without NUL and lone surrogates`);
const severitiesOf = z.array(z.enum(severities)).min(1).max(severities.length);
const values = z.array(z.string().refine((value) => value === "" || isText(value), `expected at most ${MAX_TEXT} characters`));

const conditions = z.unknown().transform((given, context): StoredMatchers["labels"] => {
  const entries = typeof given === "object" && given !== null && !Array.isArray(given) ? Object.entries(given) : undefined;
  const read = entries?.map(([name, value]): [string, readonly string[]] | undefined => {
    const { data } = values
      .min(1)
      .max(MAX_CONDITIONS)
      .safeParse(typeof value === "string" ? [value] : value);
    return isLabelName(name) && data !== undefined ? [name, data] : undefined;
  });
  if (read !== undefined && read.length <= MAX_CONDITIONS && !read.includes(undefined)) return read as [string, string[]][];
  context.addIssue({ code: "custom", message: "expected an object of labels with the value, or the values, of each" });
  return z.NEVER;
});

/** Matchers as options give them. */
export const matchersSchema = z
  .strictObject({
    rules: z.array(text).min(1).max(MAX_CONDITIONS).optional(),
    severities: severitiesOf.optional(),
    labels: conditions.optional(),
  })
  .transform(
    (given): StoredMatchers => ({ rules: given.rules ?? null, severities: given.severities ?? null, labels: given.labels ?? [] }),
  );

/** Matchers as the state keeps them. */
export const storedMatchers = z.strictObject({
  rules: z.array(z.string().max(MAX_TEXT)).max(MAX_CONDITIONS).nullable(),
  severities: severitiesOf.nullable(),
  labels: z.array(z.tuple([z.string().max(MAX_TEXT), z.array(z.string().max(MAX_TEXT)).max(MAX_CONDITIONS)])).max(MAX_CONDITIONS),
});

/** Whether matchers name no condition at all. */
export function matchesEverything({ rules, severities: among, labels }: StoredMatchers): boolean {
  return rules === null && among === null && labels.length === 0;
}

/** Whether all conditions hold for an alert. */
export function matches(
  { rules, severities: among, labels }: StoredMatchers,
  alert: { readonly rule: string; readonly labels: LabelPairs },
  severity: AlertSeverity,
): boolean {
  return (
    (rules === null || rules.includes(alert.rule)) &&
    (among === null || among.includes(severity)) &&
    labels.every(([name, wanted]) => wanted.includes(labelValue(alert.labels, name)))
  );
}

/** Matchers to hand out. */
export function shownMatchers({ rules, severities: among, labels }: StoredMatchers): AlertMatchers {
  return {
    ...(rules !== null && { rules }),
    ...(among !== null && { severities: among }),
    ...(labels.length > 0 && { labels: Object.fromEntries(labels) }),
  };
}
