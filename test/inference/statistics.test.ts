import { describe, expect, it } from "vitest";
import { InferenceStatistics } from "../../src/inference/statistics.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

describe("the statistics of a model", () => {
  it("begin with nothing", () => {
    const snapshot = new InferenceStatistics(new FakeClock()).snapshot();
    expect(snapshot).toMatchObject({ requests: 0, rows: 0, executions: 0, batchSizes: [], lastInferenceAt: undefined });
    expect(snapshot.total).toEqual({
      count: 0,
      totalMs: 0,
      p50Ms: undefined,
      p95Ms: undefined,
      p99Ms: undefined,
      maxMs: undefined,
    });
  });

  it("tell rows from executions, and the time of each part of them", () => {
    const clock = new FakeClock({ startMs: 1_000 });
    const statistics = new InferenceStatistics(clock);
    statistics.execution(32, 0.5, 4, 0.25, clock.monotonic());
    clock.advance(10);
    statistics.execution(1, 0, 2, 0, clock.monotonic());
    clock.advance(5);
    for (let i = 0; i < 4; i++) statistics.succeeded(1, 8);
    expect(statistics.snapshot()).toMatchObject({
      requests: 4,
      succeeded: 4,
      rows: 33,
      executions: 2,
      computeInput: { count: 2, totalMs: 0.5 },
      infer: { count: 2, totalMs: 6, maxMs: 4 },
      computeOutput: { count: 2, totalMs: 0.25 },
      queue: { count: 4, totalMs: 4, p50Ms: 1 },
      total: { count: 4, totalMs: 32, maxMs: 8 },
      lastInferenceAt: 1_010,
    });
  });

  it("count requests by what became of them", () => {
    const statistics = new InferenceStatistics(new FakeClock());
    statistics.succeeded(0, 1);
    for (const outcome of ["failed", "cancelled", "cancelled", "timedOut", "rejected"] as const)
      statistics.unanswered(outcome, 1);
    statistics.executionFailed();
    statistics.repeatedAlone(3);
    statistics.cacheHit();
    statistics.cacheHit();
    statistics.cacheMiss();
    expect(statistics.snapshot()).toMatchObject({
      requests: 6,
      succeeded: 1,
      failures: 1,
      cancelled: 2,
      timedOut: 1,
      rejected: 1,
      failedExecutions: 1,
      repeatedAlone: 3,
      cacheHits: 2,
      cacheMisses: 1,
    });
  });

  it("count each batch size up to 64 by itself, and larger ones by powers of 2", () => {
    const statistics = new InferenceStatistics(new FakeClock());
    for (const rows of [0, 1, 1, 63, 64, 65, 128, 129, 5_000, 2 ** 40]) statistics.execution(rows, 0, 1, 0, 0);
    const { batchSizes } = statistics.snapshot();
    expect(batchSizes.map(({ rows, executions }) => [rows, executions])).toEqual([
      [0, 1],
      [1, 2],
      [63, 1],
      [64, 1],
      [128, 2],
      [256, 1],
      [8_192, 1],
      [64 * 2 ** 31, 1],
    ]);
    expect(batchSizes[1]!.inferMs).toBe(2);
  });

  it("are frozen in a snapshot, which later counts do not change", () => {
    const statistics = new InferenceStatistics(new FakeClock());
    statistics.execution(1, 0, 1, 0, 0);
    const snapshot = statistics.snapshot();
    statistics.execution(1, 0, 1, 0, 0);
    expect(snapshot.executions).toBe(1);
    for (const part of [snapshot, snapshot.queue, snapshot.infer, snapshot.batchSizes, snapshot.batchSizes[0]])
      expect(Object.isFrozen(part)).toBe(true);
  });

  it("are told to whoever feeds metrics from them", () => {
    const told: unknown[] = [];
    const tell =
      (what: string) =>
      (...given: unknown[]) =>
        void told.push([what, ...given]);
    const statistics = new InferenceStatistics(new FakeClock(), {
      execution: tell("execution"),
      executionFailed: tell("executionFailed"),
      request: tell("request"),
      cacheHit: tell("cacheHit"),
      cacheMiss: tell("cacheMiss"),
    });
    statistics.execution(3, 1, 2, 1, 0);
    statistics.executionFailed();
    statistics.succeeded(1, 5);
    statistics.unanswered("rejected", 0);
    statistics.cacheHit();
    statistics.cacheMiss();
    expect(told).toEqual([
      ["execution", 3, 2],
      ["executionFailed"],
      ["request", "succeeded", 5, 1],
      ["request", "rejected", 0, undefined],
      ["cacheHit"],
      ["cacheMiss"],
    ]);
  });
});
