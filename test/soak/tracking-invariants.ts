import { expect } from "vitest";
import type { LogReport } from "./log-together.ts";

/** Expects that nothing is lost, nothing is there twice, and no batch was written in part. */
export function expectNothingLost({ run, points, refused }: LogReport, writers: number, batches: number): void {
  const ids = Array.from({ length: writers }, (_, writer) => writer);
  const contested = Math.min(50, batches);
  for (const writer of ids) {
    for (const metric of [0, 1, 2]) {
      const key = `writer ${writer} metric ${metric}`;
      expect(points.get(key), key).toBe(batches * 33);
      expect(run.metrics[key], key).toEqual({ value: 96 + metric, step: batches * 33 - 1, at: 1_700_000_000_000 });
    }
    for (let batch = 0; batch < contested; batch++) expect(run.params[`writer ${writer} batch ${batch}`]).toBe(`${writer}`);
  }
  expect(points.get("shared")).toBe(writers * batches);
  // Of several values at one step and time the greatest.
  expect(run.metrics["shared"]).toEqual({ value: writers - 1, step: batches - 1, at: 1_700_000_000_000 });
  expect(ids.map(String)).toContain(run.tags["last"]);
  // Each contested param was won by one writer, and the points of its batch are there, of the others' none.
  const won = new Map<string, number>();
  for (let i = 0; i < contested; i++) {
    const winner = run.params[`contested ${i}`]!;
    won.set(winner, (won.get(winner) ?? 0) + 1);
  }
  for (const writer of ids) {
    const wins = won.get(`${writer}`) ?? 0;
    expect(points.get(`won by ${writer}`) ?? 0).toBe(wins);
    const attempts = Array.from({ length: batches }, (_, batch) => run.params[`contested ${batch % 50}`] === `${writer}`);
    expect(refused[writer]).toBe(attempts.filter((mine) => !mine).length);
  }
}
