import { type ErrorCode, ModelwrightError } from "../core/errors.ts";
import { equals } from "./equals.ts";

/** The functions of a test runner that the suites need. vitest, jest and `node:test` all have them. */
export interface TestKit {
  /** Groups tests. */
  readonly describe: (name: string, body: () => void) => unknown;
  /** Defines a test. */
  readonly it: DefineTest & {
    /** Defines a test that is shown but not run. */
    readonly skip: DefineTest;
  };
  /** The runner's own `expect`, for its messages and its count of assertions. @defaultValue a deep comparison that throws */
  readonly expect?: (actual: unknown) => DeepEquality;
}

/** Defines a test by its name. */
export type DefineTest = (name: string, body: () => Promise<void>) => unknown;

/** What `expect(actual)` of a runner answers. */
export interface DeepEquality {
  /** Throws unless the values are deeply equal. */
  toEqual(expected: unknown): unknown;
}

/** How to run a suite over one adapter. */
export interface SuiteOptions {
  /** Tests that this adapter cannot pass, each with the reason, which is shown. An unknown name is an error. */
  readonly skip?: readonly { readonly test: string; readonly reason: string }[];
}

/** What the tests of a suite assert with. */
export interface Check {
  /** Deep equality. */
  equal(actual: unknown, expected: unknown): void;
  /** The work fails with a `ModelwrightError` of this code; answers the error. */
  fails<C extends ErrorCode>(code: C, work: () => Promise<unknown> | unknown): Promise<ModelwrightError<C>>;
  /** The work fails with this very error, untouched. */
  failsWith(error: unknown, work: () => Promise<unknown> | unknown): Promise<void>;
}

/** One test of a suite: gets a fresh subject, which is disposed afterwards. */
export type SuiteTest<T> = (subject: T, check: Check) => Promise<void>;

/**
 * Defines one test for each entry of `tests`, each on a subject of its own.
 *
 * @throws a `TypeError` when a test is skipped that does not exist, or without a reason
 */
export function suite<T>(
  kit: TestKit,
  title: string,
  open: () => Promise<T> | T,
  options: SuiteOptions | undefined,
  tests: Readonly<Record<string, SuiteTest<T>>>,
): void {
  const reasons = new Map(options?.skip?.map(({ test, reason }) => [test, reason]));
  for (const [name, reason] of reasons) {
    if (!Object.hasOwn(tests, name))
      throw new TypeError(`${title} has no test named ${JSON.stringify(name)}, so it cannot be skipped`);
    if (reason.trim() === "") throw new TypeError(`${title} skips ${JSON.stringify(name)} without a reason; say why`);
  }
  const check = makeCheck(kit);
  kit.describe(title, () => {
    for (const [name, test] of Object.entries(tests)) {
      const body = async () => {
        const subject = await open();
        const dispose = async () => (subject as Partial<AsyncDisposable>)[Symbol.asyncDispose]?.();
        try {
          await test(subject, check);
        } catch (error) {
          dispose().catch(() => {}); // not awaited: what a failed test leaves behind may never close, and its own error says more
          throw error;
        }
        await dispose();
      };
      const reason = reasons.get(name);
      if (reason === undefined) kit.it(name, body);
      else kit.it.skip(`${name} (skipped: ${reason})`, body);
    }
  });
}

function makeCheck(kit: TestKit): Check {
  const equal = (actual: unknown, expected: unknown) => {
    if (kit.expect !== undefined) kit.expect(actual).toEqual(expected);
    else if (!equals(actual, expected)) throw new Error(`Expected ${show(expected)}, but got ${show(actual)}`);
  };
  return {
    equal,
    async fails(code, work) {
      const { error } = await failureOf(work, `an error with code ${code}`);
      if (!ModelwrightError.is(error, code)) {
        throw new Error(`Expected an error with code ${code}, but got ${String(error)}`, { cause: error });
      }
      equal(error.code, code);
      return error;
    },
    async failsWith(expected, work) {
      const { error } = await failureOf(work, `the error ${String(expected)}`);
      if (error !== expected)
        throw new Error(`Expected the error ${String(expected)} itself, but got ${String(error)}`, { cause: error });
      equal(error === expected, true);
    },
  };
}

async function failureOf(work: () => Promise<unknown> | unknown, expected: string): Promise<{ readonly error: unknown }> {
  try {
    await work();
  } catch (error) {
    return { error };
  }
  throw new Error(`Expected ${expected}, but the work succeeded`);
}

function show(value: unknown): string {
  const readable = (_: string, item: unknown) => {
    if (typeof item === "bigint") return `${item}n`;
    if (typeof item === "number" && !Number.isFinite(item)) return String(item);
    return ArrayBuffer.isView(item) ? Array.from(item as Uint8Array) : item;
  };
  return JSON.stringify(value, readable) ?? String(value);
}
