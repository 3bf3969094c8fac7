import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { onnx } from "../../src/adapters/onnx/index.ts";
import type { Prediction, Predictor } from "../../src/core/model.ts";
import { InferenceSession, type Row, step } from "../../src/inference/index.ts";
import { logisticModel } from "../../src/onnx-format/index.ts";
import { identityModel } from "../../src/testing/tiny-models.ts";

const model = logisticModel({ columns: ["amount", "age"], weights: [1, 1], bias: 0 });
const providers = [onnx()];
const input = z.object({ amount: z.number(), age: z.number().default(40) });
const output = z.object({ probability: z.number() });

describe("the types of InferenceSession", () => {
  it("follow from the schemas", async () => {
    await using session = await InferenceSession.open({ model, providers, input, output });
    expectTypeOf(session).toExtend<Predictor<{ amount: number; age?: number | undefined }, { probability: number }>>();
    expectTypeOf(session.predict).returns.resolves.toEqualTypeOf<Prediction<{ probability: number }>>();
    expectTypeOf(session.predictMany).returns.resolves.toEqualTypeOf<readonly Prediction<{ probability: number }>[]>();
    expect((await session.predict({ amount: 1 })).output.probability).toBeCloseTo(1, 6);
  });

  it("refuse a column that the schema does not have, and a value of another type", async () => {
    await using session = await InferenceSession.open({ model, providers, input, output });
    // @ts-expect-error no such column
    await expect(session.predict({ amuont: 1 })).rejects.toMatchObject({ code: "INPUT_INVALID" });
    // @ts-expect-error a number is needed
    await expect(session.predict({ amount: "1" })).rejects.toMatchObject({ code: "INPUT_INVALID" });
    const { output: answer } = await session.predict({ amount: 1 });
    // @ts-expect-error no such output
    expect(answer.score).toBeUndefined();
  });

  it("are rows of scalars and arrays without schemas", async () => {
    await using session = await InferenceSession.open({ model, providers });
    expectTypeOf(session).toExtend<Predictor<Row, Row>>();
    // @ts-expect-error a date is no value of a row
    await expect(session.predict({ amount: new Date(), age: 1 })).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });

  it("take a schema whose rows hold nested and typed arrays, and refuse those of dates", async () => {
    const matrix = z.object({ x: z.array(z.array(z.number())) });
    await using nested = await InferenceSession.open({ model: identityModel("float32", ["n", 2, 2]), providers, input: matrix });
    const rows = [
      [1, 2],
      [3, 4],
    ];
    expect((await nested.predict({ x: rows })).output).toEqual({ y: [1, 2, 3, 4] });
    // @ts-expect-error an array of arrays is needed
    await expect(nested.predict({ x: [1, 2, 3, 4] })).rejects.toMatchObject({ code: "INPUT_INVALID" });
    const typed = z.object({ x: z.instanceof(Float32Array) });
    await using image = await InferenceSession.open({ model: identityModel("float32", ["n", 2, 2]), providers, input: typed });
    expect((await image.predict({ x: Float32Array.of(1, 2, 3, 4) })).output).toEqual({ y: [1, 2, 3, 4] });
    const dates = z.object({ amount: z.number(), age: z.array(z.array(z.date())) });
    // @ts-expect-error a date is no element
    await using dated = await InferenceSession.open({ model, providers, input: dates });
    await expect(dated.predict({ amount: 1, age: [[new Date(0)]] })).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });

  it("refuse a schema that does not yield what a step takes", async () => {
    const preprocess = step({ version: "1", run: ({ born }: { born: number }) => ({ amount: born, age: 1 }) });
    const other = z.object({ amount: z.number() });
    // @ts-expect-error the schema yields no member born
    await using session = await InferenceSession.open({ model, providers, preprocess, input: other });
    await expect(session.predict({ amount: 1 })).rejects.toMatchObject({ code: "INPUT_MISSING" });
    await using dated = await InferenceSession.open({
      model,
      providers,
      // @ts-expect-error a date is no value of a row
      preprocess: step({ version: "1", run: (row: { born: number }) => ({ amount: 1, age: new Date(row.born) }) }),
    });
    await expect(dated.predict({ born: 1 } as never)).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });

  it("refuse a schema whose rows hold what no tensor can", async () => {
    const dated = z.object({ amount: z.number(), age: z.date() });
    // @ts-expect-error a date is no value of a row
    await using session = await InferenceSession.open({ model, providers, input: dated });
    await expect(session.predict({ amount: 1, age: new Date(0) })).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });
});
