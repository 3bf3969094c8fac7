import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changedNotes } from "../../../src/registry/rules/notes.ts";

describe("changed notes", () => {
  const before = { description: "old", tags: { a: "1", b: "2" }, legalHold: "case 7" };

  it("have what the change names, and keep the rest", () => {
    expect(changedNotes(before, {})).toEqual(before);
    expect(changedNotes(before, { description: "" })).toEqual({ ...before, description: "" });
    expect(changedNotes(before, { legalHold: null })).toEqual({ ...before, legalHold: null });
    expect(changedNotes(before, { tags: { a: null, c: "", never: null } })).toEqual({ ...before, tags: { b: "2", c: "" } });
  });

  it("of a model have no legal hold", () => {
    expect(Object.keys(changedNotes({ description: "", tags: {} }, { description: "x" }))).toEqual(["description", "tags"]);
  });

  it("do not change what they are made of", () => {
    const frozen = Object.freeze({ ...before, tags: Object.freeze({ ...before.tags }) });
    changedNotes(frozen, { tags: { a: null, b: "9" } });
    expect(frozen).toEqual(before);
  });

  it("take any key for a tag", () => {
    const key = fc.oneof(fc.constantFrom("__proto__", "constructor", "toString"), fc.string({ maxLength: 4 }));
    fc.assert(
      fc.property(fc.dictionary(key, fc.string()), fc.dictionary(key, fc.option(fc.string())), (tags, change) => {
        const expected = new Map<string, string | null>([...Object.entries(tags), ...Object.entries(change)]);
        const kept = [...expected].filter(([, value]) => value !== null).sort();
        const { tags: found } = changedNotes({ description: "", tags }, { tags: change });
        expect(Object.entries(found).sort()).toEqual(kept);
      }),
    );
  });
});
