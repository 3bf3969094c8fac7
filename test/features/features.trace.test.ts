import { tracingChannel } from "node:diagnostics_channel";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { memoryOnline } from "../../src/adapters/memory/memory-online.ts";
import { FeatureServer, featureView } from "../../src/features/index.ts";

describe("the traces of FeatureServer", () => {
  it("say how much was read and written, and no key or value", async () => {
    const view = featureView({ name: "spend", entity: "user", schema: z.object({ a: z.number(), b: z.number() }) });
    const features = new FeatureServer({ views: [view], online: memoryOnline() });
    const seen: unknown[] = [];
    const subscribers = { start: (message: unknown) => void seen.push(structuredClone(message)) } as never;
    const channels = ["write", "get"].map((verb) => tracingChannel(`modelwright.features.${verb}`));
    for (const channel of channels) channel.subscribe(subscribers);
    await features.write(view, [{ key: "secret", values: { a: 1, b: 2 } }]);
    await features.getMany([{ user: "secret" }, { user: "other" }], ["spend.a"]);
    for (const channel of channels) channel.unsubscribe(subscribers);
    expect(seen).toEqual([
      { operation: "features.write", attributes: { view: "spend", rows: 1 } },
      { operation: "features.get", attributes: { rows: 2, features: 1 } },
    ]);
  });
});
