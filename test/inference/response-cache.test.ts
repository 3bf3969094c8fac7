import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Tensor, tensor } from "../../src/core/tensor.ts";
import type { Tensors } from "../../src/inference/port.ts";
import {
  type ResponseCache,
  type ResponseCacheOptions,
  type ResponseRequest,
  responseCache,
} from "../../src/inference/response-cache.ts";
import { FakeClock } from "../../src/testing/index.ts";

const digest = `sha256:${"0".repeat(64)}` as const;
const other = `sha256:${"1".repeat(64)}` as const;

function request(x: Tensor, rest: Partial<ResponseRequest> = {}): ResponseRequest {
  return { digest, steps: ["1"], outputs: ["y"], inputs: { x }, ...rest };
}

const floats = (...values: readonly number[]) => tensor("float32", Float32Array.from(values));
const answer = (...values: readonly number[]): Tensors => ({ y: floats(...values) });

/** The cache, by requests. */
function byRequest(cache: ResponseCache) {
  return {
    set: (each: ResponseRequest, tensors: Tensors): void => cache.set(cache.keyOf(each)!, tensors),
    get: (each: ResponseRequest) => cache.get(cache.keyOf(each)!),
  };
}

function open(options?: ResponseCacheOptions, clock = new FakeClock()) {
  const cache = responseCache(options, { clock });
  return { cache, clock, ...byRequest(cache) };
}

describe("responseCache", () => {
  it("answers a request that was answered before", () => {
    const { cache, get, set } = open();
    expect(get(request(floats(1, 2)))).toBeUndefined();
    set(request(floats(1, 2)), answer(3));
    expect(get(request(floats(1, 2)))).toEqual(answer(3));
    expect(cache.statistics).toMatchObject({ hits: 1, misses: 1, evictions: 0, entries: 1 });
    cache.clear();
    expect(get(request(floats(1, 2)))).toBeUndefined();
    expect(cache.statistics).toMatchObject({ hits: 1, misses: 2, entries: 0, bytes: 0 });
  });

  const x = floats(1, 2);
  it.each<[string, ResponseRequest]>([
    ["another model", request(x, { digest: other })],
    ["another step", request(x, { steps: ["2"] })],
    ["steps that look alike when joined", request(x, { steps: ["1", "y"], outputs: [] })],
    ["another output", request(x, { outputs: ["z"] })],
    ["other outputs", request(x, { outputs: ["y", "z"] })],
    ["another input", request(x, { inputs: { z: x } })],
    ["one input more", request(x, { inputs: { x, z: floats() } })],
    ["other dims", request({ ...x, dims: [2, 1] })],
    ["another type over the same bytes", request(tensor("int32", new Int32Array((x.data as Float32Array).buffer)))],
    ["other elements", request(floats(1, 3))],
    ["fewer elements", request(floats(1))],
  ])("does not answer %s", (_, each) => {
    const { get, set } = open();
    set(request(x), answer(3));
    expect(get(each)).toBeUndefined();
    set(each, answer(4));
    expect([get(request(x)), get(each)]).toEqual([answer(3), answer(4)]);
  });

  it("tells requests apart by each of their inputs", () => {
    const { get, set } = open();
    const pairs = [0, 1, 2].flatMap((a) => [0, 1, 2].map((b) => [a, b] as const));
    const inputs = pairs.map(([a, b]) => request(x, { inputs: { a: tensor("uint8", Uint8Array.of(a)), b: floats(b) } }));
    for (const [i, each] of inputs.entries()) set(each, answer(i));
    expect(inputs.map((each) => get(each))).toEqual(pairs.map((_, i) => answer(i)));
  });

  it("tells requests apart by bytes: zeros by sign, NaN by payload, numbers by each bit", () => {
    const { get, set } = open();
    const words = [0, 0x80000000, 0x7fc00000, 0x7fc00001, 0xffc00000, 1, 0x3f800000];
    const inputs = words.map((word) => request(tensor("float32", new Float32Array(Uint32Array.of(word).buffer))));
    for (const [i, each] of inputs.entries()) set(each, answer(i));
    expect(inputs.map((each) => get(each))).toEqual(words.map((_, i) => answer(i)));
  });

  it("tells strings apart: where one ends, lone surrogates, what looks like an escape", () => {
    const { get, set } = open();
    const texts = [
      ["ab", "c"],
      ["a", "bc"],
      ["", "abc"],
      ["\ud800", ""],
      ["\\ud800", ""],
      ["\ufffd", ""],
      ['","', ""],
      ["", '","'],
    ];
    const inputs = texts.map((each) => request(tensor("string", each)));
    for (const [i, each] of inputs.entries()) set(each, answer(i));
    expect(inputs.map((each) => get(each))).toEqual(texts.map((_, i) => answer(i)));
  });

  it("finds the same request wherever its bytes lie", () => {
    const { get, set } = open();
    const bytes = new Uint8Array([9, 1, 2, 3, 4, 5, 9]);
    set(request(tensor("uint8", Uint8Array.of(1, 2, 3, 4, 5))), answer(1));
    expect(get(request(tensor("uint8", bytes.subarray(1, 6))))).toEqual(answer(1));
    const shared = new Float32Array(new SharedArrayBuffer(16), 4, 2);
    shared.set([1, 2]);
    set(request(floats(1, 2)), answer(2));
    expect(get(request(tensor("float32", shared)))).toEqual(answer(2));
  });

  it("never takes one request for another", () => {
    const element = fc.constantFrom(0, -0, 1, Number.NaN, 2 ** -149);
    const input = fc.oneof(
      fc.array(element, { maxLength: 4 }).map((values) => floats(...values)),
      fc.array(fc.nat(2), { maxLength: 4 }).map((values) => tensor("uint8", Uint8Array.from(values))),
      fc.array(fc.constantFrom("", "a", "aa", '"', "\ud800"), { maxLength: 3 }).map((values) => tensor("string", values)),
    );
    const names = fc.constantFrom("a", "b", "a,b");
    const requests = fc.record({
      digest: fc.constantFrom(digest, other),
      steps: fc.array(names, { maxLength: 2 }),
      outputs: fc.array(names, { maxLength: 2 }),
      inputs: fc.dictionary(names, input, { noNullPrototype: true, maxKeys: 2 }),
    });
    const exact = ({ inputs, ...rest }: ResponseRequest) =>
      JSON.stringify([
        rest,
        Object.entries(inputs).map(([name, { type, dims, data }]) => {
          const bytes = ArrayBuffer.isView(data) ? [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)] : data;
          return [name, type, dims, bytes];
        }),
      ]);
    fc.assert(
      fc.property(requests, requests, (a, b) => {
        const { get, set } = open();
        set(a, answer(1));
        expect(get(b) !== undefined).toBe(exact(a) === exact(b));
      }),
      { numRuns: 2000 },
    );
  });

  it("keeps an answer that stands where another one stood by chance, and not the other", () => {
    for (const another of [request(floats(2)), request(floats(1), { outputs: ["z"] })]) {
      const { cache } = open();
      const key = cache.keyOf(request(floats(1)))!;
      const collides = { ...cache.keyOf(another)!, place: key.place };
      cache.set(key, answer(1));
      expect(cache.get(collides)).toBeUndefined();
      cache.set(collides, answer(2));
      expect([cache.get(key), cache.get(collides)]).toEqual([undefined, answer(2)]);
      expect(cache.statistics.entries).toBe(1);
    }
  });

  it("gives copies, of copies", () => {
    const { cache, get } = open();
    const given = { y: floats(1, 2), s: tensor("string", ["a"]) };
    const input = new Float32Array([5]);
    const key = cache.keyOf(request(tensor("float32", input)))!;
    input[0] = 6;
    cache.set(key, given);
    (given.y.data as Float32Array).fill(9);
    const first = get(request(floats(5)))!;
    (first["y"]!.data as Float32Array).fill(9);
    (first["s"]!.data as string[])[0] = "z";
    (first["y"]!.dims as number[])[0] = 9;
    expect(get(request(floats(5)))).toEqual({ y: floats(1, 2), s: tensor("string", ["a"]) });
    expect(get(request(floats(6)))).toBeUndefined();
  });

  it("drops the answers that were used longest ago beyond maxEntries", () => {
    const { cache, get, set } = open({ maxEntries: 2 });
    set(request(floats(1)), answer(1));
    set(request(floats(2)), answer(2));
    get(request(floats(1)));
    set(request(floats(3)), answer(3));
    expect([1, 2, 3].map((i) => get(request(floats(i))) !== undefined)).toEqual([true, false, true]);
    expect(cache.statistics).toMatchObject({ entries: 2, evictions: 1 });
  });

  it("drops them beyond maxBytes, and never keeps one that is larger", () => {
    const { cache, get, set } = open({ maxBytes: 10_000 });
    const rows = (n: number): Tensors => ({ y: tensor("float64", new Float64Array(n)) });
    set(request(floats(1)), rows(400));
    set(request(floats(2)), rows(400));
    expect(cache.statistics.bytes).toBeGreaterThan(6400);
    expect(cache.statistics.bytes).toBeLessThan(10_000);
    set(request(floats(3)), rows(400));
    expect([1, 2, 3].map((i) => get(request(floats(i))) !== undefined)).toEqual([false, true, true]);
    set(request(floats(3)), rows(4000));
    expect([2, 3].map((i) => get(request(floats(i))) !== undefined)).toEqual([true, false]);
    set(request(floats(4)), { y: tensor("string", ["x".repeat(6000)]) });
    expect(get(request(floats(4)))).toBeUndefined();
  });

  it("holds its limits and its counts in any order of calls", () => {
    const call = fc.tuple(fc.boolean(), fc.nat(12), fc.nat(300));
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
        const { cache, get, set } = open({ maxEntries: 5, maxBytes: 5_000 });
        let kept: (readonly [number, number])[] = [];
        for (const [writes, input, size] of calls) {
          if (writes) {
            set(request(floats(input)), { y: tensor("uint8", new Uint8Array(size)) });
            kept = [...kept.filter(([each]) => each !== input), [input, size] as const].slice(-5);
            while (cache.statistics.entries < kept.length) kept.shift();
          } else {
            const found = kept.find(([each]) => each === input);
            expect(get(request(floats(input)))?.["y"]?.data.length).toBe(found?.[1]);
            if (found !== undefined) kept = [...kept.filter((each) => each !== found), found];
          }
          const { entries, bytes } = cache.statistics;
          expect(entries).toBe(kept.length);
          expect(bytes <= 5_000 && bytes >= kept.reduce((sum, each) => sum + each[1], 0)).toBe(true);
        }
        const { hits, misses } = cache.statistics;
        expect(hits + misses).toBe(calls.filter(([writes]) => !writes).length);
      }),
    );
  });

  it("forgets answers that are too old, whatever the wall clock says", () => {
    const { cache, clock, get, set } = open({ ttlMs: 100 });
    set(request(floats(1)), answer(1));
    clock.advance(99);
    expect(get(request(floats(1)))).toEqual(answer(1));
    clock.advance(1);
    expect(get(request(floats(1)))).toBeUndefined();
    expect(cache.statistics).toEqual({ hits: 1, misses: 1, evictions: 1, entries: 0, bytes: 0 });
  });

  it("gives no key for inputs that are too large", () => {
    const { cache } = open({ maxKeyBytes: 8 });
    const keyed = (inputs: Tensors) => cache.keyOf(request(floats(), { inputs })) !== undefined;
    expect(keyed({ a: floats(1, 2) })).toBe(true);
    expect(keyed({ a: floats(1, 2, 3) })).toBe(false);
    expect(keyed({ a: floats(1), b: floats(1) })).toBe(true);
    expect(keyed({ a: floats(1), b: floats(1, 2) })).toBe(false);
    expect(keyed({ a: tensor("string", ["x"]) })).toBe(false);
    expect(responseCache().keyOf(request(tensor("uint8", new Uint8Array(65_536))))).toBeDefined();
    expect(responseCache().keyOf(request(tensor("uint8", new Uint8Array(65_537))))).toBeUndefined();
  });

  it.each([{ maxEntries: 0 }, { maxBytes: 0.5 }, { ttlMs: 0 }, { ttlMs: Number.NaN }, { maxKeyBytes: -1 }, { ttl: 5 }])(
    "refuses %j",
    (options) => {
      expect(() => responseCache(options as never)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    },
  );
});
