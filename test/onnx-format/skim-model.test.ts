import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../src/core/errors.ts";
import {
  linearModel,
  mlpModel,
  type OnnxModelInfo,
  OnnxSkimmer,
  readOnnxModel,
  treeEnsembleModel,
} from "../../src/onnx-format/index.ts";
import { externalDataModel, identityModel, twoColumnModel, zipMapModel } from "../../src/testing/tiny-models.ts";
import { modelOf, proto } from "./proto.ts";

const models = [
  linearModel({ columns: ["a", "b"], weights: [1, 2], bias: 3 }),
  mlpModel({ columns: ["a"], layers: [{ weights: [[1], [2]], bias: [0, 1], activation: "softmax" }] }),
  treeEnsembleModel({
    columns: ["a"],
    kind: "classifier",
    trees: [{ feature: 0, threshold: 1, left: { value: 1 }, right: { value: 2 } }],
  }),
  externalDataModel("weights/w.bin"),
  identityModel("string", [1, "n"]),
  twoColumnModel(),
  zipMapModel(),
  modelOf([[1, proto([4, "Loop"])]], [25, proto([7, proto([4, "F"])])], [14, proto([1, "k"], [2, "v"])]),
];

/** What a file says when it is skimmed in pieces of these lengths, again and again. */
function skim(bytes: Uint8Array, lengths: readonly number[]): OnnxModelInfo {
  const skimmer = new OnnxSkimmer();
  const piece = new Uint8Array(Math.max(...lengths));
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const part = bytes.subarray(at, at + lengths[i % lengths.length]!);
    piece.set(part);
    skimmer.push(piece.subarray(0, part.length)); // the same array each time
    at += part.length;
  }
  return skimmer.finish();
}

const outcome = (work: () => OnnxModelInfo) => {
  try {
    return work();
  } catch (error) {
    if (!ModelwrightError.is(error, "MODEL_INVALID")) throw error;
    return error.code;
  }
};

describe("OnnxSkimmer", () => {
  it("says of a file that goes by what the reader says of the whole, however it is cut", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.constantFrom(...models), lengths, (model, cut) => {
        expect(skim(model, cut)).toEqual(readOnnxModel(model));
      }),
      { seed: 5 },
    );
  });

  it("takes no bytes for models that the reader refuses, and refuses none that it takes", () => {
    const changes = fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 3 });
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(...models), changes, fc.nat(50), (model, edits, cut) => {
        const damaged = new Uint8Array(model.subarray(0, model.length - (cut % model.length)));
        for (const [at, value] of edits) damaged[at % damaged.length] = value;
        const expected = outcome(() => readOnnxModel(damaged));
        if (expected === "MODEL_INVALID") refused += 1;
        expect(outcome(() => skim(damaged, [7]))).toEqual(expected);
      }),
      { seed: 6, numRuns: 500 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  it("keeps no weights: a model of 256 MiB goes by in a few megabytes", () => {
    const elements = 256 * 2 ** 20;
    const skimmer = new OnnxSkimmer();
    const varint = (value: number): number[] =>
      value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
    const tensor = [0x42, 1, 0x77, 0x4a, ...varint(elements)];
    const tensorLength = tensor.length + elements;
    const output = [0x62, 3, 0x0a, 1, 0x79];
    const graph = [0x2a, ...varint(tensorLength)];
    const graphLength = graph.length + tensorLength + output.length;
    skimmer.push(Uint8Array.from([0x08, 8, 0x42, 2, 0x10, 17, 0x3a, ...varint(graphLength), ...graph, ...tensor]));
    const before = process.memoryUsage();
    const chunk = new Uint8Array(2 ** 20);
    for (let i = 0; i < elements / chunk.length; i++) skimmer.push(chunk);
    const after = process.memoryUsage();
    skimmer.push(Uint8Array.from(output));
    expect(skimmer.finish().outputs.map(({ name }) => name)).toEqual(["y"]);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(8 * 2 ** 20);
  });

  it("refuses a file of ONNX Runtime's own format", () => {
    const skimmer = new OnnxSkimmer();
    skimmer.push(new TextEncoder().encode("    ORTM"));
    expect(() => skimmer.finish()).toThrow(/own format|group|middle/);
  });
});
