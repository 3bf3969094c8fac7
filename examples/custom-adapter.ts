// A key-value store of your own, here on the browser's localStorage: a function that returns an object of the port's shape,
// certified by the suite that our own adapters pass. Run it with: node --test examples/custom-adapter.ts
import { describe, it } from "node:test";
import { type KeyValueEntry, type KeyValueStore, Lifecycle, ModelwrightError, withDeadline } from "modelwright";
import { keyValueStoreConformance } from "modelwright/testing";

export function webStorage(storage: Storage): KeyValueStore {
  const lifecycle = new Lifecycle("webStorage");
  const read = (key: string): KeyValueEntry | undefined => {
    const text = storage.getItem(`value:${key}`);
    return text === null ? undefined : { key, revision: JSON.parse(text)[0], value: Uint8Array.from(JSON.parse(text)[1]) };
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
    get: (key, call) => withDeadline(call, () => lifecycle.run(() => read(key))),
    set: (key, value, call) =>
      withDeadline(call, () =>
        lifecycle.run(() => {
          expect(key, call?.ifRevision);
          const revision = Number(storage.getItem("revision")) + 1;
          storage.setItem("revision", String(revision));
          storage.setItem(`value:${key}`, JSON.stringify([revision, [...value]]));
          return revision;
        }),
      ),
    delete: (key, call) =>
      withDeadline(call, () =>
        lifecycle.run(() => {
          expect(key, call?.ifRevision);
          const found = read(key) !== undefined;
          storage.removeItem(`value:${key}`);
          return found;
        }),
      ),
    async *list(prefix, call) {
      const names = Array.from({ length: storage.length }, (_, i) => storage.key(i)!).filter((name) =>
        name.startsWith(`value:${prefix}`),
      );
      const utf8 = (text: string) => Buffer.from(text);
      for (const name of names.sort((a, b) => utf8(a).compare(utf8(b)))) {
        const entry = await withDeadline(call, () => lifecycle.run(() => read(name.slice(6))));
        if (entry !== undefined) yield entry;
      }
    },
    [Symbol.asyncDispose]: () => lifecycle.close(),
  };
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
