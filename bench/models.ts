// Models to measure with, made in code: the same bytes for the same arguments, without a training library.
import { type Random, randomInt, randomNormal, seeded } from "../src/core/random.ts";
import { type Tensor, tensor } from "../src/core/tensor.ts";
import { type TreeNode, treeEnsembleModel } from "../src/onnx-format/index.ts";
import { type AttributeSpec, type NodeSpec, type TypeSpec, writeModel } from "../src/onnx-format/write-model.ts";

/** Column names `c0`, `c1` and so on. */
export function columnsOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `c${i}`);
}

/** Normal deviates, `scale` times the standard ones: one number in four is drawn, the others are mixed from it, to be fast. */
export function normals(random: Random, count: number, scale = 1): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count);
  const drawn = Float32Array.from({ length: Math.min(count, 65_536) }, () => scale * randomNormal(random));
  // A big matrix repeats what was drawn, each time from another place and with the signs of another draw.
  for (let at = 0; at < count; at += drawn.length) {
    const shift = randomInt(random, drawn.length);
    const sign = random.next() < 0.5 ? -1 : 1;
    const end = Math.min(count, at + drawn.length);
    for (let i = at; i < end; i++) values[i] = sign * drawn[(i + shift) % drawn.length]!;
  }
  return values;
}

/** A perceptron of dense layers with Relu between: `features`, float32 [batch, sizes[0]], to `prediction`, float32 [batch, last size]. */
export function mlp(sizes: readonly number[], seed = 1): Uint8Array<ArrayBuffer> {
  const graph = new Graph(seed);
  let value = "features";
  for (let layer = 1; layer < sizes.length; layer++) {
    const last = layer === sizes.length - 1;
    value = graph.dense(value, sizes[layer - 1]!, sizes[layer]!, last ? "prediction" : undefined);
    if (!last) value = graph.add("Relu", [value]);
  }
  return graph.model("mlp", [["features", ["batch", sizes[0]!]]], ["batch", sizes.at(-1)!]);
}

/** 200 boosted trees of depth 5 over 30 columns: `features` to `prediction`, float32 [batch, 1]. */
export function boostedTrees(): Uint8Array<ArrayBuffer> {
  const random = seeded(2);
  const columns = columnsOf(30);
  const trees = Array.from({ length: 200 }, () => tree(random, columns.length, 5, 0));
  return treeEnsembleModel({ columns, kind: "regressor", trees });
}

/** A forest of 200 trees of depth at most 12 over 30 columns, some 500 nodes each: `features` to `prediction`, float32 [batch, 1]. */
export function randomForest(): Uint8Array<ArrayBuffer> {
  const random = seeded(3);
  const columns = columnsOf(30);
  const trees = Array.from({ length: 200 }, () => tree(random, columns.length, 12, 0.3));
  return treeEnsembleModel({ columns, kind: "regressor", trees });
}

/** Splits at random until `depth`; a branch ends before with the probability `ends`, once it has a few splits. */
function tree(random: Random, columns: number, depth: number, ends: number, at = 0): TreeNode {
  if (at === depth || (at > 3 && random.next() < ends)) return { value: randomNormal(random) / 200 };
  return {
    feature: randomInt(random, columns),
    threshold: randomNormal(random),
    left: tree(random, columns, depth, ends, at + 1),
    right: tree(random, columns, depth, ends, at + 1),
  };
}

/** Three convolutions of 3 × 3, the latter two by strides of 2, over `image`, float32 [batch, 3, 64, 64]; `prediction` is [batch, 10]. */
export function convolutions(): Uint8Array<ArrayBuffer> {
  const graph = new Graph(4);
  let value = "image";
  for (const [from, to, stride] of [
    [3, 8, 1],
    [8, 16, 2],
    [16, 32, 2],
  ] as const) {
    const weights = graph.weights([to, from, 3, 3], Math.sqrt(2 / (9 * from)));
    const attributes = { kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] }, strides: { ints: [stride, stride] } };
    value = graph.add("Relu", [graph.add("Conv", [value, weights, graph.weights([to], 0.1)], { attributes })]);
  }
  const pooled = graph.add("Flatten", [graph.add("GlobalAveragePool", [value])]);
  graph.dense(pooled, 32, 10, "prediction");
  return graph.model("convolutions", [["image", ["batch", 3, 64, 64]]], ["batch", 10]);
}

/** Two encoder layers of 4 heads and width 128 over `tokens`, float32 [batch, 128, 128]; `prediction` is [batch, 2]. */
export function attention(): Uint8Array<ArrayBuffer> {
  const [tokens, width, heads] = [128, 128, 4];
  const graph = new Graph(5);
  const split = graph.integers([0, tokens, heads, width / heads]);
  const joined = graph.integers([0, tokens, width]);
  const scale = graph.constant(tensor("float32", Float32Array.of(1 / Math.sqrt(width / heads)), []));
  const transposed = (value: string, ...perm: number[]) =>
    graph.add("Transpose", [value], { attributes: { perm: { ints: perm } } });
  let value = "tokens";
  for (let layer = 0; layer < 2; layer++) {
    const projected = (source: string) => graph.add("MatMul", [source, graph.weights([width, width], 1 / Math.sqrt(width))]);
    const [query, key, values] = [projected(value), projected(value), projected(value)].map((it) =>
      graph.add("Reshape", [it, split]),
    );
    const scores = graph.add("MatMul", [transposed(query!, 0, 2, 1, 3), transposed(key!, 0, 2, 3, 1)]);
    const shares = graph.add("Softmax", [graph.add("Mul", [scores, scale])], { attributes: { axis: { int: 3 } } });
    const mixed = graph.add("MatMul", [shares, transposed(values!, 0, 2, 1, 3)]);
    const attended = projected(graph.add("Reshape", [transposed(mixed, 0, 2, 1, 3), joined]));
    value = normalised(graph, graph.add("Add", [value, attended]), width);
    const inner = graph.add("Relu", [graph.add("MatMul", [value, graph.weights([width, 4 * width], 1 / Math.sqrt(width))])]);
    const outer = graph.add("MatMul", [inner, graph.weights([4 * width, width], 1 / Math.sqrt(4 * width))]);
    value = normalised(graph, graph.add("Add", [value, outer]), width);
  }
  const mean = graph.add("ReduceMean", [value], { attributes: { axes: { ints: [1] }, keepdims: { int: 0 } } });
  graph.dense(mean, width, 2, "prediction");
  return graph.model("attention", [["tokens", ["batch", tokens, width]]], ["batch", 2]);
}

function normalised(graph: Graph, value: string, width: number): string {
  const ones = graph.constant(tensor("float32", new Float32Array(width).fill(1)));
  return graph.add("LayerNormalization", [value, ones, graph.weights([width], 0.1)]);
}

/**
 * As many products of 512 × 512 matrices as `steps`, one after the other, of 0.27 GFLOP each: a model that does nothing but compute.
 * `x`, float32 [batch, 512, 1], becomes `prediction`, [batch, 1].
 */
export function matrixProducts(steps: number): Uint8Array<ArrayBuffer> {
  const size = 512;
  const graph = new Graph(6);
  const weights = graph.weights([size, size], 1 / Math.sqrt(size));
  let value = graph.add("MatMul", ["x", graph.weights([1, size], 1)]);
  // Bounded, as denormals and infinities take the processor another time.
  for (let step = 0; step < steps; step++) value = graph.add("Tanh", [graph.add("MatMul", [value, weights])]);
  const attributes = { axes: { ints: [1, 2] }, keepdims: { int: 0 } };
  const mean = graph.add("ReduceMean", [value], { attributes });
  graph.add("Unsqueeze", [mean, graph.integers([1])], { output: "prediction" });
  return graph.model("matrix_products", [["x", ["batch", size, 1]]], ["batch", 1]);
}

interface AddOptions {
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  /** @defaultValue a name of its own */
  readonly output?: string;
}

/** Nodes and weights, added in the order of computing. */
class Graph {
  readonly #random: Random;
  readonly #nodes: NodeSpec[] = [];
  readonly #initializers: Record<string, Tensor> = {};
  #names = 0;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  /** A node; answers the name of its output. */
  add(operator: string, inputs: readonly string[], { attributes = {}, output = this.#name() }: AddOptions = {}): string {
    this.#nodes.push({ operator, inputs, outputs: [output], attributes });
    return output;
  }

  /** `weights · value + bias`. */
  dense(value: string, from: number, to: number, output?: string): string {
    const inputs = [value, this.weights([to, from], Math.sqrt(2 / from)), this.weights([to], 0.1)];
    return this.add("Gemm", inputs, { attributes: { transB: { int: 1 } }, ...(output === undefined ? {} : { output }) });
  }

  /** Random weights of a standard deviation of `scale`. */
  weights(dims: readonly number[], scale: number): string {
    const count = dims.reduce((product, extent) => product * extent, 1);
    return this.constant(tensor("float32", normals(this.#random, count, scale), dims));
  }

  integers(values: readonly number[]): string {
    return this.constant(tensor("int64", BigInt64Array.from(values, BigInt)));
  }

  constant(value: Tensor): string {
    const name = this.#name();
    this.#initializers[name] = value;
    return name;
  }

  model(name: string, inputs: readonly (readonly [string, Dims])[], answer: Dims): Uint8Array<ArrayBuffer> {
    return writeModel({
      name,
      inputs: inputs.map(([input, dims]) => ({ name: input, type: floats(dims) })),
      outputs: [{ name: "prediction", type: floats(answer) }],
      nodes: this.#nodes,
      initializers: this.#initializers,
    });
  }

  #name(): string {
    this.#names += 1;
    return `v${this.#names}`;
  }
}

type Dims = readonly (number | string)[];

function floats(dims: Dims): TypeSpec {
  return { tensor: "float32", dims };
}
