import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KServeOptions, kserve } from "../../src/adapters/kserve/index.ts";
import type { ElementType } from "../../src/core/element-type.ts";
import { type Tensor, tensor, tensorBytes } from "../../src/core/tensor.ts";
import type { Tensors } from "../../src/inference/port.ts";
import { addModel, zipMapModel } from "../../src/testing/tiny-models.ts";
import { type V2Model, V2Server } from "./fixtures/v2-server.ts";
import { datatypes } from "./fixtures/v2-server-tensors.ts";

const at = /\/infer$/;
let server: V2Server;

/** A model that answers its input `x` as `y`. */
function echo(type: ElementType & keyof typeof datatypes, shape: readonly number[] = [-1]): V2Model {
  const datatype = datatypes[type];
  return {
    inputs: [{ name: "x", datatype, shape }],
    outputs: [{ name: "y", datatype, shape }],
    run: ({ x }) => ({ y: x! }),
  };
}

beforeAll(async () => {
  server = await V2Server.start();
  for (const type of Object.keys(datatypes) as (keyof typeof datatypes)[]) server.add(type, echo(type));
  await server.addOnnx("add", addModel());
  await server.addOnnx("zip map", zipMapModel());
});
afterAll(() => server[Symbol.asyncDispose]());

const load = (options: Omit<KServeOptions, "url">, identity = {}) =>
  kserve({ url: server.url, ...options }).load({ identity, bytes: new Uint8Array() });

async function echoed(x: Tensor, tensors: "binary" | "json", more: Partial<KServeOptions> = {}): Promise<Tensor | undefined> {
  await using executor = await load({ model: x.type, tensors, ...more });
  return (await executor.run({ x }, ["y"])).outputs["y"];
}

/** Type, shape and bits, because deep equality takes −0 for 0. */
function bits(value: Tensor | undefined): unknown {
  return value && [value.type, value.dims, ArrayBuffer.isView(value.data) ? [...tensorBytes(value)] : value.data];
}

const add = {
  a: tensor("float32", Float32Array.of(1, 2), [1, 2]),
  b: tensor("float32", Float32Array.of(10, 20), [1, 2]),
} satisfies Tensors;

describe("kserve", () => {
  it.each([
    ["a URL of another scheme", { url: "file:///etc/passwd" }],
    ["a URL without a scheme", { url: "ml.example.com" }],
    ["a URL with a user", { url: "https://user:hunter2hunter2@ml.example.com" }],
    ["a URL with a query", { url: "https://ml.example.com/?key=hunter2hunter2" }],
    ["a URL with an encoded path", { url: "https://ml.example.com/a%2fb" }],
    ["an empty model", { model: "" }],
    ["a model that climbs", { model: ".." }],
    ["a model with a lone surrogate", { model: "a\ud800" }],
    ["a version that climbs", { version: "." }],
    ["version 0", { version: 0 }],
    ["a header with a line break", { headers: { authorization: "hunter2hunter2\r\nx: y" } }],
    ["a header beyond ASCII", { headers: { authorization: "hunter2hunter2ü" } }],
    ["a header without a name", { headers: { "": "hunter2hunter2" } }],
    ["a header of the adapter's own", { headers: { "Content-Length": "5" } }],
    ["tensors of another kind", { tensors: "grpc" }],
    ["no concurrency", { concurrency: 0 }],
    ["no attempt", { attempts: 0 }],
    ["an unknown option", { token: "hunter2hunter2" }],
  ])("refuses %s and repeats no secret", (_, wrong) => {
    const make = () => kserve({ url: "https://ml.example.com", ...wrong } as never);
    expect(make).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(make).not.toThrow(/hunter2/);
  });

  it("is made without a request, and names the host", () => {
    expect(kserve({ url: "https://ml.example.com:8000/models/" })).toMatchObject({
      spec: "execution/1",
      name: "kserve/ml.example.com:8000",
      capabilities: { model: "own" },
    });
    expect(kserve({ url: "https://ml.example.com", name: "gpu" }).name).toBe("gpu");
  });

  it.each([
    ["a plain name", { model: "fraud" }, "/v2/models/fraud"],
    ["a version", { model: "fraud", version: 7 }, "/v2/models/fraud/versions/7"],
    [
      "what a path cannot hold",
      { model: "a/b c?#%..", version: "1/ready" },
      "/v2/models/a%2Fb%20c%3F%23%25../versions/1%2Fready",
    ],
    ["what looks encoded", { model: "%2e%2e" }, "/v2/models/%252e%252e"],
  ])("asks for %s below the path of its URL", async (_, options, expected) => {
    const paths: string[] = [];
    const provider = kserve({
      url: "https://ml.example.com/serving/",
      tensors: "json",
      ...options,
      fetch: async (url) => {
        paths.push(url);
        return Response.json({ inputs: [{ name: "x", datatype: "FP32" }], outputs: [{ name: "y", datatype: "FP32" }] });
      },
    });
    await using executor = await provider.load({ identity: {}, bytes: new Uint8Array() });
    expect(paths).toEqual([`https://ml.example.com/serving${expected}`, `https://ml.example.com/serving${expected}/ready`]);
    expect(executor.interface?.inputs).toEqual([{ name: "x", type: "float32", dims: null }]);
  });

  it("takes the session's name of the model when it has none of its own", async () => {
    await using executor = await load({}, { name: "add", version: 3 });
    expect(executor.model).toEqual({ name: "add" });
    await expect(load({})).rejects.toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining("model") });
  });

  it("tells what the model takes and gives, and where it runs", async () => {
    await using executor = await load({ model: "zip map", version: 1 });
    expect(executor).toMatchObject({
      provider: `kserve/${new URL(server.url).host}`,
      placement: "remote",
      concurrency: 8,
      sharedMemory: false,
      model: { name: "zip map", version: 1 },
      interface: {
        inputs: [{ name: "scores", type: "float32", dims: ["?", 2] }],
        outputs: [
          { name: "label", type: "int64", dims: ["?"] },
          { name: "probabilities", type: "float32", dims: ["?", 2] },
        ],
      },
    });
  });

  it("asks for the version that was named, and checks that it answers", async () => {
    server.add("two", { ...echo("int32"), run: () => ({ y: tensor("int32", Int32Array.of(1)) }) }, "1");
    server.add("two", { ...echo("int32"), run: () => ({ y: tensor("int32", Int32Array.of(2)) }) }, "2");
    const x = tensor("int32", Int32Array.of(0));
    const answer = async (options: object) => {
      await using executor = await load({ model: "two", ...options });
      return (await executor.run({ x }, [])).outputs["y"]?.data;
    };
    expect(await answer({})).toEqual(Int32Array.of(2));
    expect(await answer({ version: "1" })).toEqual(Int32Array.of(1));
    server.fail(at, (given) => ({ ...given, body: Buffer.from(given.body.toString().replace('"1"', '"9"')) }));
    await expect(answer({ version: 1, tensors: "json" })).rejects.toThrow('version "9" answered, not 1');
  });

  it("gives each output memory of its own", async () => {
    const values = ["u", "v"].map((name) => ({ name, datatype: "UINT8", shape: [-1] }));
    server.add("pair", { inputs: values, outputs: values, run: (inputs) => inputs });
    await using executor = await load({ model: "pair" });
    const inputs = { u: tensor("uint8", Uint8Array.of(1, 2)), v: tensor("uint8", Uint8Array.of(3)) };
    const { outputs } = await executor.run(inputs, []);
    expect(outputs).toEqual(inputs);
    expect(Object.values(outputs).map(({ data }) => (data as Uint8Array).buffer.byteLength)).toEqual([2, 1]);
  });

  it("measures the round trip", async () => {
    await using executor = await load({ model: "add" });
    expect((await executor.run(add, [])).inferMs).toBeGreaterThan(0);
  });
});

describe("kserve tensors", () => {
  const samples: readonly Tensor[] = [
    tensor("bool", Uint8Array.of(1, 0, 1)),
    tensor("uint8", Uint8Array.of(0, 255)),
    tensor("uint16", Uint16Array.of(0, 65_535)),
    tensor("uint32", Uint32Array.of(0, 2 ** 32 - 1)),
    tensor("uint64", BigUint64Array.of(0n, 2n ** 53n + 1n, 2n ** 64n - 1n)),
    tensor("int8", Int8Array.of(-128, 127)),
    tensor("int16", Int16Array.of(-32_768, 32_767)),
    tensor("int32", Int32Array.of(-(2 ** 31), 2 ** 31 - 1)),
    tensor("int64", BigInt64Array.of(-(2n ** 63n), -1n, 0n, 2n ** 53n + 1n, 2n ** 63n - 1n)),
    tensor("float32", Float32Array.of(0, -0, 0.1, -1e30, 3.4e38, 1e-45, 123456789012345680)),
    tensor("float64", Float64Array.of(0, -0, 0.1, 2 ** 53 + 2, 2 ** 63, 1e308, 5e-324, -1e21)),
    tensor("string", ["", "plain", '12345678901234567890 "NaN" \\', "Grüße, 世界 𝄞", "two\nlines\0", "\ufeffmark"]),
  ];
  const words: readonly Tensor[] = [
    tensor("float16", Uint16Array.of(0, 0x8000, 0x3c00, 0x7c00, 0x7e01)),
    tensor("bfloat16", Uint16Array.of(0, 0x8000, 0x3f80, 0x7f80, 0x7fc1)),
    tensor("float32", Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)),
  ];

  it.each(samples.map((sample) => [sample.type, sample] as const))(
    "carries %s both ways, as binary and as JSON",
    async (_, x) => {
      expect(bits(await echoed(x, "binary"))).toEqual(bits(x));
      expect(bits(await echoed(x, "json"))).toEqual(bits(x));
    },
  );

  it.each(words.map((sample) => [sample.type, sample] as const))("carries %s that has no JSON form as binary", async (_, x) => {
    expect(bits(await echoed(x, "binary"))).toEqual(bits(x));
  });

  it.each([...samples, ...words.slice(0, 2)].map((sample) => [sample.type, sample] as const))(
    "carries no element of %s at all",
    async (_, x) => {
      const empty = { ...x, dims: [0, 3], data: x.data.slice(0, 0) } as Tensor;
      expect(bits(await echoed(empty, "binary"))).toEqual(bits(empty));
      if (!words.includes(x)) expect(bits(await echoed(empty, "json"))).toEqual(bits(empty));
    },
  );

  it("carries scalars and shapes of several axes", async () => {
    for (const dims of [[], [1, 1, 1], [3, 1, 2]]) {
      const count = dims.reduce((product, extent) => product * extent, 1);
      const x = tensor(
        "float64",
        Float64Array.from({ length: count }, (_, i) => i / 3),
        dims,
      );
      expect(bits(await echoed(x, "binary"))).toEqual(bits(x));
      expect(bits(await echoed(x, "json"))).toEqual(bits(x));
    }
  });

  it("carries every finite number and every text exactly, whichever way", async () => {
    const types = ["float32", "float64", "int64", "uint64", "string"] as const;
    const values = types.map((type) => ({ name: type, datatype: datatypes[type], shape: [-1] }));
    server.add("all", { inputs: values, outputs: values, run: (inputs) => inputs });
    await using binary = await load({ model: "all", tensors: "binary" });
    await using json = await load({ model: "all", tensors: "json" });
    const text = fc.string({
      unit: fc.constantFrom("a", '"', "\\", "0", "1234567890123456789", "-", ".", "e", "NaN", "𝄞", "\n", "\u2028"),
    });
    const arbitrary = fc.record({
      float32: fc.float32Array({ noNaN: true, noDefaultInfinity: true }).map((data): Tensor => tensor("float32", data)),
      float64: fc.float64Array({ noNaN: true, noDefaultInfinity: true }).map((data): Tensor => tensor("float64", data)),
      int64: fc.bigInt64Array().map((data): Tensor => tensor("int64", data)),
      uint64: fc.bigUint64Array().map((data): Tensor => tensor("uint64", data)),
      string: fc.array(text).map((data): Tensor => tensor("string", data)),
    });
    await fc.assert(
      fc.asyncProperty(arbitrary, async (inputs) => {
        for (const executor of [binary, json]) {
          const { outputs } = await executor.run(inputs, []);
          for (const [name, x] of Object.entries(inputs)) expect(bits(outputs[name])).toEqual(bits(x));
        }
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    [
      "NaN",
      tensor("float32", Float32Array.of(1, Number.NaN)),
      "INPUT_INVALID",
      /"x".*NaN has no JSON form; use tensors: "binary"/,
    ],
    ["infinities", tensor("float64", Float64Array.of(Number.NEGATIVE_INFINITY)), "INPUT_INVALID", /-Infinity has no JSON form/],
    ["a lone surrogate", tensor("string", ["a\udc00"]), "INPUT_INVALID", /lone surrogate/],
  ])("refuses %s as JSON before anything is sent", async (_, x, code, message) => {
    await using executor = await load({ model: x.type, tensors: "json" });
    const before = server.requests.length;
    await expect(executor.run({ x }, [])).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(server.requests.length).toBe(before);
  });

  it("refuses a lone surrogate as binary, too, where it would become another text", async () => {
    await expect(echoed(tensor("string", ["\ud800"]), "binary")).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });

  it("refuses types that the protocol does not have", async () => {
    await using executor = await load({ model: "uint8" });
    const x = tensor("complex64", Float32Array.of(1, 2), [1]);
    await expect(executor.run({ x }, [])).rejects.toMatchObject({
      code: "INPUT_DTYPE",
      details: { input: "x", given: "complex64" },
    });
  });

  it("refuses to load a model of 16-bit floats over JSON, and says what to do", async () => {
    for (const model of ["float16", "bfloat16"]) {
      await expect(load({ model, tensors: "json" })).rejects.toMatchObject({
        code: "MODEL_UNSUPPORTED",
        message: expect.stringMatching(/"x" is b?float16, which JSON does not carry; set tensors: "binary"/),
      });
    }
    expect(kserve({ url: server.url, tensors: "json" }).capabilities.elementTypes).not.toContain("float16");
    expect(kserve({ url: server.url }).capabilities.elementTypes).toContain("bfloat16");
  });

  it("reads NaN and infinities as Triton writes them in JSON", async () => {
    const odd = Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1);
    server.add("odd", { ...echo("float32"), run: () => ({ y: tensor("float32", odd) }) });
    await using executor = await load({ model: "odd", tensors: "json" });
    const { outputs } = await executor.run({ x: tensor("float32", Float32Array.of(1)) }, []);
    expect(outputs["y"]?.data).toEqual(odd);
  });

  it.each([
    ["nested by axes", "float32", [2, 2], "[[1,2],[3,4]]", Float32Array.of(1, 2, 3, 4)],
    ["64-bit integers as text", "int64", [2], '["-9223372036854775808",7]', BigInt64Array.of(-(2n ** 63n), 7n)],
    ["booleans as 0 and 1", "bool", [3], "[0,1,true]", Uint8Array.of(0, 1, 1)],
    ["whole numbers with a fraction", "int32", [2], "[1.0,2e1]", Int32Array.of(1, 20)],
    ["extents as text", "float64", ["1", "2"], "[0.5,1]", Float64Array.of(0.5, 1)],
  ] as const)("takes JSON data that are %s", async (_, type, shape, data, expected) => {
    server.fail(at, (given) => {
      const output = `{"name":"y","datatype":"${datatypes[type].toLowerCase()}","shape":${JSON.stringify(shape)},"data":${data}}`;
      return { ...given, body: Buffer.from(`{"id":null,"parameters":{},"outputs":[${output}]}`) };
    });
    await using executor = await load({ model: type, tensors: "json" });
    const { outputs } = await executor.run({ x: samples.find((sample) => sample.type === type)! }, []);
    expect(outputs["y"]).toEqual({ type, dims: shape.map(Number), data: expected });
  });

  it("drops outputs that were not asked for, wherever they stand", async () => {
    server.fail(at, (given) => {
      const head = JSON.stringify({
        outputs: [
          { name: "extra", datatype: "FP32", shape: [1], parameters: { binary_data_size: 4 } },
          { name: "y", datatype: "INT8", shape: [2], parameters: { binary_data_size: 2 } },
          { name: "__proto__", datatype: "ODD", shape: "none" },
        ],
      });
      const headers = { ...given.headers, "inference-header-content-length": String(head.length) };
      return { ...given, headers, body: Buffer.concat([Buffer.from(head), Buffer.from([0, 0, 0, 0, 5, 255])]) };
    });
    await using executor = await load({ model: "int8" });
    const { outputs } = await executor.run({ x: tensor("int8", Int8Array.of(1)) }, []);
    expect(outputs).toEqual({ y: tensor("int8", Int8Array.of(5, -1)) });
    expect(Object.getPrototypeOf(outputs)).toBe(Object.prototype);
  });
});

describe("kserve on the wire", () => {
  const last = async () => (await server.received(at, 1)).at(-1)!;

  it("sends tensors behind the JSON and asks for each output as binary data", async () => {
    await using executor = await load({ model: "add" });
    await executor.run(add, []);
    const { headers, bytes } = await last();
    const length = Number(headers["inference-header-content-length"]);
    expect(headers).toMatchObject({ "content-type": "application/octet-stream", "content-length": String(length + 16) });
    expect(JSON.parse(bytes.toString("utf8", 0, length))).toEqual({
      inputs: [
        { name: "a", shape: [1, 2], datatype: "FP32", parameters: { binary_data_size: 8 } },
        { name: "b", shape: [1, 2], datatype: "FP32", parameters: { binary_data_size: 8 } },
      ],
      outputs: [{ name: "sum", parameters: { binary_data: true } }],
    });
    expect([...bytes.subarray(length)]).toEqual([...tensorBytes(add.a), ...tensorBytes(add.b)]);
  });

  it.each([
    ["the server does not say", undefined],
    ["the server has no extension", { name: "mlserver", version: "1.6.0", extensions: [] }],
    ["the server says nothing of extensions", { name: "OpenVINO Model Server", version: "2024.5" }],
  ])("sends plain JSON when %s", async (_, description) => {
    const before = server.description;
    server.description = description;
    try {
      await using executor = await load({ model: "add" });
      const { outputs } = await executor.run(add, ["sum"]);
      expect(outputs["sum"]?.data).toEqual(Float32Array.of(11, 22));
    } finally {
      server.description = before;
    }
    const { headers, bytes } = await last();
    expect(headers["content-type"]).toBe("application/json");
    expect(headers["inference-header-content-length"]).toBeUndefined();
    expect(JSON.parse(bytes.toString())).toEqual({
      inputs: [
        { name: "a", shape: [1, 2], datatype: "FP32", data: [1, 2] },
        { name: "b", shape: [1, 2], datatype: "FP32", data: [10, 20] },
      ],
      outputs: [{ name: "sum" }],
    });
  });

  it("compresses requests above the bound, and only these", async () => {
    const x = (count: number) => tensor("float64", new Float64Array(count));
    for (const tensors of ["binary", "json"] as const) {
      expect(bits(await echoed(x(10_000), tensors, { compressAboveBytes: 2_000 }))).toEqual(bits(x(10_000)));
      const { headers, bytes } = await last();
      expect(headers["content-encoding"]).toBe("gzip");
      expect(bytes.length).toBeLessThan(2_000);
      // The length of the JSON is that before compression.
      const json = gunzipSync(bytes).subarray(0, Number(headers["inference-header-content-length"] ?? undefined) || undefined);
      expect(JSON.parse(json.toString())).toHaveProperty("inputs");
      expect(bits(await echoed(x(10), tensors, { compressAboveBytes: 2_000 }))).toEqual(bits(x(10)));
      expect((await last()).headers["content-encoding"]).toBeUndefined();
    }
  });

  it("takes compressed answers when it may, whose JSON length is that before compression", async () => {
    const x = tensor(
      "float32",
      Float32Array.from({ length: 5_000 }, (_, i) => i),
    );
    for (const tensors of ["binary", "json"] as const) {
      expect(bits(await echoed(x, tensors, { compressedAnswers: true }))).toEqual(bits(x));
      expect((await last()).headers["accept-encoding"]).toContain("gzip");
      expect(bits(await echoed(x, tensors))).toEqual(bits(x));
      expect((await last()).headers["accept-encoding"]).toBe("identity");
    }
  });

  it("uses its connections again, after refusals too", async () => {
    await using own = await V2Server.start();
    await own.addOnnx("add", addModel());
    await using executor = await kserve({ url: own.url, model: "add" }).load({ identity: {}, bytes: new Uint8Array() });
    // Loading asks two things at once.
    expect(own.connections).toBeLessThanOrEqual(2);
    for (let i = 0; i < 20; i++) {
      if (i % 5 === 0) own.fail(at, () => ({ status: 400, headers: {}, body: Buffer.alloc(10_000, "x") }));
      await executor.run(add, []).catch(() => {});
    }
    expect(own.requests.filter(({ path }) => at.test(path)).length).toBe(20);
    expect(own.connections).toBeLessThanOrEqual(2);
  });

  it("has no more requests on their way than concurrency says", async () => {
    const release: (() => void)[] = [];
    const waiting = async ({ x }: Tensors) => {
      await new Promise<void>((resolve) => release.push(resolve));
      return { y: x! };
    };
    server.add("gate", { ...echo("int8"), run: waiting });
    let sent = 0;
    const counting = (url: string, init: RequestInit) => {
      if (at.test(url)) sent += 1;
      return fetch(url, init);
    };
    await using executor = await load({ model: "gate", concurrency: 3, fetch: counting });
    let left = 10;
    const runs = Array.from({ length: left }, async (_, i) => {
      const { outputs } = await executor.run({ x: tensor("int8", Int8Array.of(i)) }, []);
      left -= 1;
      return [...(outputs["y"]!.data as Int8Array)];
    });
    while (release.length < 3) await new Promise(setImmediate);
    expect(sent).toBe(3);
    while (left > 0) {
      release.shift()?.();
      await new Promise(setImmediate);
      expect(sent).toBeLessThanOrEqual(10 - left + 3);
    }
    expect((await Promise.all(runs)).flat()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("sends the headers that it is given, or that its function answers each time", async () => {
    let asked = 0;
    const fixed = await load({ model: "add", headers: { authorization: "Bearer fixed-token", "X-Team": "fraud" } });
    await fixed.run(add, []);
    expect((await last()).headers).toMatchObject({ authorization: "Bearer fixed-token", "x-team": "fraud" });
    const renewed = await load({ model: "add", headers: async () => ({ authorization: `Bearer ${++asked}` }) });
    await renewed.run(add, []);
    await renewed.run(add, []);
    expect((await last()).headers.authorization).toBe("Bearer 5");
    expect(asked).toBe(5);
  });
});

describe("kserve health", () => {
  const health = (options: Partial<KServeOptions> = {}) => kserve({ url: server.url, ...options }).health();

  it("tells what the server says of itself", async () => {
    expect(await health()).toEqual({
      live: true,
      ready: true,
      server: { name: "v2-fixture", version: "1.0.0", extensions: ["binary_tensor_data"] },
    });
  });

  it("tells a server that is not ready from one that does not answer", async () => {
    server.ready = false;
    try {
      expect(await health()).toMatchObject({ live: true, ready: false, server: { name: "v2-fixture" } });
    } finally {
      server.ready = true;
    }
    server.fail(/health\/ready$/, (given) => ({ ...given, body: Buffer.from('{"ready":false}') }));
    expect(await health()).toMatchObject({ live: true, ready: false });
    const down = await V2Server.start();
    await down[Symbol.asyncDispose]();
    expect(await health({ url: down.url })).toEqual({ live: false, ready: false, server: undefined });
  });

  it("rejects when the token is refused, and when it is aborted", async () => {
    server.fail(/health\/live$/, (given) => ({ ...given, status: 401 }));
    await expect(health()).rejects.toMatchObject({ code: "MODEL_UNAVAILABLE", details: { status: 401 } });
    const signal = AbortSignal.abort(new RangeError("stop"));
    await expect(kserve({ url: server.url }).health({ signal })).rejects.toBe(signal.reason);
  });
});
