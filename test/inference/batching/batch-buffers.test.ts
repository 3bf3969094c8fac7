import { describe, expect, it } from "vitest";
import { type ElementType, elementTypes } from "../../../src/core/element-type.ts";
import { type Tensor, tensor, tensorFromBytes } from "../../../src/core/tensor.ts";
import { BatchBuffers } from "../../../src/inference/batching/batch-buffers.ts";
import type { Job } from "../../../src/inference/batching/job.ts";
import { job, own, setup, turn } from "./scripted-target.ts";

const bufferOf = ({ data }: Tensor) => (data as Float32Array).buffer;

describe("the buffers of a batcher", () => {
  it("are used again once the run has answered", async () => {
    const { submit, target } = setup();
    for (let i = 0; i < 3; i++) {
      submit(job(i));
      submit(job(i + 1));
      await turn();
      await turn();
      await target.runs[i]!.answer();
    }
    const buffers = target.runs.map(({ inputs }) => bufferOf(inputs["x"]!));
    expect(buffers[1]).toBe(buffers[0]);
    expect(buffers[2]).toBe(buffers[0]);
  });

  it("are another one for each run that goes on at the same time", async () => {
    const { submit, target } = setup({ options: { maxRows: 2 } });
    target.concurrency = 2;
    const outcomes = [1, 2, 3, 4].map((first) => submit(job(first)));
    await turn();
    expect(bufferOf(target.runs[0]!.inputs["x"]!)).not.toBe(bufferOf(target.runs[1]!.inputs["x"]!));
    await target.runs[1]!.answer();
    await target.runs[0]!.answer();
    expect(outcomes.map(({ values }) => values)).toEqual([[2], [4], [6], [8]]);
  });

  it.each(["abort", "failure"])("are not used again after an %s, when the engine may still read them", async (end) => {
    const { submit, target } = setup();
    const controller = new AbortController();
    for (const first of [1, 2]) submit(job(first), { signal: controller.signal });
    await turn();
    if (end === "abort") controller.abort();
    await target.runs[0]!.fail(end === "abort" ? controller.signal.reason : new Error("lost"));
    submit(job(3));
    submit(job(4));
    await turn();
    await turn();
    expect(bufferOf(target.runs[1]!.inputs["x"]!)).not.toBe(bufferOf(target.runs[0]!.inputs["x"]!));
    expect([...(target.runs[0]!.inputs["x"]!.data as Float32Array)]).toEqual([1, 2]);
  });

  it("are not used again when the model answers what it was given", async () => {
    const { batcher, target } = setup();
    const answers = Promise.all([batcher.submit(job(1)), batcher.submit(job(2))]);
    await turn();
    await target.runs[0]!.answerWith({ outputs: { y: target.runs[0]!.inputs["x"]! }, inferMs: 1 });
    void batcher.submit(job(3));
    void batcher.submit(job(4));
    await turn();
    await turn();
    expect((await answers).map((answer) => own(answer))).toEqual([[1], [2]]);
    expect(bufferOf(target.runs[1]!.inputs["x"]!)).not.toBe(bufferOf(target.runs[0]!.inputs["x"]!));
  });

  it("are over shared memory where the target reads that without a copy", async () => {
    const { submit, target } = setup();
    target.sharedMemory = true;
    const outcomes = [1, 2].map((first) => submit(job(first)));
    await turn();
    expect(bufferOf(target.runs[0]!.inputs["x"]!)).toBeInstanceOf(SharedArrayBuffer);
    await target.runs[0]!.answer();
    expect(outcomes.map(({ values }) => values)).toEqual([[2], [4]]);
    target.sharedMemory = false;
    submit(job(1));
    submit(job(2));
    await turn();
    await turn();
    expect(bufferOf(target.runs[1]!.inputs["x"]!)).toBeInstanceOf(ArrayBuffer);
  });

  it("are kept by size, up to a bound", () => {
    const pool = new BatchBuffers();
    const small = pool.acquire(10, false);
    const large = pool.acquire(5_000, false);
    expect([small.byteLength, large.byteLength]).toEqual([1_024, 8_192]);
    pool.release(small);
    pool.release(large);
    expect(pool.acquire(8_192, false)).toBe(large);
    expect(pool.acquire(1_024, false)).toBe(small);
    const huge = pool.acquire(2 ** 25 + 1, false);
    pool.release(huge);
    expect(pool.acquire(2 ** 25 + 1, false)).not.toBe(huge);
  });

  it("that were detached are not kept", () => {
    const pool = new BatchBuffers();
    const buffer = pool.acquire(10, false);
    structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
    pool.release(buffer);
    expect(pool.acquire(10, false).byteLength).toBe(1_024);
  });
});

describe("jobs that share a run", () => {
  const wide = (Object.keys(elementTypes) as ElementType[]).filter(
    (type) => elementTypes[type].array !== undefined && elementTypes[type].bits >= 8,
  );

  /** A tensor of rows of 3 elements whose bytes count up from `first`. */
  const counting = (type: ElementType, rows: number, first: number) => {
    const bytes = (rows * 3 * elementTypes[type].bits) / 8;
    return tensorFromBytes(
      type,
      Uint8Array.from({ length: bytes }, (_, i) => first + i),
      [rows, 3],
    );
  };

  it.each(wide)("have their %s elements put behind each other, and get their own", async (type) => {
    const { batcher, target } = setup();
    const given = [counting(type, 1, 1), counting(type, 2, 101)].map(
      (x): Job => ({ inputs: { x }, rows: x.dims[0]!, outputs: ["y"] }),
    );
    const answers = Promise.all(given.map((each) => batcher.submit(each)));
    await turn();
    const merged = target.runs[0]!.inputs["x"]!;
    expect([merged.type, merged.dims]).toEqual([type, [3, 3]]);
    const y = tensor(type, (merged.data as Uint8Array).slice() as never, merged.dims);
    await target.runs[0]!.answerWith({ outputs: { y }, inferMs: 1 });
    expect((await answers).map((answer) => own(answer))).toEqual(
      given.map(({ inputs }) => [...(inputs["x"]!.data as Uint8Array)]),
    );
  });

  it("have their strings put behind each other, in parts as well", async () => {
    const { batcher, target } = setup({ options: { maxRows: 3 } });
    const words = (...data: string[]): Job => ({
      inputs: { x: tensor("string", data, [data.length, 1]) },
      rows: data.length,
      outputs: ["y"],
    });
    const answers = Promise.all([batcher.submit(words("a", "b", "c", "d")), batcher.submit(words("e"))]);
    for (let i = 0; i < 2; i++) {
      await turn();
      await target.runs[i]!.answer();
    }
    expect(target.runs.map(({ values }) => values)).toEqual([
      ["a", "b"],
      ["e", "c", "d"],
    ]);
    expect((await answers).map((answer) => own(answer))).toEqual([["a", "b", "c", "d"], ["e"]]);
  });

  it("have every input of the model put together", async () => {
    const { target, batcher } = setup();
    const pair = (n: number): Job => ({
      inputs: { x: tensor("float32", Float32Array.of(n), [1, 1]), ids: tensor("int64", BigInt64Array.of(BigInt(n), 7n), [1, 2]) },
      rows: 1,
      outputs: ["y", "id"],
    });
    const answers = Promise.all([batcher.submit(pair(1)), batcher.submit(pair(2))]);
    await turn();
    await target.runs[0]!.answer();
    expect((await answers).map((answer) => own(answer, "id"))).toEqual([
      [1n, 7n],
      [2n, 7n],
    ]);
  });

  it("may come over views of larger buffers", async () => {
    const { submit, target } = setup();
    const whole = Float32Array.of(0, 1, 2, 3);
    const view = (at: number): Job => ({
      inputs: { x: tensor("float32", whole.subarray(at, at + 1), [1, 1]) },
      rows: 1,
      outputs: ["y"],
    });
    const outcomes = [3, 1].map((at) => submit(view(at)));
    await turn();
    await target.runs[0]!.answer();
    expect(outcomes.map(({ values }) => values)).toEqual([[6], [2]]);
  });
});
