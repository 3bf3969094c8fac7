import { describe, expect, it } from "vitest";
import { modelAttributes, versionAttributes } from "../../src/registry/rules/search-fields.ts";
import { searchKinds } from "../../src/search/kinds.ts";
import { experimentAttributes, runAttributes } from "../../src/tracking/rules/search-fields.ts";

describe("the kinds of records that a filter knows", () => {
  it.each([
    ["versions", versionAttributes],
    ["models", modelAttributes],
    ["runs", runAttributes],
    ["experiments", experimentAttributes],
  ] as const)("have the attributes that the stores of %s search by", (kind, attributes) => {
    const named = Object.entries(searchKinds[kind].attributes).map(([name, type]) => [name, type === "time" ? "number" : type]);
    expect(Object.fromEntries(named)).toEqual(attributes);
  });
});
