import { type CheckedRule, DEFAULT_SUMMARY } from "./alert-rule.ts";
import { type LabelPairs, labelValue } from "./label-pairs.ts";
import type { AlertSeverity } from "./port.ts";

/** Longest summary: labels may be long, and a template may name one many times. */
const MAX_CHARACTERS = 2000;

const placeholder = /\{(?:(name|metric|value|threshold|severity)|labels\.([^{}]+))\}/g;

/**
 * The text of an alert: its rule's template with the placeholders replaced, once, so that a label that looks like a placeholder is not
 * replaced in turn. What is no placeholder stays as it is; a label that is missing is empty. Numbers have six significant digits; control
 * characters of labels become spaces.
 */
export function summaryOf(
  rule: CheckedRule | undefined,
  alert: { readonly rule: string; readonly metric: string; readonly labels: LabelPairs; readonly value: number | null },
  severity: AlertSeverity | null,
): string {
  const level = rule?.levels.find((own) => own.severity === severity) ?? rule?.levels[0];
  const facts: Readonly<Record<string, string>> = {
    name: alert.rule,
    metric: alert.metric,
    value: alert.value === null ? "no data" : shortNumber(alert.value),
    threshold: level === undefined ? "unknown" : shortNumber(level.threshold),
    severity: severity ?? "none",
  };
  const text = (rule?.summary ?? DEFAULT_SUMMARY).replaceAll(placeholder, (_, fact: string | undefined, label: string) =>
    (fact === undefined ? labelValue(alert.labels, label) : facts[fact]!).replaceAll(/\p{Cc}/gu, " "),
  );
  // Not in the middle of a character.
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}
