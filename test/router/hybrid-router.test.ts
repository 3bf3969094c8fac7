import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { Metrics } from "../../src/core/metrics.ts";
import type { Predictor } from "../../src/core/model.ts";
import { prometheusText } from "../../src/core/prometheus.ts";
import { HybridRouter, type Route, type RouteExhausted } from "../../src/router/index.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { type FakePredictorOptions, fakePredictor } from "../../src/testing/fake-predictor.ts";
import { flaky } from "../../src/testing/flaky.ts";
import { openPredictor } from "./open-predictor.ts";

const broken = () =>
  new ModelwrightError("MODEL_RUN_FAILED", "the engine broke", { details: { provider: "fake" }, retryable: true });

function setup() {
  const clock = new FakeClock();
  const fake = (name: string, options: Partial<FakePredictorOptions<number, number>> = {}) =>
    fakePredictor<number, number>({ name, answer: (input) => input * 2, clock, ...options });
  return { clock, fake, runtime: { clock, logger: silentLogger } };
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("expected a failure");
}

/** The attempts that a failure tells of. */
function exhaustedAttempts(error: unknown) {
  const exhausted = ModelwrightError.is(error, "DEADLINE_EXCEEDED") ? error.cause : error;
  if (ModelwrightError.is(exhausted, "ROUTER_EXHAUSTED")) return exhausted.details.attempts;
  throw error;
}

describe("HybridRouter", () => {
  it("answers with the first target and says so", async () => {
    const { clock, fake, runtime } = setup();
    const [edge, cloud] = [fake("edge-model", { latencyMs: 20 }), fake("cloud-model")];
    const router = new HybridRouter({ targets: { edge: { predictor: edge }, cloud: { predictor: cloud } } }, runtime);
    const answer = router.predict(21);
    await clock.advanceAsync(20);
    expect(await answer).toEqual({
      output: 42,
      model: { name: "edge-model" },
      provider: "fake",
      input: 21,
      route: {
        target: "edge",
        fallback: false,
        attempts: [{ target: "edge", outcome: "answered", latencyMs: 20 }],
        deadlineMs: undefined,
      },
    });
    expect(cloud.calls).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it("follows the order of the policy and leaves out targets that it does not name", async () => {
    const { fake, runtime } = setup();
    const [edge, cloud, spare] = [fake("edge", { failWith: broken }), fake("cloud", { failWith: broken }), fake("spare")];
    const targets = { edge: { predictor: edge }, cloud: { predictor: cloud }, spare: { predictor: spare } };
    const router = new HybridRouter({ targets, policy: { order: ["cloud", "edge"] } }, runtime);
    const error = await failure(router.predict(1));
    expect(error).toMatchObject({ code: "ROUTER_EXHAUSTED" });
    expect((error as ModelwrightError<"ROUTER_EXHAUSTED">).details.attempts.map(({ target }) => target)).toEqual([
      "cloud",
      "edge",
    ]);
    expect(spare.calls).toEqual([]);
  });

  it("asks the next target when one fails, and tells who listens after the answer", async () => {
    const { fake, runtime } = setup();
    const router = new HybridRouter(
      { targets: { edge: { predictor: fake("edge", { failWith: broken }) }, cloud: { predictor: fake("cloud") } } },
      runtime,
    );
    const seen: Route[] = [];
    router.onFallback((route) => void seen.push(route));
    const { output, route } = await router.predict(3);
    expect(output).toBe(6);
    expect(route).toEqual({
      target: "cloud",
      fallback: true,
      attempts: [
        { target: "edge", outcome: "failed", latencyMs: 0, code: "MODEL_RUN_FAILED", message: "the engine broke" },
        { target: "cloud", outcome: "answered", latencyMs: 0 },
      ],
      deadlineMs: undefined,
    });
    expect(seen).toEqual([route]);
  });

  it("asks the next target when one uses up its own time, aborts it and drops its late answer", async () => {
    const { clock, runtime } = setup();
    const [edge, cloud] = [openPredictor("edge"), openPredictor("cloud")];
    const router = new HybridRouter(
      { targets: { edge: { predictor: edge, timeoutMs: 50 }, cloud: { predictor: cloud } } },
      runtime,
    );
    const answer = router.predict(1);
    await clock.advanceAsync(49);
    expect(edge.calls[0]!.call).toMatchObject({ timeoutMs: 50, signal: { aborted: false } });
    expect(cloud.calls).toHaveLength(0);
    await clock.advanceAsync(1);
    expect(edge.calls[0]!.call!.signal!.aborted).toBe(true);
    edge.calls[0]!.answer(-1);
    cloud.calls[0]!.answer(7);
    const { output, route } = await answer;
    expect(output).toBe(7);
    expect(route.attempts).toMatchObject([
      { target: "edge", outcome: "timed_out", latencyMs: 50, code: "DEADLINE_EXCEEDED" },
      { target: "cloud", outcome: "answered", latencyMs: 0 },
    ]);
    expect(clock.pending).toBe(0);
  });

  it("handles the late failure of a target that it has left", async () => {
    const { clock, runtime } = setup();
    const [edge, cloud] = [openPredictor("edge"), openPredictor("cloud")];
    const router = new HybridRouter(
      { targets: { edge: { predictor: edge, timeoutMs: 5 }, cloud: { predictor: cloud } } },
      runtime,
    );
    const unhandled: unknown[] = [];
    const listener = (reason: unknown) => void unhandled.push(reason);
    process.on("unhandledRejection", listener);
    const answer = router.predict(1);
    await clock.advanceAsync(5);
    edge.calls[0]!.fail(new Error("too late"));
    cloud.calls[0]!.answer(7);
    await turn();
    await turn();
    process.off("unhandledRejection", listener);
    expect((await answer).output).toBe(7);
    expect(unhandled).toEqual([]);
  });

  it("keeps time for every later target under the deadline", async () => {
    const { clock, fake, runtime } = setup();
    const slow = { latencyMs: 1_000 };
    const router = new HybridRouter(
      {
        targets: {
          a: { predictor: fake("a", slow) },
          b: { predictor: fake("b", slow) },
          c: { predictor: fake("c", { latencyMs: 99 }) },
        },
        policy: { deadlineMs: 300 },
      },
      runtime,
    );
    const answer = router.predict(1);
    await clock.advanceAsync(300);
    expect((await answer).route).toMatchObject({
      target: "c",
      deadlineMs: 300,
      attempts: [
        { outcome: "timed_out", latencyMs: 100 },
        { outcome: "timed_out", latencyMs: 100 },
        { outcome: "answered", latencyMs: 99 },
      ],
    });
  });

  it("takes the lesser of the policy's deadline and the caller's limit", async () => {
    const { fake, runtime } = setup();
    const targets = { edge: { predictor: fake("edge") } };
    const deadline = async (deadlineMs: number | undefined, timeoutMs: number | undefined) =>
      (await new HybridRouter({ targets, policy: { deadlineMs } }, runtime).predict(1, { timeoutMs })).route.deadlineMs;
    expect(await deadline(100, 40)).toBe(40);
    expect(await deadline(40, 100)).toBe(40);
    expect(await deadline(undefined, 100)).toBe(100);
    expect(await deadline(undefined, undefined)).toBeUndefined();
  });

  it("rejects with ROUTER_EXHAUSTED and every reason when all targets fail", async () => {
    const { clock, fake, runtime } = setup();
    const offline = new TypeError("offline");
    const router = new HybridRouter(
      {
        targets: {
          edge: { predictor: fake("edge", { latencyMs: 9 }), timeoutMs: 5 },
          cloud: { predictor: fake("cloud", { failWith: () => offline }) },
        },
        policy: { deadlineMs: 100 },
      },
      runtime,
    );
    const seen: RouteExhausted[] = [];
    router.onExhausted((payload) => void seen.push(payload));
    const failed = failure(router.predict(1));
    await clock.advanceAsync(5);
    const error = await failed;
    expect(error).toMatchObject({
      code: "ROUTER_EXHAUSTED",
      message:
        "No target of router has answered: edge timed_out (No answer within 5 ms; allow more time or make the work smaller); cloud failed (offline)",
      retryable: true,
      details: {
        attempts: [
          { target: "edge", outcome: "timed_out", code: "DEADLINE_EXCEEDED" },
          { target: "cloud", outcome: "failed", code: undefined },
        ],
      },
      cause: { errors: [{ code: "DEADLINE_EXCEEDED" }, offline] },
    });
    expect(seen).toMatchObject([{ deadlineMs: 100, attempts: [{ latencyMs: 5 }, { message: "offline" }] }]);
    expect(seen[0]!.error).toBe(error);
  });

  it("rejects with DEADLINE_EXCEEDED when the deadline has passed", async () => {
    const { clock, fake, runtime } = setup();
    const slow = { latencyMs: 1_000 };
    const router = new HybridRouter(
      {
        targets: { edge: { predictor: fake("edge", slow) }, cloud: { predictor: fake("cloud", slow) } },
        policy: { deadlineMs: 80 },
      },
      runtime,
    );
    const codes: string[] = [];
    router.onExhausted(({ error }) => void codes.push(error.code));
    const failed = failure(router.predict(1));
    await clock.advanceAsync(80);
    expect(await failed).toMatchObject({
      code: "DEADLINE_EXCEEDED",
      details: { timeoutMs: 80 },
      cause: { code: "ROUTER_EXHAUSTED", details: { attempts: [{ outcome: "timed_out" }, { outcome: "timed_out" }] } },
    });
    expect(codes).toEqual(["DEADLINE_EXCEEDED"]);
    expect(clock.pending).toBe(0);
  });

  it("skips targets whose turn comes after the deadline", async () => {
    const { clock, fake, runtime } = setup();
    const blocking: Predictor<number, number> = {
      spec: "predictor/1",
      name: "blocking",
      predict: async () => {
        clock.advance(11);
        throw broken();
      },
    };
    const cloud = fake("cloud");
    const router = new HybridRouter(
      { targets: { edge: { predictor: blocking }, cloud: { predictor: cloud } }, policy: { deadlineMs: 10 } },
      runtime,
    );
    expect(await failure(router.predict(1))).toMatchObject({
      code: "DEADLINE_EXCEEDED",
      cause: {
        details: {
          attempts: [
            { target: "edge", outcome: "timed_out" },
            { target: "cloud", outcome: "skipped", code: undefined },
          ],
        },
      },
    });
    expect(cloud.calls).toEqual([]);
  });

  it("asks nobody when the caller allows no time", async () => {
    const { fake, runtime } = setup();
    const edge = fake("edge");
    const router = new HybridRouter({ targets: { edge: { predictor: edge } } }, runtime);
    expect(await failure(router.predict(1, { timeoutMs: 0 }))).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(edge.calls).toEqual([]);
  });

  it("takes the time limit of a predictor's own for a time-out, not for the deadline", async () => {
    const { fake, runtime } = setup();
    const own = new ModelwrightError("DEADLINE_EXCEEDED", "its own limit", { details: { timeoutMs: 5 } });
    const router = new HybridRouter(
      { targets: { edge: { predictor: fake("edge", { failWith: () => own }) } }, policy: { deadlineMs: 100 } },
      runtime,
    );
    expect(await failure(router.predict(1))).toMatchObject({
      code: "ROUTER_EXHAUSTED",
      details: { attempts: [{ target: "edge", outcome: "timed_out", code: "DEADLINE_EXCEEDED" }] },
    });
  });

  it("rethrows what is the input's fault and asks nobody else", async () => {
    const { fake, runtime } = setup();
    const fault = new ModelwrightError("INPUT_SHAPE", "wrong shape", {
      details: { input: "x", expected: "[1, 30]", given: "[1, 29]" },
    });
    const cloud = fake("cloud");
    const router = new HybridRouter(
      { targets: { edge: { predictor: fake("edge", { failWith: () => fault }) }, cloud: { predictor: cloud } } },
      runtime,
    );
    let exhausted = 0;
    router.onExhausted(() => void exhausted++);
    expect(await failure(router.predict(1))).toBe(fault);
    expect(cloud.calls).toEqual([]);
    expect(exhausted).toBe(0);
  });

  it.each([undefined, 1_000])(
    "rejects with the caller's reason on abort, deadline %s, and asks nobody else",
    async (deadlineMs) => {
      const { clock, fake, runtime } = setup();
      const edge = openPredictor("edge");
      const cloud = fake("cloud");
      const router = new HybridRouter(
        { targets: { edge: { predictor: edge }, cloud: { predictor: cloud } }, policy: { deadlineMs } },
        runtime,
      );
      const controller = new AbortController();
      const reason = { changed: "my mind" };
      const failed = failure(router.predict(1, { signal: controller.signal }));
      controller.abort(reason);
      expect(await failed).toBe(reason);
      expect(edge.calls[0]!.call!.signal!.reason).toBe(reason);
      expect(cloud.calls).toEqual([]);
      expect(clock.pending).toBe(0);
      expect(await failure(router.predict(1, { signal: controller.signal }))).toBe(reason);
      expect(edge.calls).toHaveLength(1);
    },
  );

  it("stops at the abort also when the target fails for another reason because of it", async () => {
    const { fake, runtime } = setup();
    const controller = new AbortController();
    const edge: Predictor<number, number> = {
      spec: "predictor/1",
      name: "edge",
      async predict() {
        controller.abort("stop");
        throw broken();
      },
    };
    const cloud = fake("cloud");
    const router = new HybridRouter({ targets: { edge: { predictor: edge }, cloud: { predictor: cloud } } }, runtime);
    expect(await failure(router.predict(1, { signal: controller.signal }))).toBe("stop");
    expect(cloud.calls).toEqual([]);
  });

  it.each([
    [
      "throws at once",
      () => {
        throw new Error("boom");
      },
    ],
    ["answers nothing", async () => undefined],
    ["rejects with no error", () => Promise.reject("boom")],
  ])("falls back from a predictor that %s", async (_, predict) => {
    const { fake, runtime } = setup();
    const bad = { spec: "predictor/1", name: "bad", predict } as unknown as Predictor<number, number>;
    const router = new HybridRouter({ targets: { bad: { predictor: bad }, good: { predictor: fake("good") } } }, runtime);
    const { output, route } = await router.predict(4);
    expect(output).toBe(8);
    expect(route.attempts[0]).toMatchObject({ target: "bad", outcome: "failed", message: expect.stringMatching(/./) });
  });

  it("answers every call while a target fails every third one", async () => {
    const { fake, runtime } = setup();
    const edge = flaky(fake("edge"), { failEvery: 3, error: broken });
    const router = new HybridRouter({ targets: { edge: { predictor: edge }, cloud: { predictor: fake("cloud") } } }, runtime);
    const targets: string[] = [];
    for (let i = 0; i < 9; i++) {
      const { output, route } = await router.predict(i);
      expect(output).toBe(i * 2);
      targets.push(route.target);
    }
    expect(targets.map((target) => target[0]).join("")).toBe("eeceeceec");
  });

  it("answers with the first target that can, whatever the others do, and within the deadline", async () => {
    const behaviour = fc.constantFrom("answers", "fails", "hangs");
    await fc.assert(
      fc.asyncProperty(fc.array(behaviour, { minLength: 1, maxLength: 5 }), fc.boolean(), async (behaviours, limited) => {
        const { clock, fake, runtime } = setup();
        const targets = Object.fromEntries(
          behaviours.map((what, i) => [
            `t${i}`,
            {
              predictor: fake(`t${i}`, {
                latencyMs: what === "hangs" ? 10_000 : 1,
                failWith: () => (what === "fails" ? broken() : undefined),
              }),
              timeoutMs: limited ? 50 : undefined,
            },
          ]),
        );
        const router = new HybridRouter({ targets, policy: { deadlineMs: 100 } }, runtime);
        const settled = router.predict(1).then(({ route }) => route.attempts, exhaustedAttempts);
        await clock.advanceAsync(100);
        const attempts = await settled;
        const first = behaviours.indexOf("answers");
        const outcome = { answers: "answered", fails: "failed", hangs: "timed_out" };
        expect(attempts.map((attempt) => attempt.outcome)).toEqual(
          behaviours.slice(0, first < 0 ? undefined : first + 1).map((what) => outcome[what as keyof typeof outcome]),
        );
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it("is a predictor, so that routers nest", async () => {
    const { fake, runtime } = setup();
    const inner = new HybridRouter(
      {
        name: "region",
        targets: { a: { predictor: fake("a", { failWith: broken }) }, b: { predictor: fake("b", { failWith: broken }) } },
      },
      runtime,
    );
    const router = new HybridRouter({ targets: { region: { predictor: inner }, cloud: { predictor: fake("cloud") } } }, runtime);
    const { route } = await router.predict(1);
    expect(route.attempts).toMatchObject([{ target: "region", code: "ROUTER_EXHAUSTED" }, { target: "cloud" }]);
  });

  it("does not let a listener that throws spoil the answer", async () => {
    const { fake, runtime } = setup();
    const router = new HybridRouter(
      { targets: { edge: { predictor: fake("edge", { failWith: broken }) }, cloud: { predictor: fake("cloud") } } },
      runtime,
    );
    router.onFallback(() => {
      throw new Error("listener");
    });
    expect((await router.predict(2)).output).toBe(4);
  });

  it("waits for running calls on close, then refuses new ones and leaves the predictors open", async () => {
    const { runtime } = setup();
    const edge = openPredictor("edge");
    const router = new HybridRouter({ name: "fraud", targets: { edge: { predictor: edge } } }, runtime);
    const answer = router.predict(1);
    let closed = false;
    const closing = router.close().then(() => {
      closed = true;
    });
    await turn();
    expect(closed).toBe(false);
    edge.calls[0]!.answer(5);
    expect((await answer).output).toBe(5);
    await closing;
    expect(await failure(router.predict(1))).toMatchObject({ code: "CLOSED", details: { subject: "fraud" } });
    await router[Symbol.asyncDispose]();
    void edge.predict(1);
    expect(edge.calls).toHaveLength(2);
  });

  it("counts turns by target and outcome, and the latency of answers in seconds", async () => {
    const { clock, fake, runtime } = setup();
    const metrics = new Metrics();
    const fault = new ModelwrightError("INPUT_INVALID", "bad", { details: { subject: "x", issues: [] } });
    const edge = fake("edge", {
      latencyMs: 1_000,
      failWith: (input) => (input === 0 ? undefined : input === 1 ? fault : broken()),
    });
    const router = new HybridRouter(
      { targets: { edge: { predictor: edge }, cloud: { predictor: fake("cloud") } }, metrics },
      runtime,
    );
    for (const input of [0, 1, 2]) {
      const settled = router.predict(input).then(
        () => "answered",
        () => "refused",
      );
      await clock.advanceAsync(1_000);
      await settled;
    }
    const aborted = failure(router.predict(0, { signal: AbortSignal.abort() }));
    const controller = new AbortController();
    const stopped = failure(router.predict(0, { signal: controller.signal }));
    controller.abort();
    await aborted;
    await stopped;
    const text = prometheusText(metrics);
    const lines = text.split("\n").filter((line) => line.startsWith("modelwright_router_attempts_total") && !line.endsWith(" 0"));
    expect(lines).toEqual([
      'modelwright_router_attempts_total{target="edge",outcome="answered"} 1',
      'modelwright_router_attempts_total{target="edge",outcome="failed"} 1',
      'modelwright_router_attempts_total{target="edge",outcome="refused"} 1',
      'modelwright_router_attempts_total{target="edge",outcome="aborted"} 1',
      'modelwright_router_attempts_total{target="cloud",outcome="answered"} 1',
    ]);
    expect(text).toContain('modelwright_router_latency_seconds_sum{target="edge"} 1\n');
    expect(text).toContain('modelwright_router_latency_seconds_count{target="edge"} 1\n');
  });

  it.each([
    ["no target", { targets: {} }, [["targets"]]],
    ["something that is no predictor", { targets: { edge: { predictor: {} } } }, [["targets", "edge", "predictor"]]],
    [
      "several mistakes at once",
      { targets: { a: { predictor: openPredictor("a"), timeoutMs: 0 } }, policy: { order: [], deadlineMs: -1 }, metrics: {} },
      [["targets", "a", "timeoutMs"], ["policy", "order"], ["policy", "deadlineMs"], ["metrics"]],
    ],
    [
      "a policy that names an unknown target, and one twice",
      { targets: { a: { predictor: openPredictor("a") } }, policy: { order: ["b", "a", "a"] } },
      [
        ["policy", "order", 0],
        ["policy", "order", 2],
      ],
    ],
    ["a misspelt option", { targets: { a: { predictor: openPredictor("a") } }, polcy: {} }, [[]]],
  ])("refuses %s", (_, options, paths) => {
    let error: unknown;
    try {
      new HybridRouter(options as never);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: "CONFIG_INVALID", details: { subject: "HybridRouter" } });
    expect((error as ModelwrightError<"CONFIG_INVALID">).details.issues.map(({ path }) => path)).toEqual(paths);
  });
});
