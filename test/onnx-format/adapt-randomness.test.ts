import { describe, expect, it } from "vitest";
import { adaptModel } from "../../src/onnx-format/adapt-model.ts";
import { readOnnxModel } from "../../src/onnx-format/index.ts";
import { type Field, graphFields, modelOf, proto } from "./proto.ts";

const random = (bytes: Uint8Array) => adaptModel(bytes, readOnnxModel(bytes)).usesRandomness;
const node = (operator: string, domain = "", ...inputs: readonly string[]) =>
  proto(...inputs.map((name): Field => [1, name]), [4, operator], [7, domain]);

describe("usesRandomness", () => {
  it.each(["RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli"])(
    "is true for a model with %s, also inside a subgraph or a function",
    (operator) => {
      expect(random(modelOf([[1, node(operator)]]))).toBe(true);
      expect(random(modelOf([[1, proto([4, "If"], [5, proto([6, proto([1, node(operator)])])])]]))).toBe(true);
      expect(random(modelOf([], [25, proto([7, node(operator)])]))).toBe(true);
      expect(random(modelOf([[1, node(operator, "com.example")]]))).toBe(false);
    },
  );

  it("is true for a dropout that is told whether it trains, and false for one that is not", () => {
    const inside = (bytes: Uint8Array): Field => [1, proto([4, "If"], [5, proto([6, proto([1, bytes])])])];
    const told = node("Dropout", "", "x", "ratio", "training");
    expect(random(modelOf([[1, told]]))).toBe(true);
    expect(random(modelOf([inside(told)]))).toBe(true);
    expect(random(modelOf([], [25, proto([7, told])]))).toBe(true);
    expect(random(modelOf([], [25, proto([7, proto([4, "If"], [5, proto([6, proto([1, told])])])])]))).toBe(true);
    expect(random(modelOf([[1, node("BiasDropout", "com.microsoft", "x", "bias", "", "", "training")]]))).toBe(true);
    expect(random(modelOf([[1, node("Dropout", "", "x")]]))).toBe(false);
    expect(random(modelOf([[1, node("Dropout", "", "x", "ratio", "")]]))).toBe(false);
  });

  it("is true for a dropout of an operator set in which it trained unless told otherwise", () => {
    const model = (opset: number) =>
      proto([1, 3], [8, proto([2, opset])], [7, proto(...graphFields, [1, node("Dropout", "", "x")])]);
    expect([random(model(6)), random(model(7))]).toEqual([true, false]);
  });

  it("is false for other models", () => {
    expect(random(modelOf([]))).toBe(false);
  });
});
