import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { onnxWeb } from "../../src/adapters/onnx-web/index.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { InferenceSession } from "../../src/inference/index.ts";
import type { ExecutionProvider } from "../../src/inference/port.ts";
import { difference, fromBase64, type ReferenceCase, readTensors, rowOf } from "./reference-case.ts";

const file = new URL("../reference/onnx-models.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: readonly ReferenceCase[] };

/** Cases that ONNX Runtime answers otherwise than the specification says, with what it answers. A case that is right after all fails. */
const disagreements: ReadonlyMap<string, string> = new Map([
  ["fmod_int64_beyond_double", "element 0 of int64 is 0 instead of 1"],
  ["reduce_sum_int64_beyond_double", "element 0 of int64 is 9007199254740992 instead of 9007199254740993"],
  ["reduce_prod_int64_beyond_double", "element 0 of int64 is 9007199254740992 instead of 9007199254740993"],
]);

/** Cases whose model fails on numbers or texts that are made up: rows are probed with those of the case instead. */
const needSamples = /^(arithmetic_u?int|mod_integers|fmod_int64|cast_strings_to)/;

const engines: readonly { readonly engine: string; readonly provider: ExecutionProvider }[] = [
  { engine: "onnxruntime-node", provider: onnx({ placement: "inline" }) },
  { engine: "onnxruntime-web on wasm", provider: onnxWeb() },
];

/** How StringNormalizer fails in onnxruntime-node on a machine that has not the locale en_US. */
const noLocale = /Failed to construct locale/;

describe("the reference models", () => {
  it("are many, over many operators and over every element type that the engines carry", () => {
    const operators = new Set(cases.flatMap((one) => one.operators));
    const types = new Set(cases.flatMap(({ inputs, outputs }) => [...inputs, ...outputs].map(({ type }) => type)));
    expect(cases.length).toBeGreaterThanOrEqual(200);
    expect(operators.size).toBeGreaterThanOrEqual(130);
    expect([...types].sort()).toEqual(
      "bool float16 float32 float64 int16 int32 int64 int8 string uint16 uint32 uint64 uint8".split(" "),
    );
  });

  it("state a reason for every tolerance", () => {
    const tolerances = cases.flatMap(({ tolerance }) => tolerance ?? []);
    expect(tolerances.filter(({ reason }) => reason.length < 20)).toEqual([]);
    expect(tolerances.filter(({ absolute, relative }) => absolute > 2e-3 || relative > 4e-3)).toEqual([]);
  });
});

describe.each(engines)("$engine", ({ engine, provider }) => {
  const open = (one: ReferenceCase) =>
    InferenceSession.open(
      {
        model: fromBase64(one.model),
        providers: [provider],
        ...(needSamples.test(one.name) ? { warmUp: { tensors: readTensors(one.inputs) } } : {}),
      },
      { logger: silentLogger },
    );

  // A worker lives as long as it has a model; without this one every case would start its own.
  let kept: InferenceSession | undefined;
  beforeAll(async () => {
    kept = await open(cases.find(({ name }) => name === "matmul")!);
  });
  afterAll(() => kept?.close());

  for (const one of cases) {
    const { name, rowsIndependent, tolerance } = one;
    const disagreement = disagreements.get(name);
    it(`answers ${name} ${disagreement === undefined ? "as NumPy does" : "wrong, as is known"}`, async () => {
      const opened = await open(one).catch((error: unknown) => error);
      if (!(opened instanceof InferenceSession)) {
        expect({ engine, name }).toEqual({ engine: "onnxruntime-node", name: "strings_normalized" });
        expect(opened).toMatchObject({ code: "MODEL_UNSUPPORTED", message: expect.stringMatching(noLocale) });
        return;
      }
      await using session = opened;
      const inputs = readTensors(one.inputs);
      const expected = readTensors(one.outputs);
      const [answer, again] = await Promise.all([session.run(inputs), session.run(inputs)]);
      if (disagreement !== undefined) {
        expect(difference(expected, answer, tolerance)).toContain(disagreement);
        return;
      }
      expect(difference(expected, answer, tolerance)).toBeUndefined();
      expect(difference(expected, again, tolerance)).toBeUndefined();

      // Models that mix rows look like others to whoever reads only their signature.
      expect(session.batching).toEqual({ enabled: rowsIndependent, reason: expect.stringMatching(/\w/) });
      if (!rowsIndependent) return;
      const rows = one.inputs[0]!.dims[0]!;
      const places = Array.from({ length: rows }, (_, row) => row);
      const together = await Promise.all(places.map((row) => session.run(rowOf(inputs, row))));
      for (const row of places) {
        expect(difference(rowOf(expected, row), together[row]!, tolerance), `row ${row} among others`).toBeUndefined();
        const alone = await session.run(rowOf(inputs, row));
        expect(difference(rowOf(expected, row), alone, tolerance), `row ${row} alone`).toBeUndefined();
      }
    });
  }
});
