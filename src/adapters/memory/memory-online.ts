import { withDeadline } from "../../core/deadline.ts";
import { deepFreeze } from "../../core/freeze.ts";
import { jsonText } from "../../core/json.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import { invalidInput } from "../../core/schema.ts";
import type { OnlineRow, OnlineStore } from "../../features/port.ts";

const NAME = "memory";

/**
 * An {@link OnlineStore} that keeps rows in this process's memory: for tests, and for features that need not outlive the process.
 * Rows are copied when they are written, and frozen.
 *
 * @example
 * ```ts
 * import { memoryOnline } from "modelwright";
 *
 * await using online = memoryOnline();
 * await online.writeMany([{ view: "spend", key: "u1", eventAtUs: 1, createdAtUs: 1, values: { avg_7d: 12.5 } }]);
 * const [row] = await online.readMany([{ view: "spend", key: "u1" }]);
 * ```
 */
export function memoryOnline(): OnlineStore {
  const views = new Map<string, Map<string, OnlineRow>>();
  const lifecycle = new Lifecycle(`Online store ${NAME}`, () => views.clear());
  return {
    spec: "online/1",
    name: NAME,
    capabilities: { durable: false },

    readMany: (keys, call) =>
      withDeadline(call, () => lifecycle.run(() => keys.map(({ view, key }) => views.get(view)?.get(key)))),

    writeMany: (rows, call) =>
      withDeadline(call, () =>
        lifecycle.run(() => {
          // Every row is checked before the first one is kept.
          for (const row of rows.map(copyOf)) {
            const view = views.get(row.view) ?? new Map<string, OnlineRow>();
            views.set(row.view, view);
            if (!isOlder(row, view.get(row.key))) view.set(row.key, row);
          }
        }),
      ),

    deleteMany: (keys, call) =>
      withDeadline(call, () =>
        lifecycle.run(() => {
          for (const { view, key } of keys) views.get(view)?.delete(key);
        }),
      ),

    [Symbol.asyncDispose]: () => lifecycle.close(),
  };
}

function isOlder(row: OnlineRow, stored: OnlineRow | undefined): boolean {
  if (stored === undefined) return false;
  return row.eventAtUs < stored.eventAtUs || (row.eventAtUs === stored.eventAtUs && row.createdAtUs < stored.createdAtUs);
}

function copyOf({ view, key, eventAtUs, createdAtUs, values }: OnlineRow): OnlineRow {
  for (const [name, text] of Object.entries({ view, key })) {
    if (text === "") throw invalid(name, "expected text that is not empty");
    if (/\0|\p{Surrogate}/u.test(text)) throw invalid(name, "expected text without NUL characters and lone surrogates");
  }
  for (const [name, time] of Object.entries({ eventAtUs, createdAtUs })) {
    if (!Number.isSafeInteger(time)) throw invalid(name, `expected whole microseconds since the epoch, but got ${time}`);
  }
  const copy: OnlineRow["values"] = JSON.parse(jsonText(values, `A row of ${view}`));
  return deepFreeze({ view, key, eventAtUs, createdAtUs, values: copy });
}

function invalid(name: string, message: string) {
  return invalidInput("feature row", [{ path: [name], message }]);
}
