import { describe, expect, expectTypeOf, it } from "vitest";
import type { Predictor } from "../../src/core/model.ts";
import { HybridRouter } from "../../src/router/index.ts";
import { fakePredictor } from "../../src/testing/fake-predictor.ts";

interface Amount {
  readonly amount: number;
}
const fraud = (name: string) => fakePredictor({ name, answer: ({ amount }: Amount) => ({ fraud: amount > 100 }) });
const edge = fraud("edge");
const cloud = fraud("cloud");

describe("the types of HybridRouter", () => {
  it("follow from the targets", async () => {
    const router = new HybridRouter({
      targets: { edge: { predictor: edge }, cloud: { predictor: cloud, timeoutMs: 5 } },
      policy: { order: ["cloud", "edge"] },
    });
    expectTypeOf(router).toExtend<Predictor<Amount, { fraud: boolean }>>();
    const result = await router.predict({ amount: 120 });
    expectTypeOf(result.output).toEqualTypeOf<{ fraud: boolean }>();
    expectTypeOf(result.input).toEqualTypeOf<Amount>();
    expectTypeOf(result.route.target).toEqualTypeOf<"edge" | "cloud">();
    expect(result.output).toEqual({ fraud: true });
    // @ts-expect-error the targets take amounts
    expect(await router.predict({ price: 120 })).toBeDefined();
  });

  it("refuse a policy that names no target", () => {
    expect(
      // @ts-expect-error there is no target "fog"
      () => new HybridRouter({ targets: { edge: { predictor: edge }, cloud: { predictor: cloud } }, policy: { order: ["fog"] } }),
    ).toThrow(/no target "fog"; there is edge, cloud/);
  });

  it("refuse targets that answer differently", () => {
    const score = fakePredictor({ name: "score", answer: ({ amount }: Amount) => ({ score: amount }) });
    // @ts-expect-error { fraud } is not { score }
    expect(new HybridRouter({ targets: { edge: { predictor: edge }, cloud: { predictor: score } } }).name).toBe("router");
  });

  it("refuse targets that take different input", () => {
    const text = fakePredictor({ name: "text", answer: ({ words }: { words: string }) => ({ fraud: words === "" }) });
    // @ts-expect-error { amount } is not { words }
    expect(new HybridRouter({ targets: { edge: { predictor: edge }, cloud: { predictor: text } } }).name).toBe("router");
  });

  it("refuse what is no predictor", () => {
    // @ts-expect-error a function is not a predictor
    expect(() => new HybridRouter({ targets: { edge: { predictor: () => 1 } } })).toThrow(/an implementation of predictor\/1/);
  });
});
