import { withDeadline } from "../../core/deadline.ts";
import { ModelwrightError } from "../../core/errors.ts";
import { iterate } from "../../core/iterate.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import { invalidInput } from "../../core/schema.ts";
import type { KeyValueEntry, KeyValueStore, SetOptions } from "../../storage/port.ts";

const NAME = "memory";

/**
 * A {@link KeyValueStore} that keeps values in this process's memory: for tests, and for state that need not outlive the process.
 *
 * Values are copied in and out. `list` sees the keys of its first step; entries that are removed meanwhile are left out. In `list`
 * the `timeoutMs` of the call limits each step.
 *
 * @example
 * ```ts
 * import { memoryKeyValues } from "modelwright";
 *
 * await using values = memoryKeyValues();
 * const revision = await values.set("cursor", new Uint8Array([1]));
 * await values.set("cursor", new Uint8Array([2]), { ifRevision: revision });
 * ```
 */
export function memoryKeyValues(): KeyValueStore {
  const entries = new Map<string, KeyValueEntry>();
  const lifecycle = new Lifecycle(`Key-value store ${NAME}`, () => entries.clear());
  // One counter for all keys: a key that is deleted and set again cannot get an old revision back.
  let lastRevision = 0;

  const assertRevision = (key: string, { ifRevision }: SetOptions = {}): void => {
    const actual = entries.get(key)?.revision ?? 0;
    if (ifRevision === undefined || ifRevision === actual) return;
    const found = actual === 0 ? "nothing" : `revision ${actual}`;
    throw new ModelwrightError(
      "STORE_CONFLICT",
      `${NAME} holds ${found} under ${JSON.stringify(key)}, not revision ${ifRevision}; read it again and decide again`,
      { details: { store: NAME, key } },
    );
  };

  return {
    spec: "key-value/1",
    name: NAME,
    capabilities: { durable: false },

    get: (key, call) => withDeadline(call, () => lifecycle.run(() => copy(entries.get(parseKey(key))))),

    set: (key, value, call) =>
      withDeadline(call, () =>
        lifecycle.run(() => {
          assertRevision(parseKey(key), call);
          lastRevision += 1;
          entries.set(key, { key, value: new Uint8Array(value), revision: lastRevision });
          return lastRevision;
        }),
      ),

    delete: (key, call) =>
      withDeadline(call, () =>
        lifecycle.run(() => {
          assertRevision(parseKey(key), call);
          return entries.delete(key);
        }),
      ),

    list: (prefix, call) => iterate(beginning(prefix), (next) => withDeadline(call, () => lifecycle.run(next))),

    [Symbol.asyncDispose]: () => lifecycle.close(),
  };

  async function* beginning(prefix: string): AsyncGenerator<KeyValueEntry, void> {
    const keys = [...entries.keys()].filter((key) => key.startsWith(parseKey(prefix))).sort(byUtf8);
    for (const key of keys) {
      const entry = copy(entries.get(key));
      if (entry !== undefined) yield entry;
    }
  }
}

function parseKey(key: string): string {
  if (!/\p{Surrogate}/u.test(key)) return key;
  throw invalidInput("key", [{ path: [], message: "a key with a lone surrogate has no UTF-8 form" }]);
}

function copy(entry: KeyValueEntry | undefined): KeyValueEntry | undefined {
  return entry === undefined ? undefined : { ...entry, value: new Uint8Array(entry.value) };
}

/**
 * Order of UTF-8 bytes, which is that of code points. Code units differ from it only in that surrogates (of code points from
 * U+10000) sort before U+E000 to U+FFFF.
 */
function byUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit;
}
