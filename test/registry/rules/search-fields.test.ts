import { describe, expect, it } from "vitest";
import {
  modelAttributes,
  modelFacts,
  modelValues,
  versionAttributes,
  versionFacts,
  versionValues,
} from "../../../src/registry/rules/search-fields.ts";
import { searchKinds } from "../../../src/search/kinds.ts";
import { sampleVersion } from "../sample-version.ts";

const version = sampleVersion(7, {
  name: "fraud",
  label: "1.0.0",
  stage: "staging",
  flavor: "onnx",
  framework: "f",
  modelType: "m",
  description: "a\u0000b\ud800",
  dataVersion: "d",
  codeVersion: "c",
  runId: "r",
  createdBy: "ada",
  createdAt: 5,
  stageChangedAt: 6,
  legalHold: "l",
  aliases: ["a", "b"],
  tags: JSON.parse('{"__proto__":"x","k":"\\ud800"}'),
  metrics: { auc: 0.5 },
  hyperparameters: { depth: 5, text: "5", list: [1, { a: null }], none: null, no: false },
});
const model = {
  name: "fraud",
  createdAt: 5,
  description: "a\u0000",
  tags: { k: "v" },
  aliases: [{ alias: "a", version: 1 }],
  versions: 1,
  latestVersion: 1,
};
const field = (entity: "attribute" | "tag" | "metric" | "param" | "alias", key: string) => ({ entity, key });

describe("what a version is found by", () => {
  it("is a value of the type that each attribute has", () => {
    const values = Object.keys(versionAttributes).map((key) => [key, versionValues(version, field("attribute", key))]);
    expect(Object.fromEntries(values)).toEqual({
      name: ["fraud"],
      version: [7],
      label: ["1.0.0"],
      stage: ["staging"],
      flavor: ["onnx"],
      framework: ["f"],
      model_type: ["m"],
      description: ["a\ufffdb\ufffd"],
      data_version: ["d"],
      code_version: ["c"],
      run_id: ["r"],
      created_by: ["ada"],
      created_at: [5],
      stage_changed_at: [6],
      legal_hold: ["l"],
    });
  });

  it("is nothing where it lacks an attribute", () => {
    const bare = { label: null, framework: null, createdBy: null, legalHold: null };
    for (const key of ["label", "framework", "created_by", "legal_hold"]) {
      expect(versionValues({ ...version, ...bare }, field("attribute", key))).toEqual([]);
    }
  });

  it("is its tags, metrics, params and aliases", () => {
    expect(versionValues(version, field("tag", "__proto__"))).toEqual(["x"]);
    expect(versionValues(version, field("tag", "constructor"))).toEqual([]);
    expect(versionValues(version, field("tag", "k"))).toEqual(["\ufffd"]);
    expect(versionValues(version, field("metric", "auc"))).toEqual([0.5]);
    expect(versionValues(version, field("alias", "name"))).toEqual(["a", "b"]);
    const params = ["depth", "text", "list", "none", "no", "other"].map((key) => versionValues(version, field("param", key)));
    expect(params).toEqual([[5], ["5"], ['[1,{"a":null}]'], ["null"], ["false"], []]);
  });

  it("is the same as facts and in memory", () => {
    const facts = versionFacts(version);
    for (const { kind, key, text, number } of facts) {
      expect(versionValues(version, { entity: kind, key })).toEqual([text ?? number]);
      expect(text === null).toBe(number !== null);
    }
    const own = ["name", "version", "label", "stage", "created_by", "created_at", "stage_changed_at"];
    const attributes = facts.filter(({ kind }) => kind === "attribute").map(({ key }) => key);
    expect([...attributes, ...own].sort()).toEqual(Object.keys(versionAttributes).sort());
    expect(facts).toHaveLength(attributes.length + 2 + 1 + 5);
  });
});

describe("what a model is found by", () => {
  it("is its name, its notes and its aliases", () => {
    const values = Object.keys(modelAttributes).map((key) => modelValues(model, field("attribute", key)));
    expect(values).toEqual([["fraud"], ["a\ufffd"], [5]]);
    expect(modelValues(model, field("alias", "name"))).toEqual(["a"]);
    expect(modelValues(model, field("tag", "k"))).toEqual(["v"]);
    expect(modelValues(model, field("tag", "toString"))).toEqual([]);
  });

  it("is the same as facts and in memory", () => {
    for (const { kind, key, text } of modelFacts(model)) expect(modelValues(model, { entity: kind, key })).toEqual([text]);
    expect(modelFacts(model)).toHaveLength(2);
  });
});

it("filters of versions and models know the attributes that stores know", () => {
  for (const [kind, known] of [
    ["versions", versionAttributes],
    ["models", modelAttributes],
  ] as const) {
    const typed = Object.entries(searchKinds[kind].attributes).map(([key, type]) => [key, type === "time" ? "number" : type]);
    expect(Object.fromEntries(typed)).toEqual(known);
  }
});
