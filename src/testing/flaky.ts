import * as z from "zod";
import { ModelwrightError } from "../core/errors.ts";
import { parseOptions, passed } from "../core/options.ts";

/** Options of {@link flaky}. */
export interface FlakyOptions<Method extends string = string> {
  /** Every call whose number is a multiple of this fails, counted over all methods from 1; an integer of at least 1. */
  readonly failEvery: number;
  /** Makes the error of a failing call. @defaultValue a retryable `ModelwrightError` with code `STORE_FAILED` */
  readonly error?: (method: Method) => unknown;
  /** Methods that are counted and fail. @defaultValue all but the symbols and the events (`onChanged` and the like) */
  readonly methods?: readonly Method[];
}

type MethodOf<T> = { [K in keyof T]: T[K] extends (...args: never) => unknown ? K : never }[keyof T] & string;

const schema = z.object({
  failEvery: z.int().min(1),
  error: passed<(method: string) => unknown>("a function", (value) => typeof value === "function").optional(),
  methods: z.array(z.string()).optional(),
});

/**
 * A port of which every n-th call fails before it reaches the implementation: what a system does then can be tested without a
 * broken backend.
 *
 * Properties, events and disposal pass through. A failing call answers a promise that rejects and that is also an async iterable
 * which throws at its first step, so that methods of both kinds fail as theirs would. Methods that answer at once, without
 * either, must be kept out by `methods`.
 *
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` for bad options and for a method that the port does not have
 * @example
 * ```ts
 * import { memoryBlobs } from "modelwright";
 * import { flaky } from "modelwright/testing";
 *
 * await using blobs = flaky(memoryBlobs(), { failEvery: 3, methods: ["put", "get"] });
 * ```
 */
export function flaky<T extends object>(port: T, options: FlakyOptions<MethodOf<T>>): T {
  const { failEvery, error = storeFailed(port), methods } = parseOptions(schemaFor(port), options, "flaky");
  let calls = 0;
  const unreliable =
    (name: string, method: (...args: unknown[]) => unknown) =>
    (...args: unknown[]) => {
      calls += 1;
      return calls % failEvery === 0 ? failing(error(name)) : Reflect.apply(method, port, args);
    };
  // A new object, because a Proxy may not answer anything else for the members of a frozen one; with getters, because classes
  // with private members must be read as themselves.
  const result = {};
  for (const key of membersOf(port)) {
    const member = Reflect.get(port, key, port) as unknown;
    const counted = typeof member === "function" && typeof key === "string" && (methods?.includes(key) ?? !/^on[A-Z]/.test(key));
    const wrapped = counted
      ? unreliable(key, member as () => unknown)
      : typeof member === "function"
        ? member.bind(port)
        : undefined;
    Object.defineProperty(result, key, { enumerable: true, get: () => wrapped ?? Reflect.get(port, key, port) });
  }
  return result as T;
}

function schemaFor(port: object) {
  const known = membersOf(port);
  return schema.superRefine(({ methods }, context) => {
    for (const [i, name] of (methods ?? []).entries()) {
      if (!known.has(name) || typeof Reflect.get(port, name) !== "function") {
        context.addIssue({ code: "custom", path: ["methods", i], message: `the port has no method ${JSON.stringify(name)}` });
      }
    }
  });
}

/** Names of all members, those of the classes included. */
function membersOf(port: object): ReadonlySet<string | symbol> {
  const names = new Set<string | symbol>();
  for (let at: object | null = port; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of Reflect.ownKeys(at)) if (key !== "constructor") names.add(key);
  }
  return names;
}

function failing(error: unknown): Promise<never> & AsyncIterable<never> {
  const rejected = Promise.reject(error);
  rejected.catch(() => {}); // an iteration awaits the promise of its own step, not this one
  return Object.assign(rejected, { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) });
}

function storeFailed(port: object): (operation: string) => ModelwrightError<"STORE_FAILED"> {
  const { name } = port as { readonly name?: unknown };
  const store = typeof name === "string" ? name : "flaky";
  return (operation) =>
    new ModelwrightError("STORE_FAILED", `${store} failed to ${operation}, as the test asked for`, {
      details: { store, operation },
      retryable: true,
    });
}
