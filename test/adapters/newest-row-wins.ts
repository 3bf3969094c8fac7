import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OnlineRow, OnlineStore } from "../../src/features/port.ts";

const rows = fc.array(
  fc.record({
    view: fc.constantFrom("a", "b"),
    key: fc.constantFrom("x", "y", "z"),
    eventAtUs: fc.integer({ min: 0, max: 3 }),
    createdAtUs: fc.integer({ min: 0, max: 3 }),
    // Tells rows apart; of two rows equal in time and key the later written stays.
    mark: fc.nat(),
  }),
  { minLength: 1, maxLength: 20 },
);

/** Checks a store against the definition: the greatest (event, creation, position) of each key, however the rows are batched. */
export function newestRowWins(title: string, open: () => OnlineStore | Promise<OnlineStore>, numRuns = 60): void {
  describe(title, () => {
    it("keeps the newest row of each key for every order and every batching", async () => {
      await fc.assert(
        fc.asyncProperty(
          rows,
          fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 20, maxLength: 20 }),
          async (drawn, sizes) => {
            await using store = await open();
            const written: OnlineRow[] = drawn.map(({ mark, ...times }) => ({ ...times, values: { mark } }));
            for (let at = 0, i = 0; at < written.length; at += sizes[i++]!)
              await store.writeMany(written.slice(at, at + sizes[i]!));
            const keys = ["a", "b"].flatMap((view) => ["x", "y", "z"].map((key) => ({ view, key })));
            const expected = keys.map(({ view, key }) =>
              written
                .filter((row) => row.view === view && row.key === key)
                .reduce<OnlineRow | undefined>((best, row) => (best === undefined || !older(row, best) ? row : best), undefined),
            );
            expect(await store.readMany(keys)).toEqual(expected);
          },
        ),
        { numRuns },
      );
    });
  });
}

function older(a: OnlineRow, b: OnlineRow): boolean {
  return a.eventAtUs === b.eventAtUs ? a.createdAtUs < b.createdAtUs : a.eventAtUs < b.eventAtUs;
}
