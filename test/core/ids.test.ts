import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { uuidv7Generator } from "../../src/core/ids.ts";
import { type Random, seeded } from "../../src/core/random.ts";

/** A wall clock that shows what it is told. */
function wall(at: number): Clock & { at: number } {
  return {
    ...systemClock,
    at,
    now() {
      return this.at;
    },
  };
}

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const bitsOf = (id: string) => BigInt(`0x${id.replaceAll("-", "")}`);
const timeOf = (id: string) => Number(bitsOf(id) >> 80n);
/** The 12 bits of rand_a, then the 20 leading bits of rand_b. */
const counterOf = (id: string) => Number((((bitsOf(id) >> 64n) & 0xfffn) << 20n) | ((bitsOf(id) >> 42n) & 0xf_ffffn));
const ascending = (ids: readonly string[]) => ids.every((id, i) => i === 0 || ids[i - 1]! < id);

describe("uuidv7Generator", () => {
  it("lays the bits out as RFC 9562 says", () => {
    const draws = [0xffff_ffff, 0x2a5, 0xdead_beef];
    const random: Random = { next: () => 0, uint32: () => draws.shift()! };
    const id = uuidv7Generator({ clock: wall(0x017f_22e2_79b0), random })();
    // Time of the RFC's example; counter 0x7fffffff = 0x7ff then 0xfffff; 10 bits 0x2a5; 32 bits.
    expect(id).toBe("017f22e2-79b0-77ff-bfff-fea5deadbeef");
    expect(id).toMatch(UUID_V7);
    expect(counterOf(id)).toBe(0x7fff_ffff);
  });

  it("states the time of creation", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.integer(), (now, seed) => {
        const id = uuidv7Generator({ clock: wall(now), random: seeded(seed) })();
        expect(id).toMatch(UUID_V7);
        expect(timeOf(id)).toBe(now);
      }),
    );
    expect(timeOf(uuidv7Generator({ clock: wall(1234.9) })())).toBe(1234);
  });

  it("gives 100 000 different ids in one millisecond, in order", () => {
    const next = uuidv7Generator({ clock: wall(1_700_000_000_000), random: seeded(1) });
    const ids = Array.from({ length: 100_000 }, next);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ascending(ids)).toBe(true);
  });

  it("gives 100 000 different ids on the platform's clock, in order", () => {
    const next = uuidv7Generator();
    const ids = Array.from({ length: 100_000 }, next);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ascending(ids)).toBe(true);
    expect(ids.every((id) => UUID_V7.test(id))).toBe(true);
  });

  it("sorts by creation whatever the clock does", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 200 }), fc.integer(), (steps, seed) => {
        const clock = wall(1_700_000_000_000);
        const next = uuidv7Generator({ clock, random: seeded(seed) });
        const ids = steps.map((step) => {
          clock.at += step;
          return next();
        });
        expect(ascending(ids)).toBe(true);
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });

  it("keeps the latest time while the clock is behind it, and follows when it has caught up", () => {
    const clock = wall(5000);
    const next = uuidv7Generator({ clock, random: seeded(2) });
    const first = next();
    clock.at = 1000;
    const behind = next();
    expect(timeOf(behind)).toBe(5000);
    expect(counterOf(behind)).toBe(counterOf(first) + 1);
    clock.at = 5001;
    expect(timeOf(next())).toBe(5001);
  });

  it("seeds the counter below half of its range each millisecond", () => {
    const clock = wall(1);
    const next = uuidv7Generator({ clock, random: seeded(3) });
    const counters = Array.from({ length: 1000 }, () => {
      clock.at += 1;
      return counterOf(next());
    });
    expect(Math.max(...counters)).toBeLessThan(2 ** 31);
    expect(new Set(counters).size).toBeGreaterThan(990);
  });

  it.each([-1, -1e12, Number.NaN])("makes valid, ascending ids when the clock shows %d", (now) => {
    const next = uuidv7Generator({ clock: wall(now), random: seeded(4) });
    const ids = [next(), next(), next()];
    expect(ids.every((id) => UUID_V7.test(id))).toBe(true);
    expect(ascending(ids)).toBe(true);
  });
});
