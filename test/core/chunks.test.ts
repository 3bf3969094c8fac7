import { describe, expect, it } from "vitest";
import { chunks } from "../../src/core/chunks.ts";
import { all } from "../all.ts";

const never = () => new Promise<never>(() => {});

describe("chunks", () => {
  it("hands on an array in pieces of at most a mebibyte", async () => {
    const lengths = [];
    for await (const piece of chunks(new Uint8Array(2_500_000), undefined)) lengths.push(piece.length);
    expect(lengths).toEqual([1_048_576, 1_048_576, 402_848]);
  });

  it("hands on no piece of an empty array", async () => {
    expect(await all(chunks(new Uint8Array(), undefined))).toEqual([]);
  });

  it("takes a Buffer as bytes", async () => {
    expect(await all(chunks(Buffer.from("hi"), undefined))).toEqual([Buffer.from("hi")]);
  });

  it("asks a stream for the next chunk only when it is asked itself", async () => {
    let produced = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array([++produced]);
    }
    const pieces = chunks(source(), new AbortController().signal);
    for (const expected of [1, 2, 3]) {
      await pieces.next();
      expect(produced).toBe(expected);
    }
  });

  it.each([
    ["text", "hello"],
    ["null", null],
    ["a list", [1, 2]],
    ["wider numbers", new Uint16Array(2)],
  ])("refuses %s as content", async (_, content) => {
    await expect(chunks(content as never, undefined).next()).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });

  it("refuses a stream of text, and tells it to stop", async () => {
    let stopped = false;
    async function* text(): AsyncGenerator<never> {
      try {
        yield "hello" as never;
      } finally {
        stopped = true;
      }
    }
    await expect(chunks(text(), undefined).next()).rejects.toThrow(
      "content is not valid: expected a stream of Uint8Array chunks, but got string",
    );
    expect(stopped).toBe(true);
  });

  it("rejects with the reason of a signal while the stream is silent, and leaves no listener", async () => {
    const controller = new AbortController();
    const reason = new Error("stop");
    const silent = { [Symbol.asyncIterator]: () => ({ next: never, return: never }) };
    const reading = chunks(silent, controller.signal).next();
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });

  it("stops between the pieces of an array when the signal aborts", async () => {
    const controller = new AbortController();
    const pieces = chunks(new Uint8Array(2_000_000), controller.signal);
    await pieces.next();
    controller.abort(new Error("stop"));
    await expect(pieces.next()).rejects.toThrow("stop");
  });
});
