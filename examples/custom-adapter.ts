// A key-value store of your own, here on the browser's localStorage: a function that returns an object of the port's shape,
// certified by the suite that our own adapters pass. Run it with: node --test examples/custom-adapter.ts
import { describe, it } from "node:test";
import { type CallOptions, type KeyValueEntry, type KeyValueStore, Lifecycle, ModelwrightError, withDeadline } from "modelwright";
import { keyValueStoreConformance } from "modelwright/testing";

export function webStorage(storage: Storage): KeyValueStore {
  const lifecycle = new Lifecycle("webStorage");
  const run = <T>(key: string, call: CallOptions | undefined, work: () => T) =>
    withDeadline(call, () =>
      lifecycle.run(() => {
        if (/\p{Surrogate}/u.test(key)) throw keyWithoutUtf8();
        return work();
      }),
    );
  const read = (key: string): KeyValueEntry | undefined => {
    const text = storage.getItem(`value:${key}`);
    if (text === null) return undefined;
    const [revision, bytes] = JSON.parse(text);
    return { key, revision, value: Uint8Array.from(bytes) };
  };
  const expect = (key: string, revision: number | undefined) => {
    if (revision === undefined || revision === (read(key)?.revision ?? 0)) return;
    throw new ModelwrightError("STORE_CONFLICT", `${key} is not at revision ${revision}; read it again`, {
      details: { store: "webStorage", key },
    });
  };
  return {
    spec: "key-value/1",
    name: "webStorage",
    capabilities: { durable: true },
    get: (key, call) => run(key, call, () => read(key)),
    set: (key, value, call) =>
      run(key, call, () => {
        expect(key, call?.ifRevision);
        const revision = Number(storage.getItem("revision")) + 1;
        storage.setItem("revision", String(revision));
        storage.setItem(`value:${key}`, JSON.stringify([revision, [...value]]));
        return revision;
      }),
    delete: (key, call) =>
      run(key, call, () => {
        expect(key, call?.ifRevision);
        const found = read(key) !== undefined;
        storage.removeItem(`value:${key}`);
        return found;
      }),
    async *list(prefix, call) {
      const names = await run(prefix, call, () => Array.from({ length: storage.length }, (_, i) => storage.key(i)!));
      const keys = names.filter((name) => name.startsWith(`value:${prefix}`)).map((name) => name.slice("value:".length));
      for (const key of keys.sort((a, b) => Buffer.from(a).compare(Buffer.from(b)))) {
        const entry = await run(key, call, () => read(key));
        if (entry !== undefined) yield entry;
      }
    },
    [Symbol.asyncDispose]: () => lifecycle.close(),
  };
}

function keyWithoutUtf8(): ModelwrightError {
  const message = "a key with a lone surrogate has no UTF-8 form";
  return new ModelwrightError("INPUT_INVALID", message, { details: { subject: "key", issues: [{ path: [], message }] } });
}

/** What a browser has as localStorage; each test gets its own. */
function emptyStorage(): Storage {
  const items = new Map<string, string>();
  return {
    get length() {
      return items.size;
    },
    key: (i) => [...items.keys()][i] ?? null,
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => void items.set(name, value),
    removeItem: (name) => void items.delete(name),
    clear: () => items.clear(),
  };
}

keyValueStoreConformance({ describe, it }, () => webStorage(emptyStorage()));
