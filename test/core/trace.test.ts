import { tracingChannel } from "node:diagnostics_channel";
import { describe, expect, it, vi } from "vitest";
import { traced } from "../../src/core/trace.ts";
import { loadCopy } from "./load-copy.ts";

type Message = { operation: string; attributes: object; result?: unknown; error?: unknown };

function watch(operation: string) {
  const seen: [string, Message][] = [];
  const on = (name: string) => (message: unknown) => void seen.push([name, message as Message]);
  const subscribers = {
    start: on("start"),
    end: on("end"),
    asyncStart: on("asyncStart"),
    asyncEnd: on("asyncEnd"),
    error: on("error"),
  };
  const channel = tracingChannel(`modelwright.${operation}`);
  channel.subscribe(subscribers as never);
  return { seen, [Symbol.dispose]: () => void channel.unsubscribe(subscribers as never) };
}

describe("traced", () => {
  it("only calls the work when nobody listens", async () => {
    const attributes = vi.fn(() => ({}));
    const promise = Promise.resolve(7);
    expect(traced("test.unwatched", attributes, () => promise)).toBe(promise);
    expect(attributes).not.toHaveBeenCalled();
  });

  it("publishes start and end with the attributes, and passes the result through", async () => {
    using watched = watch("test.success");
    const result = { answer: 42 };
    expect(
      await traced(
        "test.success",
        () => ({ model: "fraud", rows: 3 }),
        async () => result,
      ),
    ).toBe(result);
    expect(watched.seen.map(([name]) => name)).toEqual(["start", "end", "asyncStart", "asyncEnd"]);
    const [, message] = watched.seen.at(-1)!;
    expect(message).toMatchObject({ operation: "test.success", attributes: { model: "fraud", rows: 3 } });
    expect(message.result).toBe(result);
  });

  it("publishes the error, and passes it through", async () => {
    using watched = watch("test.failure");
    const failure = new Error("work");
    await expect(
      traced(
        "test.failure",
        () => ({}),
        () => Promise.reject(failure),
      ),
    ).rejects.toBe(failure);
    const error = watched.seen.find(([name]) => name === "error")?.[1];
    expect(error?.error).toBe(failure);
    expect(watched.seen.at(-1)![0]).toBe("asyncEnd");
  });

  it("is seen by a subscriber of one kind of message alone", async () => {
    const seen: unknown[] = [];
    const channel = tracingChannel("modelwright.test.partial");
    const subscriber = (message: unknown) => void seen.push(message);
    channel.asyncEnd.subscribe(subscriber);
    await traced(
      "test.partial",
      () => ({ n: 1 }),
      async () => "x",
    );
    channel.asyncEnd.unsubscribe(subscriber);
    await traced(
      "test.partial",
      () => ({ n: 2 }),
      async () => "y",
    );
    expect(seen).toMatchObject([{ attributes: { n: 1 }, result: "x" }]);
  });

  it("reads the attributes once for each watched call", async () => {
    using watched = watch("test.attributes");
    const attributes = vi.fn(() => ({}));
    await traced("test.attributes", attributes, async () => 1);
    await traced("test.attributes", attributes, async () => 2);
    expect(attributes).toHaveBeenCalledTimes(2);
    expect(watched.seen.filter(([name]) => name === "asyncEnd").map(([, message]) => message.result)).toEqual([1, 2]);
  });

  it("only calls the work on platforms without the module", async () => {
    const browser = loadCopy<typeof import("../../src/core/trace.ts")>("trace.ts");
    const attributes = vi.fn(() => ({}));
    using watched = watch("test.browser");
    expect(await browser.traced("test.browser", attributes, async () => 3)).toBe(3);
    expect(attributes).not.toHaveBeenCalled();
    expect(watched.seen).toEqual([]);
  });
});
