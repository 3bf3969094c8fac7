import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { memoryOnline } from "../../src/adapters/memory/memory-online.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { FeatureServer, featureView, type OnDemandFeature, onDemandFeature } from "../../src/features/index.ts";
import type { OnlineStore } from "../../src/features/port.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { flaky } from "../../src/testing/flaky.ts";
import { recordingOnline } from "./recording-online.ts";

const spend = featureView({
  name: "spend",
  entity: "user",
  ttlMs: 1_000,
  schema: z.object({ avg_7d: z.number().nullable(), trips: z.bigint().optional() }),
});
const shop = featureView({ name: "shop", entity: "merchant", schema: z.object({ age: z.number() }) });

function setup() {
  const clock = new FakeClock();
  const online = recordingOnline();
  const features = new FeatureServer({ views: [spend, shop], online }, { clock });
  return { clock, online, features, nowUs: () => clock.now() * 1_000 };
}

function configError(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (ModelwrightError.is(error, "CONFIG_INVALID")) return error;
    throw error;
  }
  throw new Error("expected a failure");
}

describe("FeatureServer.get", () => {
  it("tells present, null, missing and never written values apart", async () => {
    const { features, nowUs } = setup();
    await features.write(spend, [
      { key: "u1", values: { avg_7d: 12.5, trips: 3n } },
      { key: "u2", values: { avg_7d: null } },
    ]);
    const refs = ["spend.avg_7d", "spend.trips"] as const;
    expect(await features.get({ user: "u1" }, refs)).toEqual({
      values: { "spend.avg_7d": 12.5, "spend.trips": 3n },
      status: { "spend.avg_7d": "PRESENT", "spend.trips": "PRESENT" },
      eventAtUs: { "spend.avg_7d": nowUs(), "spend.trips": nowUs() },
      errors: {},
    });
    expect(await features.get({ user: "u2" }, refs)).toEqual({
      values: { "spend.avg_7d": null, "spend.trips": null },
      status: { "spend.avg_7d": "NULL_VALUE", "spend.trips": "NOT_FOUND" },
      eventAtUs: { "spend.avg_7d": nowUs(), "spend.trips": nowUs() },
      errors: {},
    });
    expect(await features.get({ user: "u3" }, refs)).toEqual({
      values: { "spend.avg_7d": null, "spend.trips": null },
      status: { "spend.avg_7d": "NOT_FOUND", "spend.trips": "NOT_FOUND" },
      eventAtUs: { "spend.avg_7d": null, "spend.trips": null },
      errors: {},
    });
  });

  it("serves a value of exactly the greatest age and withholds it a moment later", async () => {
    const { clock, features, nowUs } = setup();
    const eventAtUs = nowUs();
    await features.write(spend, [{ key: 1, values: { avg_7d: 2 } }]);
    clock.advance(1_000);
    expect((await features.get({ user: 1 }, ["spend.avg_7d"])).status).toEqual({ "spend.avg_7d": "PRESENT" });
    expect(await features.get({ user: 1 }, ["spend.avg_7d"], { asOfUs: nowUs() + 1 })).toMatchObject({
      values: { "spend.avg_7d": null },
      status: { "spend.avg_7d": "OUTSIDE_MAX_AGE" },
      eventAtUs: { "spend.avg_7d": eventAtUs },
    });
    clock.advance(1);
    expect((await features.get({ user: 1 }, ["spend.avg_7d"])).status).toEqual({ "spend.avg_7d": "OUTSIDE_MAX_AGE" });
    expect((await features.get({ user: 1 }, ["spend.avg_7d"], { asOfUs: eventAtUs })).values).toEqual({ "spend.avg_7d": 2 });
  });

  it("never withholds a value without a greatest age, nor one of the future", async () => {
    const { features, nowUs } = setup();
    await features.write(shop, [{ key: "m", eventAtUs: 0, values: { age: 9 } }]);
    await features.write(spend, [{ key: "u", eventAtUs: nowUs() + 60_000_000, values: { avg_7d: 1 } }]);
    const row = await features.get({ user: "u", merchant: "m" }, ["shop.age", "spend.avg_7d"]);
    expect(row.values).toEqual({ "shop.age": 9, "spend.avg_7d": 1 });
  });

  it('takes 1, 1n and "1" for one entity, and "01" for another', async () => {
    const { features } = setup();
    await features.write(shop, [{ key: 1, values: { age: 5 } }]);
    const keys = [1, 1n, "1", "01"].map((merchant) => ({ merchant }));
    const rows = await features.getMany(keys, ["shop.age"]);
    expect(rows.map((row) => row.values["shop.age"])).toEqual([5, 5, 5, null]);
  });

  it.each(["", "\ud800", 1.5, Number.NaN, 2 ** 53, true, {}])("refuses the key %j", async (merchant) => {
    const { features, online } = setup();
    await expect(features.get({ merchant: merchant as never }, ["shop.age"])).rejects.toMatchObject({
      code: "INPUT_INVALID",
      details: { subject: "The key of entity merchant" },
    });
    expect(online.reads).toEqual([]);
  });

  it("answers nothing for no features, without asking the store", async () => {
    const { features, online } = setup();
    expect(await features.get({}, [])).toEqual({ values: {}, status: {}, eventAtUs: {}, errors: {} });
    expect(await features.getMany([], ["shop.age"])).toEqual([]);
    expect(online.reads).toEqual([]);
  });

  it("does not take inherited members for values or keys", async () => {
    const odd = featureView({ name: "odd", entity: "toString", schema: z.object({ constructor: z.number().optional() }) });
    const features = new FeatureServer({ views: [odd], online: memoryOnline() });
    await features.write(odd, [{ key: 1, values: { constructor: undefined } as never }]);
    expect((await features.get({ toString: 1 } as never, ["odd.constructor"])).status).toEqual({
      "odd.constructor": "NOT_FOUND",
    });
    await expect(features.get({} as never, ["odd.constructor"])).rejects.toMatchObject({ code: "FEATURE_KEY_MISSING" });
  });

  it("refuses a time that is none", async () => {
    const { features } = setup();
    await expect(features.get({ merchant: 1 }, ["shop.age"], { asOfUs: Number.NaN })).rejects.toMatchObject({
      code: "INPUT_INVALID",
      details: { subject: "asOfUs" },
    });
  });
});

describe("FeatureServer.getMany", () => {
  it("reads all entities and views at once, each stored row once, and answers in order", async () => {
    const { features, online } = setup();
    await features.write(
      spend,
      [1, 2, 3].map((key) => ({ key, values: { avg_7d: key } })),
    );
    await features.write(shop, [{ key: "m", values: { age: 7 } }]);
    const rows = await features.getMany(
      [3, 1, 2, 3].map((user) => ({ user, merchant: "m" })),
      ["shop.age", "spend.avg_7d"],
    );
    expect(rows.map((row) => row.values)).toEqual([3, 1, 2, 3].map((user) => ({ "shop.age": 7, "spend.avg_7d": user })));
    expect(online.reads).toHaveLength(1);
    expect(online.reads[0]!.map(({ view, key }) => `${view}/${key}`).sort()).toEqual(["shop/m", "spend/1", "spend/2", "spend/3"]);
  });

  it("answers for any batch what get answers for each", async () => {
    const { features } = setup();
    await features.write(
      spend,
      [0, 1, 2, 3].map((key) => ({ key, values: { avg_7d: key / 7, trips: BigInt(key) } })),
    );
    const refs = fc.uniqueArray(fc.constantFrom("spend.avg_7d", "spend.trips", "shop.age"), { maxLength: 3 });
    const keys = fc.array(fc.record({ user: fc.integer({ min: 0, max: 5 }), merchant: fc.constantFrom("a", "b") }), {
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(keys, refs, async (listOfKeys, names) => {
        const many = await features.getMany(listOfKeys, names);
        expect(many).toEqual(await Promise.all(listOfKeys.map((one) => features.get(one, names))));
      }),
      { numRuns: 50 },
    );
  });
});

describe("FeatureServer.write", () => {
  it("writes nothing when one row is not valid, and names every row and feature at fault", async () => {
    const { features, online } = setup();
    const rows = [
      { key: 1, values: { avg_7d: 1 } },
      { key: "", values: { avg_7d: "1", trips: 1 } },
      { key: 3, eventAtUs: 0.5, values: { avg_7d: 1 } },
    ];
    const error: unknown = await features.write(spend, rows as never).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "INPUT_INVALID", details: { subject: "A batch of 3 rows for feature view spend" } });
    expect((error as ModelwrightError<"INPUT_INVALID">).details.issues.map(({ path }) => path)).toEqual([
      [1, "key"],
      [1, "values", "avg_7d"],
      [1, "values", "trips"],
      [2, "eventAtUs"],
    ]);
    expect(online.writes).toEqual([]);
  });

  it("names the row and the feature of a value that cannot be stored", async () => {
    const view = featureView({ name: "v", entity: "user", schema: z.object({ a: z.unknown(), b: z.unknown() }) });
    const features = new FeatureServer({ views: [view], online: memoryOnline() });
    await expect(
      features.write(view, [
        { key: 1, values: { a: 1, b: 2 } },
        { key: 2, values: { a: 1, b: () => 1 } },
      ]),
    ).rejects.toMatchObject({ details: { issues: [{ path: [1, "values", "b"], message: expect.stringMatching(/function/) }] } });
    expect((await features.get({ user: 1 }, ["v.a"])).status).toEqual({ "v.a": "NOT_FOUND" });
  });

  it("bounds the problems that it lists", async () => {
    const { features } = setup();
    const rows = Array.from({ length: 1_000 }, () => ({ key: 1, values: { age: "x" } }));
    const error = (await features
      .write(shop, rows as never)
      .catch((thrown: unknown) => thrown)) as ModelwrightError<"INPUT_INVALID">;
    expect(error.details.issues).toHaveLength(101);
    expect(error.details.issues.at(-1)).toEqual({ path: [], message: "and 900 more" });
  });

  it("stores what the schema yields", async () => {
    const view = featureView({
      name: "v",
      entity: "user",
      schema: z.object({ n: z.coerce.number(), tag: z.string().default("none") }),
    });
    const features = new FeatureServer({ views: [view], online: memoryOnline() });
    await features.write(view, [{ key: 1, values: { n: "12" } }]);
    expect((await features.get({ user: 1 }, ["v.n", "v.tag"])).values).toEqual({ "v.n": 12, "v.tag": "none" });
  });

  it("keeps the newest row whatever the order of writing, and a correction of equal time", async () => {
    const { clock, features, nowUs } = setup();
    const at = nowUs();
    const row = (eventAtUs: number, age: number) => ({ key: 1, eventAtUs, values: { age } });
    const age = async () => (await features.get({ merchant: 1 }, ["shop.age"])).values["shop.age"];
    await features.write(shop, [row(at, 2), row(at - 1, 1)]);
    expect(await age()).toBe(2);
    clock.advance(1);
    await features.write(shop, [row(at - 5, 0)]);
    expect(await age()).toBe(2);
    await features.write(shop, [row(at, 3)]);
    expect(await age()).toBe(3);
    await features.write(shop, [row(at, 4), row(at, 5)]);
    expect(await age()).toBe(5);
  });

  it("gives back values of every type as they were written", async () => {
    const view = featureView({ name: "v", entity: "user", schema: z.object({ x: z.unknown() }) });
    const features = new FeatureServer({ views: [view], online: memoryOnline() });
    const values = [
      2n ** 62n,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      -0,
      Uint8Array.of(0, 255),
      new Date(5),
      { $bigint: "1" },
      [1n],
    ];
    await features.write(
      view,
      values.map((x, key) => ({ key, values: { x } })),
    );
    const rows = await features.getMany(
      values.map((_, user) => ({ user })),
      ["v.x"],
    );
    expect(rows.map((row) => row.values["v.x"])).toStrictEqual(values);
    expect(rows.every((row) => row.status["v.x"] === "PRESENT")).toBe(true);
  });
});

describe("on-demand features", () => {
  const ratio = onDemandFeature({
    name: "ratio",
    inputs: { average: spend.feature("avg_7d") },
    request: z.object({ amount: z.number().default(10) }),
    schema: z.object({ value: z.number().nullable(), known: z.boolean() }),
    compute: ({ average }, { amount }) => ({ value: average === null ? null : amount / average, known: average !== null }),
  });

  it("are computed from stored features and the request", async () => {
    const { clock, online, nowUs } = setup();
    const features = new FeatureServer({ views: [spend, shop], onDemand: [ratio], online }, { clock });
    const eventAtUs = nowUs() - 5;
    await features.write(spend, [{ key: 1, eventAtUs, values: { avg_7d: 4 } }]);
    expect(await features.get({ user: 1 }, ["ratio.value", "ratio.known"], { request: { amount: 2 } })).toEqual({
      values: { "ratio.value": 0.5, "ratio.known": true },
      status: { "ratio.value": "PRESENT", "ratio.known": "PRESENT" },
      eventAtUs: { "ratio.value": eventAtUs, "ratio.known": eventAtUs },
      errors: {},
    });
    expect(await features.get({ user: 2 }, ["ratio.value", "ratio.known"], { request: {} })).toEqual({
      values: { "ratio.value": null, "ratio.known": false },
      status: { "ratio.value": "NULL_VALUE", "ratio.known": "PRESENT" },
      eventAtUs: { "ratio.value": null, "ratio.known": null },
      errors: {},
    });
  });

  it("take one request for each row of many, and read only the views that they need", async () => {
    const { online } = setup();
    const features = new FeatureServer({ views: [spend, shop], onDemand: [ratio], online });
    await features.write(spend, [{ key: 1, values: { avg_7d: 1 } }]);
    const requests = [{ amount: 3 }, {}, { amount: 5 }];
    const rows = await features.getMany([{ user: 1 }, { user: 1 }, { user: 1 }], ["ratio.value"], { requests });
    expect(rows.map((row) => row.values["ratio.value"])).toEqual([3, 10, 5]);
    expect(online.reads).toEqual([[{ view: "spend", key: "1" }]]);
    await expect(features.getMany([{ user: 1 }], ["ratio.value"], { requests })).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });

  it("refuse a request that is not valid before the store is asked", async () => {
    const { online } = setup();
    const features = new FeatureServer({ views: [spend], onDemand: [ratio], online });
    await expect(features.get({ user: 1 }, ["ratio.value"], { request: { amount: "2" as never } })).rejects.toMatchObject({
      code: "INPUT_INVALID",
      details: { subject: "The request of on-demand feature ratio", issues: [{ path: ["amount"] }] },
    });
    expect(online.reads).toEqual([]);
  });

  it("depend on each other, and each is computed once for a row, after its inputs", async () => {
    const order: string[] = [];
    const base = onDemandFeature({
      name: "base",
      inputs: {},
      schema: z.object({ x: z.number(), y: z.number() }),
      compute: () => {
        order.push("base");
        return { x: 1, y: 2 };
      },
    });
    const left = onDemandFeature({
      name: "left",
      inputs: { x: base.feature("x") },
      schema: z.object({ v: z.number() }),
      compute: ({ x }) => {
        order.push("left");
        return { v: x! * 10 };
      },
    });
    const top = onDemandFeature({
      name: "top",
      inputs: { v: left.feature("v"), y: base.feature("y") },
      schema: z.object({ sum: z.number() }),
      compute: ({ v, y }) => {
        order.push("top");
        return { sum: v! + y! };
      },
    });
    const online = recordingOnline();
    const features = new FeatureServer({ views: [], onDemand: [top, left, base], online });
    const row = await features.get({}, ["top.sum", "base.y", "left.v"]);
    expect(row.values).toEqual({ "top.sum": 12, "base.y": 2, "left.v": 10 });
    expect(order).toEqual(["base", "left", "top"]);
    expect(online.reads).toEqual([]);
  });

  it("that fail do not spoil the row, and give null to what depends on them", async () => {
    const boom = new RangeError("boom");
    const failing = onDemandFeature({
      name: "failing",
      inputs: { age: shop.feature("age") },
      schema: z.object({ a: z.number(), b: z.number() }),
      compute: () => {
        throw boom;
      },
    });
    const wrong = onDemandFeature({
      name: "wrong",
      inputs: {},
      schema: z.object({ a: z.number() }),
      compute: () => ({ a: "1" as unknown as number }),
    });
    const after = onDemandFeature({
      name: "after",
      inputs: { a: failing.feature("a") },
      schema: z.object({ isNull: z.boolean() }),
      compute: ({ a }) => ({ isNull: a === null }),
    });
    const features = new FeatureServer({ views: [shop], onDemand: [failing, wrong, after], online: memoryOnline() });
    await features.write(shop, [{ key: 1, values: { age: 3 } }]);
    const row = await features.get({ merchant: 1 }, ["shop.age", "failing.a", "failing.b", "wrong.a", "after.isNull"]);
    expect(row.values).toEqual({ "shop.age": 3, "failing.a": null, "failing.b": null, "wrong.a": null, "after.isNull": true });
    expect(row.status).toMatchObject({
      "failing.a": "ERROR",
      "failing.b": "ERROR",
      "wrong.a": "ERROR",
      "after.isNull": "PRESENT",
    });
    expect(Object.keys(row.errors).sort()).toEqual(["failing.a", "failing.b", "wrong.a"]);
    expect(row.errors["failing.a"]).toMatchObject({
      code: "FEATURE_COMPUTE_FAILED",
      details: { feature: "failing" },
      cause: boom,
    });
    expect(row.errors["wrong.a"]!.cause).toMatchObject({ code: "INPUT_INVALID", details: { issues: [{ path: ["a"] }] } });
  });

  it("are not checked when the server is told so, but must answer an object", async () => {
    const loose = onDemandFeature({
      name: "loose",
      inputs: {},
      request: z.object({ answer: z.unknown() }),
      schema: z.object({ a: z.number() }),
      compute: (_, { answer }) => answer as { a: number },
    });
    const features = new FeatureServer({ views: [], onDemand: [loose], online: memoryOnline(), validate: "never" });
    const status = async (answer: unknown) => (await features.get({}, ["loose.a"], { request: { answer } })).status["loose.a"];
    expect(await status({ a: "text" })).toBe("PRESENT");
    expect(await status({})).toBe("NOT_FOUND");
    expect(await status(undefined)).toBe("ERROR");
  });
});

describe("a FeatureServer's definition", () => {
  it("lists every name that is used twice, and every input that is not listed", () => {
    const twin = featureView({ name: "spend", entity: "user", schema: z.object({ other: z.number() }) });
    const odd = onDemandFeature({
      name: "odd",
      inputs: { age: shop.feature("age") },
      schema: z.object({ a: z.number() }),
      compute: () => ({ a: 1 }),
    });
    const error = configError(() => new FeatureServer({ views: [spend, twin], onDemand: [odd], online: memoryOnline() }));
    expect(error.details.issues).toEqual([
      { path: ["spend"], message: "more than one source has this name" },
      { path: ["odd"], message: "reads shop.age, but the server does not list that source" },
    ]);
  });

  it("refuses two features of one reference", () => {
    const dotted = featureView({ name: "a.b", entity: "user", schema: z.object({ c: z.number() }) });
    const plain = featureView({ name: "a", entity: "user", schema: z.object({ "b.c": z.number() }) });
    const error = configError(() => new FeatureServer({ views: [dotted, plain], online: memoryOnline() }));
    expect(error.details.issues).toEqual([{ path: ["a"], message: "a.b.c is a feature of a.b, too" }]);
  });

  it("refuses on-demand features that need each other, with the path", () => {
    const one = onDemandFeature({ name: "one", inputs: {}, schema: z.object({ a: z.number() }), compute: () => ({ a: 1 }) });
    const two = onDemandFeature({
      name: "two",
      inputs: { a: one.feature("a") },
      schema: z.object({ a: z.number() }),
      compute: () => ({ a: 1 }),
    });
    // What the factories give cannot have a cycle, because a feature must exist before it is named; objects made by hand can.
    (one as { inputs: OnDemandFeature["inputs"] }).inputs = { a: two.feature("a") };
    const error = configError(() => new FeatureServer({ views: [], onDemand: [one, two], online: memoryOnline() }));
    expect(error.details.issues).toEqual([{ path: ["onDemand"], message: "a cycle: one needs two needs one" }]);
  });

  it("refuses options that are not valid, all at once", () => {
    const error = configError(() => new FeatureServer({ views: [{}], online: {}, validate: "often" } as never));
    expect(error.details.issues.map(({ path }) => path)).toEqual([["views", 0], ["online"], ["validate"]]);
    const view = configError(() => featureView({ name: "a b", entity: "", ttlMs: 0, schema: {} } as never));
    expect(view.details.issues.map(({ path }) => path)).toEqual([["name"], ["entity"], ["ttlMs"], ["schema"]]);
    const onDemand = configError(() => onDemandFeature({ name: "a", inputs: { x: "spend.x" }, schema: 1, compute: 2 } as never));
    expect(onDemand.details.issues.map(({ path }) => path)).toEqual([["inputs", "x"], ["schema"], ["compute"]]);
    const empty = configError(() => featureView({ name: "a", entity: "b", schema: z.object({}) }));
    expect(empty.details.issues).toMatchObject([{ path: ["features"] }]);
    const twice = configError(() =>
      featureView({ name: "a", entity: "b", schema: z.object({ x: z.number() }), features: ["x", "x"] }),
    );
    expect(twice.details.issues).toMatchObject([{ path: ["features"] }]);
  });
});

describe("a FeatureServer over a store that fails", () => {
  it("rejects with STORE_FAILED and never answers nulls", async () => {
    const online = flaky(memoryOnline(), { failEvery: 2 });
    const features = new FeatureServer({ views: [shop], online });
    await features.write(shop, [{ key: 1, values: { age: 1 } }]);
    await expect(features.get({ merchant: 1 }, ["shop.age"])).rejects.toMatchObject({ code: "STORE_FAILED" });
    expect((await features.get({ merchant: 1 }, ["shop.age"])).values).toEqual({ "shop.age": 1 });
    await expect(features.write(shop, [{ key: 1, values: { age: 2 } }])).rejects.toMatchObject({ code: "STORE_FAILED" });
    expect((await features.get({ merchant: 1 }, ["shop.age"])).values).toEqual({ "shop.age": 1 });
  });

  const adapter = (readMany: OnlineStore["readMany"]): OnlineStore => ({ ...memoryOnline(), name: "mine", readMany });

  it("wraps an error that the adapter did not", async () => {
    const refused = new Error("ECONNREFUSED");
    const features = new FeatureServer({ views: [shop], online: adapter(() => Promise.reject(refused)) });
    await expect(features.get({ merchant: 1 }, ["shop.age"])).rejects.toMatchObject({
      code: "STORE_FAILED",
      details: { store: "mine", operation: "readMany" },
      cause: refused,
    });
  });

  it("refuses an answer of the wrong length", async () => {
    const features = new FeatureServer({ views: [shop], online: adapter(async () => []) });
    await expect(features.get({ merchant: 1 }, ["shop.age"])).rejects.toMatchObject({
      code: "STORE_FAILED",
      message: "mine failed to readMany: it answered 0 rows for 1 keys",
    });
  });

  it("does not blame the input for a stored value that is damaged", async () => {
    const row = { view: "shop", key: "1", eventAtUs: 0, createdAtUs: 0, values: { age: { $bigint: "x" } } };
    const features = new FeatureServer({ views: [shop], online: adapter(async () => [row]) });
    await expect(features.get({ merchant: 1 }, ["shop.age"])).rejects.toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringMatching(/^mine failed to readMany: .*\$bigint is damaged/),
      cause: { code: "INPUT_INVALID" },
    });
  });

  it("rejects with the caller's reason on abort, and with DEADLINE_EXCEEDED in time", async () => {
    const clock = new FakeClock();
    const signals: (AbortSignal | undefined)[] = [];
    const online = adapter((_, call) => {
      signals.push(call?.signal);
      return new Promise(() => {});
    });
    const features = new FeatureServer({ views: [shop], online }, { clock });
    const controller = new AbortController();
    const aborted = features.get({ merchant: 1 }, ["shop.age"], { signal: controller.signal });
    controller.abort("stop");
    await expect(aborted).rejects.toBe("stop");
    const late = features.get({ merchant: 1 }, ["shop.age"], { timeoutMs: 20 });
    const failed = expect(late).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED", details: { timeoutMs: 20 } });
    await clock.advanceAsync(20);
    await failed;
    expect(signals.map((signal) => signal?.aborted)).toEqual([true, true]);
    expect(clock.pending).toBe(0);
  });
});

describe("FeatureServer.close", () => {
  it("refuses new calls and leaves the store open", async () => {
    const { features, online } = setup();
    await features.close();
    await features[Symbol.asyncDispose]();
    await expect(features.get({ merchant: 1 }, ["shop.age"])).rejects.toMatchObject({ code: "CLOSED" });
    await expect(features.write(shop, [])).rejects.toMatchObject({ code: "CLOSED" });
    expect(await online.readMany([])).toEqual([]);
  });
});
