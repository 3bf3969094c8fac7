import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { memoryOnline } from "../../src/adapters/memory/memory-online.ts";
import type { Schema } from "../../src/core/schema.ts";
import { FeatureServer, type FeatureStatus, featureView, onDemandFeature } from "../../src/features/index.ts";

const spend = featureView({
  name: "spend",
  entity: "user",
  schema: z.object({ avg_7d: z.number(), currency: z.string().nullable(), since: z.bigint().optional() }),
});
const risk = featureView({ name: "risk", entity: "merchant", schema: z.object({ chargebacks: z.number() }) });
const ratio = onDemandFeature({
  name: "ratio",
  inputs: { average: spend.feature("avg_7d"), currency: spend.feature("currency") },
  request: z.object({ amount: z.number() }),
  schema: z.object({ value: z.number().nullable() }),
  compute: ({ average, currency }, request) => {
    expectTypeOf(average).toEqualTypeOf<number | null>();
    expectTypeOf(currency).toEqualTypeOf<string | null>();
    expectTypeOf(request).toEqualTypeOf<{ amount: number }>();
    return { value: average === null ? null : request.amount / average };
  },
});
const alert = onDemandFeature({
  name: "alert",
  inputs: { ratio: ratio.feature("value"), chargebacks: risk.feature("chargebacks") },
  request: z.object({ limit: z.number() }),
  schema: z.object({ high: z.boolean() }),
  compute: ({ ratio, chargebacks }, { limit }) => {
    expectTypeOf(ratio).toEqualTypeOf<number | null>();
    return { high: (ratio ?? 0) * (chargebacks ?? 1) > limit };
  },
});
const open = () => new FeatureServer({ views: [spend, risk], onDemand: [ratio, alert], online: memoryOnline() });
const views = () => new FeatureServer({ views: [spend, risk], online: memoryOnline() });

describe("the types of features", () => {
  it("hold for optional, nullable, default, transformed, branded and united columns, and for unions of references", async () => {
    const wide = featureView({
      name: "wide",
      entity: "user",
      schema: z.object({
        nullish: z.boolean().nullish(),
        def: z.int().default(3),
        length: z.string().transform((text) => text.length),
        iban: z.string().brand<"Iban">(),
        either: z.union([z.number(), z.string()]),
        list: z.array(z.number()),
      }),
    });
    const features = new FeatureServer({ views: [wide, risk], online: memoryOnline() });
    const iban = "CH93" as string & z.core.$brand<"Iban">;
    await features.write(wide, [{ key: 1, values: { length: "abc", iban, either: "x", list: [1] } }]);
    const row = await features.get({ user: 1 }, [
      "wide.nullish",
      "wide.def",
      "wide.length",
      "wide.iban",
      "wide.either",
      "wide.list",
    ]);
    expectTypeOf(row.values).toEqualTypeOf<{
      readonly "wide.nullish": boolean | null;
      readonly "wide.def": number | null;
      readonly "wide.length": number | null;
      readonly "wide.iban": (string & z.core.$brand<"Iban">) | null;
      readonly "wide.either": number | string | null;
      readonly "wide.list": number[] | null;
    }>();
    expect(Object.values(row.values)).toEqual([null, 3, 3, iban, "x", [1]]);
    const refs = ["wide.def", "risk.chargebacks"] as const;
    const some = await features.get({ user: 1, merchant: 1 }, [refs[row.values["wide.def"] === 3 ? 0 : 1]]);
    expectTypeOf(some.values).toEqualTypeOf<{
      readonly "wide.def": number | null;
      readonly "risk.chargebacks": number | null;
    }>();
    expect(some.values).toEqual({ "wide.def": 3 });
  });

  it("follow from the schemas", async () => {
    const features = views();
    await features.write(spend, [{ key: "u1", values: { avg_7d: 2, currency: null } }]);
    const row = await features.get({ user: "u1" }, ["spend.avg_7d", "spend.currency", "spend.since"]);
    expectTypeOf(row.values).toEqualTypeOf<{
      readonly "spend.avg_7d": number | null;
      readonly "spend.currency": string | null;
      readonly "spend.since": bigint | null;
    }>();
    expectTypeOf(row.status["spend.avg_7d"]).toEqualTypeOf<FeatureStatus>();
    expectTypeOf(row.eventAtUs["spend.avg_7d"]).toEqualTypeOf<number | null>();
    expect(row.values).toEqual({ "spend.avg_7d": 2, "spend.currency": null, "spend.since": null });
  });

  it("reach on-demand features through on-demand features", async () => {
    const features = open();
    const row = await features.get({ user: 1, merchant: 2n }, ["alert.high"], { request: { amount: 1, limit: 5 } });
    expectTypeOf(row.values).toEqualTypeOf<{ readonly "alert.high": boolean | null }>();
    const rows = await features.getMany([{ user: 1 }], ["ratio.value"], { requests: [{ amount: 1 }] });
    expectTypeOf(rows[0]!.values).toEqualTypeOf<{ readonly "ratio.value": number | null }>();
    expect(row.values).toEqual({ "alert.high": false });
    expect(rows).toHaveLength(1);
  });

  it("allow keys of other entities of the server", async () => {
    const row = await views().get({ user: 1, merchant: 2 }, ["spend.avg_7d"]);
    expect(row.values).toEqual({ "spend.avg_7d": null });
  });

  it("refuse an unknown feature, and complain of it, not of keys and requests", async () => {
    const unknown = open().get(
      { user: 1 },
      // @ts-expect-error there is no such feature
      ["spend.avg_30d"],
    );
    await expect(unknown).rejects.toMatchObject({ code: "FEATURE_UNKNOWN" });
    // @ts-expect-error there is no such feature
    await expect(views().get({ user: 1 }, ["spend.avg_30d"])).rejects.toMatchObject({
      code: "FEATURE_UNKNOWN",
      details: { feature: "spend.avg_30d", known: ["spend.avg_7d", "spend.currency", "spend.since", "risk.chargebacks"] },
    });
    // @ts-expect-error there is no such feature among those of the view
    expect(spend.feature("avg_30d").feature).toBe("avg_30d");
  });

  it("refuse a missing entity key", async () => {
    // @ts-expect-error the key of user is missing
    await expect(views().get({ merchant: 1 }, ["spend.avg_7d"])).rejects.toMatchObject({
      code: "FEATURE_KEY_MISSING",
      details: { entity: "user", feature: "spend.avg_7d" },
    });
    // @ts-expect-error an on-demand feature needs the keys of its inputs
    await expect(open().get({ user: 1 }, ["alert.high"], { request: { amount: 1, limit: 1 } })).rejects.toMatchObject({
      code: "FEATURE_KEY_MISSING",
      details: { entity: "merchant", feature: "alert.high" },
    });
  });

  it("refuse a missing or wrong request", async () => {
    const features = open();
    // @ts-expect-error the request is missing
    await expect(features.get({ user: 1 }, ["ratio.value"])).rejects.toMatchObject({ code: "INPUT_INVALID" });
    // @ts-expect-error the input needs its own field, too
    await expect(features.get({ user: 1, merchant: 1 }, ["alert.high"], { request: { limit: 1 } })).rejects.toMatchObject({
      code: "INPUT_INVALID",
    });
    // @ts-expect-error many rows need many requests
    await expect(features.getMany([{ user: 1 }], ["ratio.value"], { request: { amount: 1 } })).rejects.toMatchObject({
      code: "INPUT_INVALID",
    });
  });

  it("refuse values of another type and a view of another server", async () => {
    // @ts-expect-error text in a column of numbers
    await expect(views().write(risk, [{ key: 1, values: { chargebacks: "3" } }])).rejects.toMatchObject({
      code: "INPUT_INVALID",
    });
    const other = featureView({ name: "other", entity: "user", schema: z.object({ x: z.number() }) });
    // @ts-expect-error the server does not list the view
    await expect(views().write(other, [])).rejects.toMatchObject({ code: "INPUT_UNKNOWN", details: { input: "other" } });
  });

  it("ask for the list of features where the schema does not say them", async () => {
    const handmade: Schema<unknown, { a: number; b: string }> = {
      "~standard": { version: 1, vendor: "handmade", validate: (value) => ({ value: value as { a: number; b: string } }) },
    };
    const view = featureView({ name: "v", entity: "user", schema: handmade, features: ["a"] });
    const features = new FeatureServer({ views: [view], online: memoryOnline() });
    await features.write(view, [{ key: 1, values: { a: 1, b: "not a feature" } }]);
    const row = await features.get({ user: 1 }, ["v.a"]);
    expectTypeOf(row.values).toEqualTypeOf<{ readonly "v.a": number | null }>();
    expect(row.values).toEqual({ "v.a": 1 });
    // @ts-expect-error a member that is not listed is no feature
    await expect(features.get({ user: 1 }, ["v.b"])).rejects.toMatchObject({ code: "FEATURE_UNKNOWN" });
    // @ts-expect-error the list is missing
    expect(() => featureView({ name: "v", entity: "user", schema: handmade })).toThrow(/name at least one feature/);
    // @ts-expect-error the schema has no such member
    expect(featureView({ name: "v", entity: "user", schema: handmade, features: ["c"] }).features).toEqual(["c"]);
  });

  it("refuse a function that answers what its schema does not take", () => {
    const wrong = onDemandFeature({
      name: "wrong",
      inputs: { average: spend.feature("avg_7d") },
      schema: z.object({ value: z.number() }),
      // @ts-expect-error the average may be null
      compute: ({ average }) => ({ value: average }),
    });
    expect(wrong.entities).toEqual(["user"]);
  });
});
