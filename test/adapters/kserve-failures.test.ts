import { createServer as createTcpServer, type Server } from "node:net";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type KServeOptions, kserve } from "../../src/adapters/kserve/index.ts";
import type { Runtime } from "../../src/core/call.ts";
import { elementTypes } from "../../src/core/element-type.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { type Tensor, tensor } from "../../src/core/tensor.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { type V2Fault, V2Server } from "./fixtures/v2-server.ts";

const infer = /\/infer$/;
/** Waits between tries last no time, unless the server asks for one. */
const atOnce = { random: { next: () => 0, uint32: () => 0 } };
const x = tensor("float32", Float32Array.of(1, 2), [2]);
let server: V2Server;

beforeAll(async () => {
  server = await V2Server.start();
  const values = (name: string) => [{ name, datatype: "FP32", shape: [-1] }];
  server.add("echo", { inputs: values("x"), outputs: values("y"), run: ({ x }) => ({ y: x! }) });
});
afterEach(() => server.heal());
afterAll(() => server[Symbol.asyncDispose]());

const provider = (options: Partial<KServeOptions> = {}, runtime: Pick<Runtime, "clock" | "random"> = atOnce) =>
  kserve({ url: server.url, model: "echo", tensors: "binary", ...options }, runtime);
const load = (options: Partial<KServeOptions> = {}, runtime?: Pick<Runtime, "clock" | "random">) =>
  provider(options, runtime).load({ identity: {}, bytes: new Uint8Array() });

/** How a run ends that meets `fault` so many times, and how many requests it made. */
async function meeting(fault: V2Fault, times: number, options: Partial<KServeOptions> = {}, runtime?: typeof atOnce) {
  await using executor = await load(options, runtime);
  const before = server.requests.length;
  server.fail(infer, fault, times);
  const settled = await executor.run({ x }, []).then(
    ({ outputs }) => ({ outputs, error: undefined }),
    (error: ModelwrightError) => ({ outputs: undefined, error }),
  );
  return { ...settled, requests: server.requests.length - before };
}

const status = (code: number, error?: string, headers: Readonly<Record<string, string>> = {}): V2Fault => {
  const body = Buffer.from(error === undefined ? "<h1>Sorry</h1>" : JSON.stringify({ error }));
  return () => ({ status: code, headers, body });
};

describe("kserve retries", () => {
  it.each([408, 425, 429, 502, 503, 504])("asks again after HTTP %d, and answers", async (code) => {
    const { outputs, requests } = await meeting(status(code, "busy"), 2);
    expect(outputs).toEqual({ y: x });
    expect(requests).toBe(3);
  });

  it("gives up after its attempts, with an error that may be tried again", async () => {
    const { error, requests } = await meeting(status(503, "Exceeds maximum queue size"), 5, { attempts: 4 });
    expect(requests).toBe(4);
    expect(error).toMatchObject({ code: "MODEL_UNAVAILABLE", retryable: true, details: { status: 503 } });
    expect(error?.message).toMatch(/^kserve\/127\.0\.0\.1:\d+ failed to run the model: HTTP 503: Exceeds maximum queue size$/);
  });

  it.each([
    ["400", status(400, "inference input 'x' has no such shape"), "MODEL_RUN_FAILED"],
    ["422", status(422, "not that"), "MODEL_RUN_FAILED"],
    ["413", status(413), "MODEL_RUN_FAILED"],
    ["500 of the model", status(500, "onnx runtime error 2: Got invalid dimensions"), "MODEL_RUN_FAILED"],
    ["501", status(501, "decoupled"), "MODEL_RUN_FAILED"],
    ["401", status(401, "no"), "MODEL_UNAVAILABLE"],
    ["403", status(403), "MODEL_UNAVAILABLE"],
    ["404", status(404, "unknown model"), "MODEL_UNAVAILABLE"],
    ["a redirect", status(307, undefined, { location: "http://127.0.0.1:1/" }), "MODEL_UNAVAILABLE"],
  ])("does not ask again after %s", async (_, fault, code) => {
    const { error, requests } = await meeting(fault, 1);
    expect([error?.code, error?.retryable, requests]).toEqual([code, false, 1]);
  });

  it("takes a 500 without a word for a proxy's, which may pass", async () => {
    expect(await meeting(status(500), 1)).toMatchObject({ outputs: { y: x }, requests: 2 });
  });

  it.each([
    ["seconds", () => "2"],
    ["a date", (clock: FakeClock) => new Date(clock.now() + 2000).toUTCString()],
  ])("waits as long as the server asks for in %s", async (_, header) => {
    const delays: number[] = [];
    const clock = new (class extends FakeClock {
      override schedule(delayMs: number, task: () => void): Disposable {
        delays.push(delayMs);
        return super.schedule(delayMs, task);
      }
    })();
    await using executor = await load({}, { ...atOnce, clock });
    server.fail(infer, status(503, "later", { "retry-after": header(clock) }));
    const before = server.requests.length;
    const run = executor.run({ x }, []);
    const asked = () => server.requests.length - before;
    while (!delays.includes(2000)) {
      await clock.advanceAsync(0);
      await new Promise(setImmediate);
    }
    await clock.advanceAsync(1999);
    expect(asked()).toBe(1);
    await clock.advanceAsync(1);
    expect((await run).outputs).toEqual({ y: x });
    expect(asked()).toBe(2);
    expect(clock.pending).toBe(0);
  });

  it("does not wait for a server that asks for longer than 30 s", async () => {
    const { error, requests } = await meeting(status(503, "maintenance", { "retry-after": "31" }), 1);
    expect([error?.code, error?.retryable, requests]).toEqual(["MODEL_UNAVAILABLE", true, 1]);
  });

  it("asks again after a connection that broke, before the answer or within it", async () => {
    const faults: readonly V2Fault[] = [
      (_, response) => void response.destroy(),
      ({ headers, body }, response) => {
        response.writeHead(200, { ...headers, "content-length": String(body.length) });
        response.write(body.subarray(0, body.length - 3), () => response.destroy());
        return undefined;
      },
      ({ headers, body }, response) => {
        response.writeHead(200, { ...headers });
        response.write(body.subarray(0, 10), () => response.destroy());
        return undefined;
      },
      // Whole for HTTP, but not all of it.
      (answer) => ({ ...answer, body: answer.body.subarray(0, -1) }),
      (answer) => ({ ...answer, body: answer.body.subarray(0, 20) }),
    ];
    for (const fault of faults) expect(await meeting(fault, 2)).toMatchObject({ outputs: { y: x }, requests: 3 });
    const half: V2Fault = (answer) => ({ ...answer, body: answer.body.subarray(0, answer.body.length / 2) });
    expect(await meeting(half, 1, { tensors: "json" })).toMatchObject({ outputs: { y: x }, requests: 2 });
  });

  it("tries again when a try takes too long, and cancels it", async () => {
    const clock = new FakeClock();
    await using executor = await load({ attemptTimeoutMs: 500 }, { ...atOnce, clock });
    const before = server.requests.length;
    server.fail(infer, () => undefined);
    const run = executor.run({ x }, []);
    const slow = (await server.received(infer, server.requests.filter(({ path }) => infer.test(path)).length + 1)).at(-1)!;
    await clock.advanceAsync(499);
    expect(slow.cancelled).toBe(false);
    await clock.advanceAsync(1);
    while (clock.pending === 0) await new Promise(setImmediate);
    await clock.advanceAsync(0);
    expect((await run).outputs).toEqual({ y: x });
    expect(server.requests.length - before).toBe(2);
    while (!slow.cancelled) await new Promise(setImmediate);
  });
});

describe("kserve calls", () => {
  const hanging: V2Fault = () => undefined;
  const next = () => server.received(infer, server.requests.filter(({ path }) => infer.test(path)).length + 1);

  it("cancels the request when the caller aborts, and rejects with the caller's reason", async () => {
    await using executor = await load();
    const controller = new AbortController();
    server.fail(infer, hanging);
    const run = executor.run({ x }, [], { signal: controller.signal });
    const request = (await next()).at(-1)!;
    const reason = new RangeError("stop");
    controller.abort(reason);
    await expect(run).rejects.toBe(reason);
    while (!request.cancelled) await new Promise(setImmediate);
    expect((await executor.run({ x }, [])).outputs).toEqual({ y: x });
  });

  it("cancels the request when the caller's time is over", async () => {
    const clock = new FakeClock();
    await using executor = await load({}, { clock });
    server.fail(infer, hanging);
    const run = executor.run({ x }, [], { timeoutMs: 100 });
    const request = (await next()).at(-1)!;
    const failed = expect(run).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED", details: { timeoutMs: 100 } });
    clock.advance(100);
    await failed;
    while (!request.cancelled) await new Promise(setImmediate);
    expect(clock.pending).toBe(0);
  });

  it("ends the waiting between tries when the caller aborts", async () => {
    const clock = new FakeClock();
    await using executor = await load({}, { random: { next: () => 0.5, uint32: () => 0 }, clock });
    const controller = new AbortController();
    server.fail(infer, status(503, "busy"));
    const before = server.requests.length;
    const run = executor.run({ x }, [], { signal: controller.signal });
    await next();
    while (clock.pending !== 1) await new Promise(setImmediate);
    controller.abort(new RangeError("stop"));
    await expect(run).rejects.toBe(controller.signal.reason);
    expect([server.requests.length - before, clock.pending]).toEqual([1, 0]);
  });

  it("leaves a run that waits for a place when it is aborted, and the others go on", async () => {
    await using executor = await load({ concurrency: 1 });
    const answers: (() => void)[] = [];
    server.fail(infer, (answer) => new Promise((resolve) => answers.push(() => resolve(answer))));
    const first = executor.run({ x }, []);
    await next();
    const controller = new AbortController();
    const before = server.requests.length;
    const second = executor.run({ x }, [], { signal: controller.signal });
    controller.abort(new RangeError("stop"));
    await expect(second).rejects.toBe(controller.signal.reason);
    while (answers.length === 0) await new Promise(setImmediate);
    answers[0]!();
    expect((await first).outputs).toEqual({ y: x });
    expect(server.requests.length).toBe(before);
  });

  it("keeps open until a run that has begun has ended", async () => {
    const executor = await load();
    let answer: (() => void) | undefined;
    server.fail(infer, (given) => new Promise((resolve) => (answer = () => resolve(given))));
    const run = executor.run({ x }, []);
    await next();
    let closed = false;
    const closing = executor[Symbol.asyncDispose]().then(() => {
      closed = true;
    });
    await expect(executor.run({ x }, [])).rejects.toMatchObject({ code: "CLOSED" });
    while (answer === undefined) await new Promise(setImmediate);
    expect(closed).toBe(false);
    answer();
    expect((await run).outputs).toEqual({ y: x });
    await closing;
  });
});

describe("kserve errors", () => {
  it("repeats what the server says, bounded, without the headers' values", async () => {
    const headers = { authorization: "Bearer tok-1234567", "x-api-key": "key-abcdef" };
    const said = `bad token tok-1234567 of Bearer tok-1234567, key-abcdef ${"y".repeat(490)}tok-1234567`;
    for (const code of [400, 403, 503]) {
      const { error } = await meeting(status(code, said), code === 503 ? 3 : 1, { headers });
      expect(error?.message).toContain(`HTTP ${code}: bad token *** of ***, ***`);
      expect(`${error?.message} ${JSON.stringify(error)} ${String(error?.cause)}`).not.toMatch(/tok-12|key-abc/);
      expect(error!.message.length).toBeLessThan(700);
    }
  });

  it("says what to do", async () => {
    expect((await meeting(status(404), 1)).error?.message).toMatch(/HTTP 404; check url, model and version/);
    expect((await meeting(status(401), 1)).error?.message).toMatch(/HTTP 401; check the token in headers/);
    expect((await meeting(status(302, undefined, { location: "/x" }), 1)).error?.message).toMatch(
      /another place; give that place as url/,
    );
  });

  it("reads the words of servers that put them elsewhere", async () => {
    const detail: V2Fault = () => ({ status: 422, headers: {}, body: Buffer.from('{"detail":[{"msg":"field required"}]}') });
    expect((await meeting(detail, 1)).error?.message).toContain("field required");
    const none: V2Fault = () => ({ status: 400, headers: {}, body: Buffer.from("null") });
    expect((await meeting(none, 1)).error?.message).toMatch(/HTTP 400$/);
  });

  it("does not take the token to where a redirect leads", async () => {
    await using elsewhere = await V2Server.start();
    const { error } = await meeting(status(308, undefined, { location: elsewhere.url }), 1, {
      headers: { authorization: "Bearer abc" },
    });
    expect(error?.code).toBe("MODEL_UNAVAILABLE");
    expect(elsewhere.requests).toEqual([]);
  });

  it("fails a run when the function for the headers fails, or answers what is no header", async () => {
    let answer = async (): Promise<Record<string, string>> => ({});
    await using executor = await load({ headers: () => answer() });
    const cause = new Error("no identity provider");
    answer = () => Promise.reject(cause);
    await expect(executor.run({ x }, [])).rejects.toMatchObject({ code: "MODEL_UNAVAILABLE", retryable: false, cause });
    answer = async () => ({ authorization: "hunter2hunter2\n" });
    const failure = await executor.run({ x }, []).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "CONFIG_INVALID" });
    expect(String(failure)).not.toContain("hunter2");
  });
});

describe("kserve load", () => {
  const metadata = /models\/echo$/;
  const failing = async (fault: V2Fault, path = metadata, options: Partial<KServeOptions> = {}) => {
    server.fail(path, fault, 1);
    return load({ attempts: 1, ...options }).then(
      () => undefined,
      (error: ModelwrightError) => error,
    );
  };

  it("rejects with MODEL_UNAVAILABLE when no server answers, so that the next provider is tried", async () => {
    const down = await V2Server.start();
    await down[Symbol.asyncDispose]();
    const failure = await load({ url: down.url, tensors: "auto" }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "MODEL_UNAVAILABLE", retryable: true, details: { status: undefined } });
    expect(String(failure)).toMatch(/ECONNREFUSED/);
  });

  it("rejects with MODEL_UNAVAILABLE for a model that the server does not have", async () => {
    await expect(load({ model: "nope" })).rejects.toMatchObject({
      code: "MODEL_UNAVAILABLE",
      retryable: false,
      details: { status: 404 },
      message: expect.stringMatching(
        /metadata: HTTP 404: Request for unknown model: 'nope' is not found; check url, model and version/,
      ),
    });
    expect(await failing(status(400, "no available versions"))).toMatchObject({
      code: "MODEL_UNAVAILABLE",
      details: { status: 400 },
    });
  });

  it("rejects when the model is not ready, by status or in words, after it has asked again", async () => {
    const ready = /echo\/ready$/;
    for (const code of [400, 503]) {
      expect(await failing(status(code), ready)).toMatchObject({ code: "MODEL_UNAVAILABLE", retryable: true });
    }
    const words: V2Fault = () => ({ status: 200, headers: {}, body: Buffer.from('{"name":"echo","ready":false}') });
    const failure = await failing(words, ready);
    expect(failure).toMatchObject({ code: "MODEL_UNAVAILABLE", message: expect.stringContaining("it is not ready yet") });
    server.fail(ready, words, 2);
    await using executor = await load({ attempts: 3 });
    expect(executor.provider).toContain("kserve/");
  });

  it.each([404, 405, 501])("takes the metadata's word where the server cannot be asked for readiness (%d)", async (code) => {
    expect(await failing(status(code), /echo\/ready$/)).toBeUndefined();
  });

  it("takes JSON where it may not ask what the server can do", async () => {
    expect(await failing(status(403, "restricted"), /v2$/, { tensors: "auto" })).toBeUndefined();
  });

  it.each([
    ["no JSON", "<html>"],
    ["a list", "[]"],
    ["no inputs", '{"outputs":[{"name":"y","datatype":"FP32","shape":[1]}]}'],
    ["empty inputs, as of MLServer", '{"inputs":[],"outputs":[{"name":"y","datatype":"FP32","shape":[1]}]}'],
    ["no outputs", '{"inputs":[{"name":"x","datatype":"FP32","shape":[1]}],"outputs":null}'],
    ["an unknown type", '{"inputs":[{"name":"x","datatype":"FP8","shape":[1]}],"outputs":[{"name":"y","datatype":"FP32"}]}'],
    [
      "a name twice",
      '{"inputs":[{"name":"x","datatype":"FP32"},{"name":"x","datatype":"FP32"}],"outputs":[{"name":"y","datatype":"FP32"}]}',
    ],
    ["a name of the prototype", '{"inputs":[{"name":"__proto__","datatype":"FP32"}],"outputs":[{"name":"y","datatype":"FP32"}]}'],
    [
      "an extent that is none",
      '{"inputs":[{"name":"x","datatype":"FP32","shape":[1.5]}],"outputs":[{"name":"y","datatype":"FP32"}]}',
    ],
    ["an endless shape", `{"inputs":[{"name":"x","datatype":"FP32","shape":[${Array(65).fill(1)}]}],"outputs":[]}`],
  ])("refuses metadata with %s as MODEL_UNSUPPORTED", async (_, body) => {
    const failure = await failing((answer) => ({ ...answer, body: Buffer.from(body) }));
    expect(failure).toMatchObject({ code: "MODEL_UNSUPPORTED", details: { reason: expect.any(String) } });
  });

  it("cancels what else it has asked when one answer is enough to give up", async () => {
    server.fail(/v2$/, () => undefined);
    const before = server.requests.filter(({ path }) => path === "/v2").length;
    await expect(load({ model: "nope", tensors: "auto" })).rejects.toMatchObject({ details: { status: 404 } });
    const other = (await server.received(/^\/v2$/, before + 1)).at(-1)!;
    while (!other.cancelled) await new Promise(setImmediate);
    expect(other.cancelled).toBe(true);
  });

  it("is cancelled with the caller's reason, and leaves no request behind", async () => {
    const controller = new AbortController();
    server.fail(metadata, () => undefined);
    const loading = provider().load({ identity: {}, bytes: new Uint8Array() }, { signal: controller.signal });
    const before = server.requests.filter(({ path }) => metadata.test(path)).length;
    const request = (await server.received(metadata, before + 1)).at(-1)!;
    controller.abort(new RangeError("stop"));
    await expect(loading).rejects.toBe(controller.signal.reason);
    while (!request.cancelled) await new Promise(setImmediate);
  });
});

describe("kserve answers", () => {
  /** An answer of this JSON and these bytes. */
  const answering =
    (json: unknown, bytes: Buffer = Buffer.alloc(0), headers: Readonly<Record<string, string>> = {}): V2Fault =>
    () => {
      const text = Buffer.from(typeof json === "string" ? json : JSON.stringify(json));
      const type = { "content-type": "application/octet-stream", "inference-header-content-length": String(text.length) };
      return { status: 200, headers: { ...type, ...headers }, body: Buffer.concat([text, bytes]) };
    };
  const y = { name: "y", datatype: "FP32", shape: [2] };
  const sized = (size: unknown) => ({ ...y, parameters: { binary_data_size: size } });
  const eight = Buffer.alloc(8);

  it.each([
    ["no outputs", answering({}), /no list of outputs/],
    ["no object", answering("3"), /no list of outputs/],
    ["outputs that are none", answering({ outputs: [null, 3, "y", []] }), /"y" is missing/],
    ["another name", answering({ outputs: [{ ...y, name: "z", data: [1, 2] }] }), /"y" is missing/],
    [
      "an output twice",
      answering({
        outputs: [
          { ...y, data: [1, 2] },
          { ...y, data: [1, 2] },
        ],
      }),
      /"y" twice/,
    ],
    ["another type", answering({ outputs: [{ ...y, datatype: "FP64", data: [1, 2] }] }), /"y" is "FP64", but .* float32/],
    ["no type", answering({ outputs: [{ ...y, datatype: null, data: [1, 2] }] }), /"y" is null/],
    ["no shape", answering({ outputs: [{ ...y, shape: undefined, data: [1, 2] }] }), /shape undefined/],
    ["a negative extent", answering({ outputs: [{ ...y, shape: [-1, -2], data: [1, 2] }] }), /shape \[-1,-2\]/],
    ["a shape beyond all bounds", answering({ outputs: [{ ...y, shape: [2 ** 40, 2 ** 40], data: [1, 2] }] }), /shape/],
    ["extents that are no numbers", answering({ outputs: [{ ...y, shape: ["", null], data: [] }] }), /shape/],
    ["a shape of many axes", answering({ outputs: [{ ...y, shape: Array(65).fill(1), data: [1] }] }), /shape/],
    ["fewer elements", answering({ outputs: [{ ...y, data: [1] }] }), /1 elements, not the 2 of its shape \[2\]/],
    ["more elements", answering({ outputs: [{ ...y, data: [1, 2, 3] }] }), /3 elements/],
    ["deeper nesting", answering({ outputs: [{ ...y, data: [[[1]], [[2]]] }] }), /no float32/],
    ["elements of another kind", answering({ outputs: [{ ...y, data: ["1", null] }] }), /no float32/],
    ["no data", answering({ outputs: [y] }), /no data/],
    [
      "fewer bytes than the shape",
      answering({ outputs: [sized(4)] }, Buffer.alloc(4)),
      /4 bytes, which do not fit its shape \[2\]/,
    ],
    ["more bytes than the shape", answering({ outputs: [sized(12)] }, Buffer.alloc(12)), /12 bytes/],
    ["a size that is none", answering({ outputs: [sized(-8)] }, eight), /binary_data_size is -8/],
    ["a size as text", answering({ outputs: [sized("8")] }, eight), /binary_data_size is "8"/],
    ["bytes that belong to nothing", answering({ outputs: [sized(8)] }, Buffer.alloc(9)), /1 bytes follow/],
    [
      "a header length that is none",
      answering({ outputs: [sized(8)] }, eight, { "inference-header-content-length": "-5" }),
      /is "-5"/,
    ],
    [
      "a web page",
      answering("<html>", undefined, { "content-type": "text/html; charset=utf-8" }),
      /answers "text\/html" in place of JSON/,
    ],
  ] as const)("refuses %s, once and for all", async (_, fault, message) => {
    const { error, requests } = await meeting(fault, 1);
    expect([error?.code, error?.retryable, requests]).toEqual(["MODEL_RUN_FAILED", false, 1]);
    expect(error?.message).toMatch(/failed to run the model: its answer cannot be used: /);
    expect(error?.message).toMatch(message);
  });

  it.each([
    ["more JSON than there is", answering({ outputs: [sized(8)] }, eight, { "inference-header-content-length": "9999" })],
    ["more bytes than there are", answering({ outputs: [sized(2 ** 40)] }, eight)],
    ["no JSON", answering("{")],
    ["bytes that are no UTF-8", answering("", Buffer.from([0x7b, 0xff]), { "inference-header-content-length": "2" })],
  ])("takes an answer that announces %s for one cut short", async (_, fault) => {
    expect(await meeting(fault, 1)).toMatchObject({ outputs: { y: x }, requests: 2 });
  });

  it("says that a browser must be shown the length of the JSON", async () => {
    const hidden: V2Fault = ({ body }) => ({ status: 200, headers: { "content-type": "application/octet-stream" }, body });
    expect((await meeting(hidden, 1)).error?.message).toContain("Access-Control-Expose-Headers");
  });

  it("reads no more than maxResponseBytes, announced or not", async () => {
    const long = tensor("float32", new Float32Array(1000), [1000]);
    const run = async (options: Partial<KServeOptions>) => {
      await using executor = await load({ maxResponseBytes: 2048, ...options });
      return executor.run({ x: long }, []).catch((error: unknown) => error);
    };
    const tooLong = {
      code: "MODEL_RUN_FAILED",
      message: expect.stringMatching(/longer than 2048 bytes; .* raise maxResponseBytes/),
    };
    expect(await run({})).toMatchObject(tooLong);
    // Small on the wire.
    expect(await run({ compressedAnswers: true })).toMatchObject(tooLong);
    let sent = 0;
    let request: { cancelled: boolean } | undefined;
    server.fail(infer, (_, response, given) => {
      request = given;
      const chunk = Buffer.alloc(65_536, 0x20);
      const more = () => {
        while (response.write(chunk)) sent += chunk.length;
        sent += chunk.length;
      };
      response.writeHead(200, { "content-type": "application/json" });
      response.on("drain", more);
      more();
      return undefined;
    });
    expect(await run({})).toMatchObject(tooLong);
    while (request?.cancelled !== true) await new Promise(setImmediate);
    expect(sent).toBeLessThan(64 << 20);
  });

  it("takes text that is not all there, or not text, for a failure", async () => {
    const value = { datatype: "BYTES", shape: [-1] };
    server.add("texts", { inputs: [{ ...value, name: "x" }], outputs: [{ ...value, name: "y" }], run: ({ x }) => ({ y: x! }) });
    await using executor = await load({ model: "texts" });
    const texts = async (bytes: readonly number[], shape: readonly number[]) => {
      const output = { name: "y", datatype: "BYTES", shape, parameters: { binary_data_size: bytes.length } };
      server.fail(infer, answering({ outputs: [output] }, Buffer.from(bytes)));
      return executor.run({ x: tensor("string", ["a"]) }, []).then(
        ({ outputs }) => outputs["y"]?.data,
        (error: ModelwrightError) => `${error.code} ${error.message}`,
      );
    };
    expect(await texts([0, 0, 0, 0, 1, 0, 0, 0, 97], [2])).toEqual(["", "a"]);
    expect(await texts([], [0])).toEqual([]);
    for (const [bytes, shape] of [
      [[0, 0, 0], [1]],
      [[2, 0, 0, 0, 97], [1]],
      [[2, 0, 0, 0, 0xc3], [1]],
      [[255, 255, 255, 255, 97], [1]],
      [[1, 0, 0, 0, 97], [2]],
      [[1, 0, 0, 0, 97, 0], [1]],
      [[0, 0, 0, 0], [2 ** 50]],
    ] as const) {
      expect(await texts(bytes, shape)).toMatch(/^MODEL_RUN_FAILED .*do not fit its shape/);
    }
    expect(await texts([1, 0, 0, 0, 0xff], [1])).toMatch(/^MODEL_RUN_FAILED .*no UTF-8/);
  });

  it.each([
    ["uint8", "UINT8", "[256]"],
    ["int8", "INT8", "[-129]"],
    ["uint32", "UINT32", "[-1]"],
    ["int32", "INT32", "[1.5]"],
    ["int64", "INT64", "[9223372036854775808]"],
    ["uint64", "UINT64", '["18446744073709551616"]'],
    ["uint64", "UINT64", "[-1]"],
    ["int64", "INT64", '["0x10"]'],
    ["bool", "BOOL", "[2]"],
    ["float64", "FP64", '["1"]'],
    ["string", "BYTES", "[1]"],
  ] as const)("refuses JSON elements that are no %s", async (type, datatype, data) => {
    const values = (name: string) => [{ name, datatype, shape: [-1] }];
    const given = tensor(type, (type === "string" ? ["a"] : new elementTypes[type].array(1)) as never);
    server.add("typed", { inputs: values("x"), outputs: values("y"), run: ({ x }) => ({ y: x! }) });
    await using executor = await load({ model: "typed" });
    const text = `{"outputs":[{"name":"y","datatype":"${datatype}","shape":[1],"data":${data}}]}`;
    server.fail(infer, () => ({ status: 200, headers: {}, body: Buffer.from(text) }));
    const failure = executor.run({ x: given }, []);
    await expect(failure).rejects.toMatchObject({ code: "MODEL_RUN_FAILED", message: expect.stringContaining(`are no ${type}`) });
  });

  it("makes booleans 0 and 1", async () => {
    const value = { datatype: "BOOL", shape: [-1] };
    const odd = { type: "bool", dims: [3], data: Uint8Array.of(0, 2, 255) } as Tensor;
    server.add("odd", { inputs: [{ ...value, name: "x" }], outputs: [{ ...value, name: "y" }], run: () => ({ y: odd }) });
    await using executor = await load({ model: "odd" });
    expect((await executor.run({ x: odd }, [])).outputs["y"]?.data).toEqual(Uint8Array.of(0, 1, 1));
  });

  it("gives a sound tensor or one of its errors, whatever comes", async () => {
    const json = fc.oneof(
      { weight: 1, arbitrary: fc.jsonValue() },
      {
        weight: 4,
        arbitrary: fc.record({
          outputs: fc.array(
            fc.record(
              {
                name: fc.constantFrom("y", "y", "z", "__proto__", "constructor", null),
                datatype: fc.constantFrom("FP32", "FP32", "fp32", "BYTES", 7),
                shape: fc.oneof(fc.array(fc.integer({ min: -2, max: 4 }), { maxLength: 3 }), fc.jsonValue()),
                parameters: fc.oneof(fc.record({ binary_data_size: fc.integer({ min: -4, max: 40 }) }), fc.jsonValue()),
                data: fc.oneof(fc.array(fc.double()), fc.jsonValue()),
              },
              { requiredKeys: ["name"] },
            ),
            { maxLength: 3 },
          ),
        }),
      },
    );
    let response = new Response();
    const metadata = { inputs: [{ name: "x", datatype: "FP32" }], outputs: [{ name: "y", datatype: "FP32" }] };
    const options = { url: "https://ml.example.com", model: "m", attempts: 1, tensors: "binary" } as const;
    const fetch = async (url: string) => (infer.test(url) ? response : Response.json(metadata));
    await using executor = await kserve({ ...options, fetch }).load({ identity: {}, bytes: new Uint8Array() });
    let sound = 0;
    await fc.assert(
      fc.asyncProperty(
        json,
        fc.uint8Array({ maxLength: 40 }),
        fc.option(fc.integer({ min: -3, max: 3 })),
        async (value, bytes, off) => {
          const head = new TextEncoder().encode(JSON.stringify(value));
          const length = off === null ? null : String(head.length + (off === 0 ? 0 : off));
          const headers = length === null ? {} : { "inference-header-content-length": length };
          response = new Response(new Blob([head, bytes]), { headers });
          const { outputs } = await executor.run({ x }, []).catch((error: unknown) => {
            expect(ModelwrightError.is(error)).toBe(true);
            return { outputs: undefined };
          });
          if (outputs === undefined) return;
          sound += 1;
          expect(Object.keys(outputs)).toEqual(["y"]);
          const { type, dims, data } = outputs["y"]!;
          expect(tensor(type, data as never, dims).type).toBe("float32");
        },
      ),
      { numRuns: 2000 },
    );
    expect(sound).toBeGreaterThan(0);
  });
});

describe("kserve beside a server that speaks no HTTP", () => {
  it("takes what is no HTTP for a failure that may pass", async () => {
    const tcp: Server = createTcpServer((socket) =>
      socket
        .on("error", () => {})
        .resume()
        .end("SSH-2.0-OpenSSH_9.6\r\n"),
    );
    await new Promise<void>((resolve) => tcp.listen(0, "127.0.0.1", resolve));
    const { port } = tcp.address() as { port: number };
    await expect(load({ url: `http://127.0.0.1:${port}` })).rejects.toMatchObject({ code: "MODEL_UNAVAILABLE", retryable: true });
    await new Promise((resolve) => tcp.close(resolve));
  });
});
