import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../src/core/errors.ts";
import {
  type DenseLayer,
  linearModel,
  logisticModel,
  mlpModel,
  modelColumns,
  readOnnxModel,
  type Scaling,
  type TreeNode,
  treeEnsembleModel,
} from "../../src/onnx-format/index.ts";
import { runOnnx } from "./run-onnx.ts";

/** What `scripts/reference-trees.py` writes. */
interface TreeReference {
  readonly cases: readonly {
    readonly name: string;
    readonly kind: "regressor" | "classifier";
    readonly base: number;
    readonly trees: readonly TreeNode[];
    readonly rows: readonly (readonly number[])[];
    readonly expected: readonly number[];
  }[];
}

const reference: TreeReference = JSON.parse(readFileSync(new URL("../reference/trees.json", import.meta.url), "utf8"));

const number = fc.float({ min: -4, max: 4, noNaN: true, noDefaultInfinity: true });
const vector = (length: number) => fc.array(number, { minLength: length, maxLength: length });
const matrix = (height: number, width: number) => fc.array(vector(width), { minLength: height, maxLength: height });
const scalingOf = (width: number): fc.Arbitrary<Scaling> =>
  fc.record({ mean: vector(width), scale: fc.array(fc.constantFrom(0.5, 2, -3, 1), { minLength: width, maxLength: width }) });
const names = (width: number) => Array.from({ length: width }, (_, i) => `column ${i}`);
const runs = { numRuns: 25 };

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const scaled = (row: readonly number[], scaling: Scaling | undefined) =>
  scaling === undefined ? row : row.map((value, i) => (value - scaling.mean[i]!) / scaling.scale[i]!);

function activate(sums: readonly number[], activation: DenseLayer["activation"]): number[] {
  if (activation === "softmax") {
    const powers = sums.map((sum) => Math.exp(sum - Math.max(...sums)));
    return powers.map((power) => power / powers.reduce((a, b) => a + b));
  }
  const apply = { relu: (x: number) => Math.max(0, x), tanh: Math.tanh, sigmoid, identity: (x: number) => x }[activation];
  return sums.map(apply);
}

function expectClose(actual: readonly (readonly number[])[], expected: readonly (readonly number[])[], scale: number) {
  expect(actual.map((row) => row.length)).toEqual(expected.map((row) => row.length));
  const error = Math.max(...actual.flatMap((row, i) => row.map((value, k) => Math.abs(value - expected[i]![k]!))));
  expect(error).toBeLessThanOrEqual(1e-5 * scale);
}

describe("linearModel", () => {
  it("answers the weighted sum", async () => {
    const cases = fc.integer({ min: 1, max: 6 }).chain((width) => fc.tuple(vector(width), number, matrix(3, width)));
    await fc.assert(
      fc.asyncProperty(cases, async ([weights, bias, rows]) => {
        const actual = await runOnnx(linearModel({ columns: names(weights.length), weights, bias }), rows);
        expectClose(
          actual,
          rows.map((row) => [dot(weights, row) + bias]),
          100,
        );
      }),
      runs,
    );
  });

  it("names its output as it is told, and records columns in their order", () => {
    const columns = ["größe", "b", "__proto__"];
    const info = readOnnxModel(linearModel({ columns, weights: [1, 2, 3], bias: 0, output: "price" }));
    expect(info.inputs).toEqual([{ name: "features", kind: "tensor", type: "float32", dims: ["batch", 3] }]);
    expect(info.outputs).toEqual([{ name: "price", kind: "tensor", type: "float32", dims: ["batch", 1] }]);
    expect(modelColumns(info)).toEqual(columns);
    expect(info).toMatchObject({ irVersion: 8, producer: { name: "modelwright", version: "" }, graphName: "linear" });
    expect(info.opsets).toEqual({ "ai.onnx": 17 });
    expect(info.operators).toEqual(["ai.onnx:Gemm"]);
  });

  it("gives the same bytes for the same options", () => {
    const options = { columns: ["a"], weights: [0.1], bias: 1 };
    expect(linearModel(options)).toEqual(linearModel({ ...options }));
  });
});

describe("logisticModel", () => {
  it("answers the logistic function of the weighted sum of raw or scaled features", async () => {
    const cases = fc
      .integer({ min: 1, max: 6 })
      .chain((width) => fc.tuple(vector(width), number, fc.option(scalingOf(width), { nil: undefined }), matrix(3, width)));
    await fc.assert(
      fc.asyncProperty(cases, async ([weights, bias, scaling, rows]) => {
        const actual = await runOnnx(logisticModel({ columns: names(weights.length), weights, bias, scaling }), rows);
        expectClose(
          actual,
          rows.map((row) => [sigmoid(dot(weights, scaled(row, scaling)) + bias)]),
          10,
        );
      }),
      runs,
    );
  });
});

describe("mlpModel", () => {
  it("answers what its layers compute one after another", async () => {
    const layer = (height: number, width: number): fc.Arbitrary<DenseLayer> =>
      fc.record({
        weights: matrix(height, width),
        bias: vector(height),
        activation: fc.constantFrom("relu", "tanh", "sigmoid", "softmax", "identity"),
      });
    const cases = fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 }))
      .chain(([width, hidden, outputs]) =>
        fc.tuple(layer(hidden, width), layer(outputs, hidden), fc.option(scalingOf(width), { nil: undefined }), matrix(3, width)),
      );
    await fc.assert(
      fc.asyncProperty(cases, async ([first, second, scaling, rows]) => {
        const layers = [first, second];
        const actual = await runOnnx(mlpModel({ columns: names(first.weights[0]!.length), layers, scaling }), rows);
        const expected = rows.map((row) =>
          layers.reduce<readonly number[]>(
            (values, { weights, bias, activation }) =>
              activate(
                weights.map((unit, i) => dot(unit, values) + bias[i]!),
                activation,
              ),
            scaled(row, scaling),
          ),
        );
        expectClose(actual, expected, 1000);
      }),
      runs,
    );
  });
});

describe("treeEnsembleModel", () => {
  const columns = ["a", "b", "c"];
  const threshold = fc.oneof(number, fc.double({ min: -4, max: 4, noNaN: true }));
  const { tree } = fc.letrec<{ tree: TreeNode }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      fc.record({ value: number }),
      fc.record({ feature: fc.nat(2), threshold, left: tie("tree"), right: tie("tree") }),
    ),
  }));

  function leaf(node: TreeNode, row: readonly number[]): number {
    if ("value" in node) return node.value;
    return leaf(row[node.feature]! <= node.threshold ? node.left : node.right, row);
  }

  /** Every threshold and its neighbours: the rows on which rounding would show. */
  function edges(node: TreeNode): number[] {
    if ("value" in node) return [];
    const near = Math.fround(node.threshold);
    return [near, near * (1 + 2 ** -23), near * (1 - 2 ** -23), ...edges(node.left), ...edges(node.right)].map(Math.fround);
  }

  it("sends each float32 feature where the exact threshold sends it, and NaN to the right", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(tree, { minLength: 1, maxLength: 4 }), number, async (trees, base) => {
        const values = [0, Number.NaN, ...trees.flatMap(edges)];
        const rows = values.map((value, i) => [value, values[(i + 1) % values.length]!, values[(i * 7) % values.length]!]);
        const sums = rows.map((row) => trees.reduce((sum, root) => sum + leaf(root, row), base));
        const regressor = await runOnnx(treeEnsembleModel({ columns, kind: "regressor", trees, base }), rows);
        expectClose(
          regressor,
          sums.map((sum) => [sum]),
          1,
        );
        const classifier = await runOnnx(treeEnsembleModel({ columns, kind: "classifier", trees, base }), rows);
        expectClose(
          classifier,
          sums.map((sum) => [sigmoid(sum)]),
          1,
        );
      }),
      runs,
    );
  });

  it.each(reference.cases)(
    "answers as scikit-learn's $name, also on its thresholds",
    async ({ kind, base, trees, rows, expected }) => {
      const actual = await runOnnx(treeEnsembleModel({ columns: names(rows[0]!.length), kind, base, trees }), rows);
      const errors = actual.map(([value], i) => Math.abs(value! / expected[i]! - 1));
      expect(rows.length).toBeGreaterThan(10);
      expect(Math.max(...errors)).toBeLessThan(1e-6);
    },
  );

  it("rounds a threshold down, also below zero and next to it", async () => {
    const thresholds = [0.1, -0.1, 1e-60, -1e-60, 16_777_217, -16_777_217];
    const values = thresholds.flatMap((value) => [Math.fround(value), 0, -(2 ** -126)]);
    for (const value of thresholds) {
      const trees = [{ feature: 0, threshold: value, left: { value: 1 }, right: { value: 2 } }];
      const actual = await runOnnx(
        treeEnsembleModel({ columns: ["a"], kind: "regressor", trees }),
        values.map((x) => [x]),
      );
      expect(actual.flat()).toEqual(values.map((x) => (x <= value ? 1 : 2)));
    }
  });

  it("takes a tree of 1000 splits from root to leaf, and refuses a deeper one and a cycle", async () => {
    const chain = (depth: number) => {
      let node: TreeNode = { value: depth };
      for (let i = 0; i < depth; i++) node = { feature: 0, threshold: -i, left: node, right: { value: -1 } };
      return node;
    };
    const bytes = treeEnsembleModel({ columns: ["a"], kind: "regressor", trees: [chain(1000)] });
    expect(await runOnnx(bytes, [[-5000], [0.5]])).toEqual([[1000], [-1]]);
    const cycle = { feature: 0, threshold: 0, left: { value: 0 } as TreeNode, right: { value: 0 } as TreeNode };
    cycle.left = cycle;
    cycle.right = cycle;
    const deep = () => treeEnsembleModel({ columns: ["a"], kind: "regressor", trees: [chain(1001), cycle] });
    expect(issues(deep).map(({ path }) => path)).toEqual([
      ["trees", 0],
      ["trees", 1],
    ]);
  });
});

describe("options of the writers", () => {
  it("are refused with every issue at once", () => {
    const linear = () => linearModel({ columns: ["a", "a"], weights: [Number.NaN], bias: 1e39, output: "features" });
    expect(issues(linear).map(({ path }) => path.join("."))).toEqual(["columns", "weights.0", "bias", "output"]);
    const layers: DenseLayer[] = [
      { weights: [[1, 2], [3]], bias: [0], activation: "relu" },
      { weights: [[1]], bias: [0], activation: "tanh" },
    ];
    const mlp = () => mlpModel({ columns: ["a", "b"], layers, scaling: { mean: [0], scale: [1, 1] } });
    expect(issues(mlp).map(({ path }) => path.join("."))).toEqual([
      "scaling.mean",
      "layers.0.weights.1",
      "layers.0.bias",
      "layers.1.weights.0",
    ]);
    const trees = [
      { feature: 3, threshold: 0, left: { value: Number.POSITIVE_INFINITY }, right: { value: 0 } },
      { feature: 0.5, threshold: Number.NaN } as unknown as TreeNode,
      { feature: 0, threshold: 1, left: { value: 1 } } as unknown as TreeNode,
    ];
    const ensemble = () => treeEnsembleModel({ columns: ["a"], kind: "regressor", trees });
    expect(issues(ensemble).map(({ path }) => path.join("."))).toEqual([
      "trees.0.feature",
      "trees.0.left.value",
      "trees.1.feature",
      "trees.1.threshold",
      "trees.1.left",
      "trees.1.right",
      "trees.2.right",
    ]);
  });

  it("are refused when a length differs, a scale is 0 as float32, or nothing is given", () => {
    const base = { columns: ["a", "b"], weights: [1, 2], bias: 0 };
    expect(issues(() => linearModel({ ...base, weights: [1] }))[0]?.message).toBe(
      "expected 2 numbers, one per column, but got 1",
    );
    expect(issues(() => logisticModel({ ...base, scaling: { mean: [0, 0], scale: [1, 1e-50] } }))[0]?.path).toEqual([
      "scaling",
      "scale",
      1,
    ]);
    expect(issues(() => linearModel({ ...base, output: "layer0.weight" }))).toHaveLength(1);
    expect(issues(() => linearModel({ columns: [], weights: [], bias: 0 }))).toHaveLength(1);
    expect(issues(() => treeEnsembleModel({ columns: ["a"], kind: "regressor", trees: [] }))).toHaveLength(1);
    // @ts-expect-error a kind that is none
    expect(issues(() => treeEnsembleModel({ columns: ["a"], kind: "forest", trees: [{ value: 0 }] }))).toHaveLength(1);
  });
});

function issues(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (ModelwrightError.is(error, "CONFIG_INVALID")) return error.details.issues;
    throw error;
  }
  throw new Error("the options were accepted");
}
