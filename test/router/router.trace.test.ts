import { tracingChannel } from "node:diagnostics_channel";
import { describe, expect, it } from "vitest";
import { HybridRouter } from "../../src/router/index.ts";
import { fakePredictor } from "../../src/testing/fake-predictor.ts";

describe("the traces of HybridRouter", () => {
  it("say which router was asked, and no input", async () => {
    const predictor = fakePredictor({ name: "edge", answer: (input: number) => input });
    const router = new HybridRouter({ name: "fraud", targets: { edge: { predictor } } });
    const seen: unknown[] = [];
    const subscribers = { start: (message: unknown) => void seen.push(structuredClone(message)) } as never;
    const channel = tracingChannel("modelwright.router.predict");
    channel.subscribe(subscribers);
    await router.predict(42);
    channel.unsubscribe(subscribers);
    expect(seen).toEqual([{ operation: "router.predict", attributes: { router: "fraud", targets: 1 } }]);
  });
});
