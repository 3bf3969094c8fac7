import { describe, expect, it } from "vitest";
import { simulations } from "./drift-simulations.ts";

const runs = Number(process.env.SOAK_DRIFT_RUNS ?? 4000);

describe.each(simulations(runs))("$title", ({ lines }) => {
  it.each(lines)("$what: $found, expected $expected", ({ holds }) => {
    expect(holds).toBe(true);
  });
});
