import { formatModelRef, isLabel, isName, type ModelRef, parseModelRef } from "../core/model.ts";
import { invalidInput } from "../core/schema.ts";
import { shownValue } from "./shown-value.ts";

const SELECTORS = ["version", "label", "stage", "alias"] as const;

/**
 * The reference that text or an object is.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for a reference that is malformed, also in object form
 */
export function toRef(ref: string | ModelRef): ModelRef {
  if (typeof ref === "string") return parseModelRef(ref);
  const given = { ...(Object(ref) as Readonly<Record<string, unknown>>) };
  const selectors = SELECTORS.filter((member) => given[member] !== undefined);
  const [selector] = selectors;
  if (isName(given["name"] as string) && selector !== undefined && selectors.length === 1) {
    const value = given[selector];
    const prefix = selector === "alias" ? "alias:" : "";
    const parsed: ModelRef = parseModelRef(
      `${given["name"]}@${typeof value === "string" || typeof value === "number" ? `${prefix}${value}` : ""}`,
    );
    // As text, a stage "7" would be a version, and a stage "alias:champion" an alias.
    if ((parsed as Readonly<Record<string, unknown>>)[selector] === value) return parsed;
  }
  throw invalidInput("The model reference", [
    { path: [], message: "expected a name, and one of a version, a label, a stage and an alias" },
  ]);
}

/**
 * The reference that a target is, as a number or as text, to a version of the model.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for a malformed one, or one of another model
 */
export function toRefOf(name: string, target: number | string | ModelRef): ModelRef {
  const ref = typeof target === "number" ? toRef({ name, version: target }) : toRef(target);
  if (ref.name === name) return ref;
  throw invalidInput("The target", [{ path: [], message: `expected a version of ${name}, but got ${formatModelRef(ref)}` }]);
}

/** A reference as text of a bounded length, whatever it is; for traces. */
export function refText(ref: string | ModelRef): string {
  try {
    return formatModelRef(toRef(ref));
  } catch {
    return shownValue(ref);
  }
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` unless both are as they have to be */
export function assertAlias(name: string, alias: string): void {
  const issues = [];
  if (!isName(name)) issues.push(nameIssue);
  if (!isLabel(alias)) issues.push({ path: ["alias"], message: "expected lower-case letters, digits, _ and -, a letter first" });
  if (issues.length > 0) throw invalidInput("The alias", issues);
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` unless it may name a model */
export function assertName(name: string): void {
  if (!isName(name)) throw invalidInput("The model", [nameIssue]);
}

const nameIssue = { path: ["name"], message: "expected the name of a model" };
