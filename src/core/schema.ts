import type { StandardSchemaV1 } from "@standard-schema/spec";
import { formatIssues, type Issue, ModelwrightError } from "./errors.ts";

/** Any schema library's schema: zod, valibot, arktype and others implement this interface. See https://standardschema.dev. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>;

/** The type that a schema accepts. */
export type InferInput<S extends Schema> = StandardSchemaV1.InferInput<S>;

/** The type that a schema yields. */
export type InferOutput<S extends Schema> = StandardSchemaV1.InferOutput<S>;

/**
 * The value as the schema yields it.
 *
 * @param subject - what the value is, for the message
 * @throws a {@link ModelwrightError} with code `INPUT_INVALID` that lists every issue
 * @throws a {@link ModelwrightError} with code `UNSUPPORTED` when the schema is asynchronous or answers no result
 */
export function validate<S extends Schema>(schema: S, value: unknown, subject: string): InferOutput<S> {
  const result = resultOf(schema["~standard"].validate(value), subject);
  // Any thenable, not only this realm's Promise: taken for a result, it would pass as valid.
  if ("then" in result) {
    Promise.resolve(result).catch(() => {});
    throw new ModelwrightError("UNSUPPORTED", `The schema of ${subject} validates asynchronously; use a synchronous schema`, {
      details: { feature: "asynchronous schema" },
    });
  }
  if (result.issues) throw invalidInput(subject, result.issues.length > 0 ? result.issues.map(toIssue) : [UNEXPLAINED]);
  return result.value as InferOutput<S>;
}

/** For a schema that refuses without a reason: an error without issues would read as if nothing was wrong. */
const UNEXPLAINED: Issue = { path: [], message: "the schema refuses it and does not say why" };

/** What a schema answered, when it is a result at all: taken for one, anything else would pass as valid. */
function resultOf<R extends object>(result: R, subject: string): R {
  if (typeof result === "object" && result !== null && ("value" in result || "issues" in result || "then" in result))
    return result;
  throw new ModelwrightError(
    "UNSUPPORTED",
    `The schema of ${subject} answers no result of Standard Schema; use another library`,
    {
      details: { feature: "schema without a result" },
    },
  );
}

/** An `INPUT_INVALID` error that names every issue. */
export function invalidInput(subject: string, issues: readonly Issue[]): ModelwrightError<"INPUT_INVALID"> {
  return new ModelwrightError("INPUT_INVALID", `${subject} is not valid: ${formatIssues(issues)}`, {
    details: { subject, issues },
  });
}

function toIssue(issue: StandardSchemaV1.Issue): Issue {
  const path = (issue.path ?? []).map((part) => {
    const key = typeof part === "object" ? part.key : part;
    return typeof key === "symbol" ? String(key) : key;
  });
  return { path, message: issue.message };
}
