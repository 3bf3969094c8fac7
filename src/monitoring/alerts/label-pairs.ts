import * as z from "zod";
import { isText, MAX_TEXT } from "../monitor-text.ts";

/** Labels in the order of their names. Pairs, because a name such as `__proto__` is no safe member of an object that one builds. */
export type LabelPairs = readonly (readonly [name: string, value: string])[];

/** Most labels of one series. */
const MAX_LABELS = 32;

/** Stands for the rule's name in `groupBy`; the `@` keeps it apart from the names of labels. */
export const RULE_LABEL = "@rule";

/** Whether a text can name a label. */
export function isLabelName(name: unknown): name is string {
  return isText(name) && !name.startsWith("@");
}

/** The labels of an object, those with an empty value left out; undefined for what is no object of bounded texts. */
export function labelPairs(labels: unknown): LabelPairs | undefined {
  if (typeof labels !== "object" || labels === null || Array.isArray(labels)) return undefined;
  const entries = Object.entries(labels as Record<string, unknown>);
  if (entries.length > MAX_LABELS) return undefined;
  const pairs: [string, string][] = [];
  for (const [name, value] of entries) {
    if (value === "") continue;
    if (!isLabelName(name) || !isText(value)) return undefined;
    pairs.push([name, value]);
  }
  return sorted(pairs);
}

/** The labels of a series that a selector has found, the selector's among them; undefined when the series has another value for one of those, or there are too many. */
export function selectedPairs(labels: LabelPairs, selector: LabelPairs): LabelPairs | undefined {
  const missing: LabelPairs[number][] = [];
  for (const pair of selector) {
    const found = labelValue(labels, pair[0]);
    if (found === "") missing.push(pair);
    else if (found !== pair[1]) return undefined;
  }
  if (labels.length + missing.length > MAX_LABELS) return undefined;
  return missing.length === 0 ? labels : sorted([...labels, ...missing]);
}

/** The value of a label; empty where there is none. */
export function labelValue(labels: LabelPairs, name: string): string {
  return labels.find(([own]) => own === name)?.[1] ?? "";
}

/** The labels as an object, to hand out. */
export function labelObject(labels: LabelPairs): Readonly<Record<string, string>> {
  return Object.fromEntries(labels); // defines members, so that `__proto__` becomes one like the others
}

/** What an alert is known by: its rule and its labels. */
export function alertKey(rule: string, labels: LabelPairs): string {
  return JSON.stringify([rule, labels]);
}

/** Labels as options give them. Not `z.record`, which drops a member called `__proto__` without a word. */
export const labelsSchema = z.unknown().transform((value, context): LabelPairs => {
  const pairs = labelPairs(value);
  if (pairs !== undefined) return pairs;
  const message = `expected an object of at most ${MAX_LABELS} labels with names and values of at most ${MAX_TEXT} characters`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

/** Labels as the state keeps them. */
export const storedLabels = z.array(z.tuple([z.string().max(MAX_TEXT), z.string().max(MAX_TEXT)])).max(MAX_LABELS);

function sorted(pairs: readonly (readonly [string, string])[]): LabelPairs {
  return [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
}
