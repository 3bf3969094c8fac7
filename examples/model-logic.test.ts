// Unit tests of model logic: real features and a real router, no engine, no service, no waiting.
// Run them with: node --test examples/model-logic.test.ts
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FeatureServer, featureView, HybridRouter, memoryOnline, onDemandFeature } from "modelwright";
import { FakeClock, fakePredictor } from "modelwright/testing";
import { z } from "zod";

const spend = featureView({ name: "spend", entity: "user", ttlMs: 60_000, schema: z.object({ avg_7d: z.number() }) });
const risk = onDemandFeature({
  name: "risk",
  inputs: { average: spend.feature("avg_7d") },
  request: z.object({ amount: z.number() }),
  schema: z.object({ ratio: z.number().nullable() }),
  compute: ({ average }, { amount }) => ({ ratio: average === null ? null : amount / average }),
});

describe("features", () => {
  it("are withheld when they are too old, and so is what is computed from them", async () => {
    const clock = new FakeClock();
    const features = new FeatureServer({ views: [spend], onDemand: [risk], online: memoryOnline() }, { clock });
    await features.write(spend, [{ key: "u1", values: { avg_7d: 20 } }]);
    const read = () => features.get({ user: "u1" }, ["spend.avg_7d", "risk.ratio"], { request: { amount: 50 } });

    assert.deepEqual((await read()).values, { "spend.avg_7d": 20, "risk.ratio": 2.5 });
    clock.advance(60_001);
    const { values, status } = await read();
    assert.deepEqual(values, { "spend.avg_7d": null, "risk.ratio": null });
    assert.equal(status["spend.avg_7d"], "OUTSIDE_MAX_AGE");
  });
});

describe("the router", () => {
  it("turns to the cloud when the edge is slow, without anybody waiting", async () => {
    const clock = new FakeClock();
    const answer = ({ amount }: { amount: number }) => amount > 100;
    const edge = fakePredictor({ name: "edge", answer, latencyMs: 500, clock });
    const cloud = fakePredictor({ name: "cloud", answer, latencyMs: 30, clock });
    const router = new HybridRouter(
      { targets: { edge: { predictor: edge, timeoutMs: 50 }, cloud: { predictor: cloud } }, policy: { deadlineMs: 200 } },
      { clock },
    );
    const asked = router.predict({ amount: 120 });
    await clock.advanceAsync(80);
    const { output, route } = await asked;

    assert.equal(output, true);
    assert.deepEqual(
      route.attempts.map(({ target, outcome, latencyMs }) => [target, outcome, latencyMs]),
      [
        ["edge", "timed_out", 50],
        ["cloud", "answered", 30],
      ],
    );
  });
});
