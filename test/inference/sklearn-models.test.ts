import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { onnxWeb } from "../../src/adapters/onnx-web/index.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { type Tensor, tensor } from "../../src/core/tensor.ts";
import { InferenceSession, type Row } from "../../src/inference/index.ts";
import type { ExecutionProvider } from "../../src/inference/port.ts";
import { difference, fromBase64, readTensor, rowOf, type StoredTensor, type Tolerance } from "./reference-case.ts";

/** A model of test/reference/sklearn-models.json, with what scikit-learn answers. */
interface SklearnModel {
  readonly name: string;
  readonly dataset: string;
  readonly estimator: string;
  readonly model: string;
  readonly rows: StoredTensor;
  /** Of a classifier. */
  readonly labels?: StoredTensor;
  readonly classes?: readonly (string | number)[];
  /** Scores of LinearSVC, probabilities of all others. */
  readonly probabilities?: StoredTensor;
  /** Of a regressor. */
  readonly values?: StoredTensor;
  readonly tolerance: Tolerance;
}

/** One network in a precision, with the answers that NumPy gets with the same numbers. */
interface Variant {
  readonly precision: string;
  readonly model: string;
  readonly rowsIndependent: boolean;
  readonly labels: StoredTensor;
  readonly probabilities: StoredTensor;
  /** Share of the held-out rows whose label is right. */
  readonly accuracy: number;
  readonly tolerance: Tolerance;
}

const file = new URL("../reference/sklearn-models.json", import.meta.url);
const { models, digits } = JSON.parse(readFileSync(file, "utf8")) as {
  models: readonly SklearnModel[];
  digits: { rows: StoredTensor; truth: StoredTensor; variants: readonly Variant[] };
};

const engines: readonly { readonly engine: string; readonly provider: ExecutionProvider }[] = [
  { engine: "onnxruntime-node", provider: onnx() },
  { engine: "onnxruntime-web on wasm", provider: onnxWeb() },
];

/** Where onnxruntime-node cannot load what works with text: on a machine that has not the locale en_US.UTF-8. */
const noLocale = /Failed to construct locale/;

/** Rows of named columns; texts in one column. */
function namedRows({ type, dims, data }: Tensor): { readonly columns: readonly string[]; readonly rows: readonly Row[] } {
  const width = dims[1]!;
  const columns = Array.from({ length: width }, (_, i) => `column ${i}`);
  const item = (at: number) => (type === "string" ? String(data[at]) : Number(data[at]));
  const rows = Array.from({ length: dims[0]! }, (_, row) =>
    Object.fromEntries(columns.map((column, i) => [column, item(row * width + i)])),
  );
  return { columns, rows };
}

/** The rows of a tensor as `predict` answers them: a scalar for [rows] and [rows, 1], an array for others. */
function answersOf({ type, dims, data }: Tensor): unknown[] {
  const width = dims[1] ?? 1;
  const items = Array.from(data as ArrayLike<number | bigint | string>, (item) => (type === "int64" ? Number(item) : item));
  const rows = Array.from({ length: dims[0]! }, (_, row) => items.slice(row * width, (row + 1) * width));
  return dims.length === 1 || width === 1 ? rows.flat() : rows;
}

/** `expected` with every number allowed to be off by the tolerance. */
function nearly(expected: unknown, { absolute, relative }: Tolerance): unknown {
  if (Array.isArray(expected)) return expected.map((item) => nearly(item, { absolute, relative, reason: "" }));
  if (typeof expected !== "number") return expected;
  const margin = absolute + relative * Math.abs(expected);
  return expect.toSatisfy((given: number) => Math.abs(given - expected) <= margin, `within ${margin} of ${expected}`);
}

describe.each(engines)("models of scikit-learn in $engine", ({ engine, provider }) => {
  for (const stored of models) {
    const { name, dataset, tolerance } = stored;
    const isText = name.startsWith("text_");
    it(`answers ${name} on ${dataset} as scikit-learn does`, async () => {
      const given = readTensor(stored.rows);
      const { columns, rows } = namedRows(given);
      const open = () =>
        InferenceSession.open({ model: fromBase64(stored.model), providers: [provider], columns }, { logger: silentLogger });
      const opened = await open().catch((error: unknown) => error);
      if (!(opened instanceof InferenceSession)) {
        expect({ engine, isText }).toEqual({ engine: "onnxruntime-node", isText: true });
        expect(opened).toMatchObject({ code: "MODEL_UNSUPPORTED", message: expect.stringMatching(noLocale) });
        return;
      }
      await using session = opened;
      const [input] = session.inputs;
      const names = session.outputs.map((output) => output.name);
      expect(session.omittedOutputs).toEqual([]);

      const [first, second] = [stored.labels ?? stored.values, stored.probabilities].map((one) => one && readTensor(one));
      const expected = { [names[0]!]: first!, ...(second === undefined ? {} : { [names[1]!]: second }) };
      const tensors = { [input!.name]: given };
      expect(difference(expected, await session.run(tensors), tolerance)).toBeUndefined();
      const hasMaps = second !== undefined && name !== "linear_svc";
      expect(session.outputs[1]?.classes).toEqual(hasMaps ? stored.classes : undefined);

      // One row of several columns each, alone and with all others at once.
      const places = rows.map((_, row) => row);
      const single = await Promise.all(places.map((row) => session.run(rowOf(tensors, row))));
      for (const row of places) expect(difference(rowOf(expected, row), single[row]!, tolerance), `row ${row}`).toBeUndefined();
      const wanted = Object.entries(expected).map(([output, all]) => [output, answersOf(all)] as const);
      const objects = places.map((row) =>
        Object.fromEntries(wanted.map(([output, all]) => [output, nearly(all[row], tolerance)])),
      );
      expect((await session.predictMany(rows)).map(({ output }) => output)).toEqual(objects);
      const alone = await Promise.all(rows.map((row) => session.predict(row)));
      expect(alone.map(({ output }) => output)).toEqual(objects);

      // Converters leave the extent of rows without a name; that must not keep rows of several callers apart.
      expect(session.batching).toEqual({ enabled: true, reason: expect.stringMatching(/\w/) });
    });
  }

  it("refuses none of them the map of probabilities", () => {
    const withMaps = models.filter(({ name, probabilities }) => probabilities !== undefined && name !== "linear_svc");
    expect(withMaps.length).toBeGreaterThanOrEqual(14);
    expect(withMaps.filter(({ classes }) => typeof classes?.[0] === "string").length).toBeGreaterThanOrEqual(5);
  });
});

describe("a text model on a machine that may lack a locale", () => {
  for (const stored of models.filter(({ name }) => name.startsWith("text_"))) {
    it(`answers ${stored.name} on the first engine that can, and says why another one could not`, async () => {
      const options = { model: fromBase64(stored.model), providers: [onnx(), onnxWeb()] };
      await using session = await InferenceSession.open(options, { logger: silentLogger });
      const native = session.provider === "onnxruntime-node/cpu";
      expect(session.provider).toBe(native ? "onnxruntime-node/cpu" : "onnxruntime-web/wasm");
      const missing = { provider: "onnxruntime-node/cpu", reason: expect.stringMatching(noLocale) };
      expect(session.fallbacks).toEqual(native ? [] : [missing]);
      const answer = await session.run({ [session.inputs[0]!.name]: readTensor(stored.rows) });
      const labels = readTensor(stored.labels!);
      expect(difference({ output_label: labels }, { output_label: answer["output_label"]! })).toBeUndefined();
    });
  }
});

describe.each(engines)("variants of a network on digits in $engine", ({ provider }) => {
  const rows = readTensor(digits.rows);
  const truth = readTensor(digits.truth).data as BigInt64Array;

  for (const variant of digits.variants) {
    const { precision, accuracy, tolerance } = variant;
    it(`answers ${precision} as NumPy does with the same numbers`, async () => {
      const model = fromBase64(variant.model);
      // Real rows: made-up ones may not show that a scale for the whole run mixes them.
      const warmUp = { tensors: { float_input: rows } };
      await using session = await InferenceSession.open({ model, providers: [provider], warmUp }, { logger: silentLogger });
      const { output_label: labels, probabilities } = await session.run({ float_input: rows });
      const expected = { labels: readTensor(variant.labels), probabilities: readTensor(variant.probabilities) };
      expect(difference(expected, { labels: labels!, probabilities: probabilities! }, tolerance)).toBeUndefined();
      const right = (labels!.data as BigInt64Array).filter((label, i) => label === truth[i]).length;
      expect(right / truth.length).toBe(accuracy);
      expect(accuracy).toBeGreaterThan(0.95);
      expect(session.batching.enabled).toBe(variant.rowsIndependent);
    });
  }

  it("does not let callers share a run of a model whose scale is that of all rows, even with made-up samples", async () => {
    const model = fromBase64(digits.variants.find(({ rowsIndependent }) => !rowsIndependent)!.model);
    await using session = await InferenceSession.open({ model, providers: [provider] }, { logger: silentLogger });
    expect(session.batching.enabled).toBe(false);
    const dark = tensor("float32", new Float32Array(64), [1, 64]);
    const bright = tensor("float32", new Float32Array(64).fill(16), [1, 64]);
    const [one] = await Promise.all([session.run({ float_input: dark }), session.run({ float_input: bright })]);
    expect(difference(await session.run({ float_input: dark }), one)).toBeUndefined();
  });
});
