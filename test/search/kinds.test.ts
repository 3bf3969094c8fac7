import { describe, expect, it } from "vitest";
import { modelAttributes, versionFields } from "../../src/registry/rules/search-fields.ts";
import { searchKinds } from "../../src/search/kinds.ts";
import { experimentFields, runFields } from "../../src/tracking/rules/search-fields.ts";

describe("the kinds of records that a filter knows", () => {
  it.each([
    ["versions", versionFields.attributes],
    ["models", modelAttributes],
    ["runs", runFields.attributes],
    ["experiments", experimentFields.attributes],
  ] as const)("have the attributes that the stores of %s search by", (kind, attributes) => {
    const named = Object.entries(searchKinds[kind].attributes).map(([name, type]) => [name, type === "time" ? "number" : type]);
    expect(Object.fromEntries(named)).toEqual(attributes);
  });
});
