import * as z from "zod";
import { formatIssues, type Issue, ModelwrightError } from "./errors.ts";
import type { Schema } from "./schema.ts";

/**
 * Checks an options object against a zod schema and answers the parsed copy, defaults filled in.
 *
 * @param subject - the class or function whose options these are
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` that lists every issue
 */
export function parseOptions<S extends z.ZodType>(schema: S, options: unknown, subject: string): z.output<S> {
  const result = z.safeParse(schema, options);
  if (result.success) return result.data;
  throw invalidConfig(
    subject,
    result.error.issues.map((issue) => ({
      path: issue.path.map((part) => (typeof part === "symbol" ? String(part) : part)),
      message: issue.message,
    })),
  );
}

/** A `CONFIG_INVALID` error that names every issue. */
export function invalidConfig(subject: string, issues: readonly Issue[]): ModelwrightError<"CONFIG_INVALID"> {
  return new ModelwrightError("CONFIG_INVALID", `The options of ${subject} are not valid: ${formatIssues(issues)}`, {
    details: { subject, issues },
  });
}

/** A zod schema for a value that is passed through as it is, checked by `check`; for ports, functions and other schemas. */
export function passed<T>(expected: string, check: (value: unknown) => boolean): z.ZodType<T> {
  return z.custom<T>(check, { error: `expected ${expected}` });
}

/** A zod schema for a port implementation: an object whose `spec` is one of `specs`. */
export function port<T>(...specs: readonly string[]): z.ZodType<T> {
  return passed<T>(`an implementation of ${specs.join(" or ")}`, (value) => {
    const spec = (value as { spec?: unknown } | null | undefined)?.spec;
    return typeof spec === "string" && specs.includes(spec);
  });
}

/** A zod schema that passes any Standard Schema through. */
export const standardSchema: z.ZodType<Schema> = passed("a schema of zod or another library with Standard Schema", (value) => {
  const standard = (value as { readonly "~standard"?: { readonly validate?: unknown } } | null | undefined)?.["~standard"];
  return typeof standard?.validate === "function";
});
