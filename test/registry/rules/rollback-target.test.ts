import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { previousOf, rollbackTarget, type StageEntry } from "../../../src/registry/rules/rollback-target.ts";

/** An exclusive stage that keeps its entries as a store does. */
class Stage {
  holder: number | undefined;
  readonly entries: StageEntry[] = [];
  readonly deleted = new Set<number>();

  enter(version: number, back = false): void {
    this.entries.unshift({ version, previous: previousOf(version, this, back) });
    this.holder = version;
  }

  get target(): number | undefined {
    return rollbackTarget({ holder: this.holder, entries: this.entries, exists: (version) => !this.deleted.has(version) });
  }
}

function staged(...versions: readonly number[]): Stage {
  const stage = new Stage();
  for (const version of versions) stage.enter(version);
  return stage;
}

describe("the rollback target", () => {
  it.each([
    ["of an empty stage that nobody was in", [], undefined],
    ["of the only version that was there", [1], undefined],
    ["is the version before the holder", [1, 2], 1],
    ["of a version that was promoted twice is what was there before it the second time", [1, 2, 1], 2],
    ["of a version that was promoted to where it is stays what it was", [1, 2, 2], 1],
  ])("%s", (_, versions, target) => {
    expect(staged(...versions).target).toBe(target);
  });

  it("is the last holder once the stage is empty, and leads on from there when it came back", () => {
    const stage = staged(1, 2, 3);
    stage.holder = undefined;
    expect(stage.target).toBe(3);
    stage.enter(3, true);
    expect(stage.target).toBe(2);
  });

  it("stays what it was for a version that leaves an empty stage and comes back by a promotion", () => {
    const stage = staged(1, 2);
    stage.holder = undefined;
    stage.enter(2);
    expect(stage.target).toBe(1);
  });

  it("of a version that was never there before it was rolled to is the version that held the stage", () => {
    const stage = staged(1, 2);
    stage.enter(7, true);
    expect(stage.target).toBe(2);
  });

  it("of a holder whose entry is not known is the version that entered last", () => {
    const stage = staged(1, 2);
    stage.holder = 9;
    expect(stage.target).toBe(2);
  });

  it("passes over deleted versions, and ends when only those and the holder are left", () => {
    const stage = staged(1, 2, 3, 4);
    stage.deleted.add(3).add(2);
    expect(stage.target).toBe(1);
    stage.deleted.add(1);
    expect(stage.target).toBeUndefined();
    const circle = staged(1, 2, 1);
    circle.deleted.add(2);
    expect(circle.target).toBeUndefined();
  });

  it("needs of the entries only the last of any version and the last of the one that enters", () => {
    const { entries } = staged(1, 2, 3, 2, 4);
    for (const version of [1, 2, 3, 4, 5]) {
      const few = entries.filter((entry, i) => i === 0 || entry === entries.find((each) => each.version === version));
      for (const back of [true, false]) {
        expect(previousOf(version, { holder: 4, entries: few }, back)).toBe(previousOf(version, { holder: 4, entries }, back));
      }
    }
  });

  it("is the top of a stack of promotions, from which rollbacks take and deletions pull", () => {
    const action = fc.constantFrom("promote", "promote", "roll back", "leave", "delete");
    fc.assert(
      fc.property(fc.array(fc.tuple(action, fc.nat(100)), { maxLength: 40 }), (actions) => {
        const stage = new Stage();
        const stack: number[] = [];
        for (const [name, pick] of actions) {
          const below = stage.holder === undefined ? stack.at(-1) : stack.at(-2);
          expect(stage.target).toBe(below);
          if (name === "promote") {
            // Versions that were rolled back from are promoted again, too.
            const version = (pick % 12) + 1;
            if (stack.includes(version) || stage.deleted.has(version)) continue;
            stage.enter(version);
            stack.push(version);
          } else if (name === "roll back" && below !== undefined) {
            if (stage.holder !== undefined) stack.pop();
            stage.enter(below, true);
          } else if (name === "leave") stage.holder = undefined;
          else if (name === "delete") {
            const version = stack[pick % Math.max(1, stack.length)];
            if (version === undefined || version === stage.holder || version === below) continue;
            stage.deleted.add(version);
            stack.splice(stack.indexOf(version), 1);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
