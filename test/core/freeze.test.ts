import { describe, expect, it } from "vitest";
import { deepFreeze } from "../../src/core/freeze.ts";

describe("deepFreeze", () => {
  it("freezes every level in place", () => {
    const value = { list: [{ deep: 1 }], none: null, text: "x" };
    expect(deepFreeze(value)).toBe(value);
    expect(() => Object.assign(value, { text: "y" })).toThrow(TypeError);
    expect(() => value.list.push({ deep: 2 })).toThrow(TypeError);
    expect(() => Object.assign(value.list[0]!, { deep: 2 })).toThrow(TypeError);
  });

  it("answers values that cannot be frozen as they are", () => {
    expect([deepFreeze(5), deepFreeze("x"), deepFreeze(null), deepFreeze(undefined)]).toEqual([5, "x", null, undefined]);
  });
});
