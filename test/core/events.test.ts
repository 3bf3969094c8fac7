import { setImmediate as turn } from "node:timers/promises";
import { runInNewContext } from "node:vm";
import { describe, expect, it, vi } from "vitest";
import { Emitter } from "../../src/core/events.ts";
import { type LogFields, silentLogger } from "../../src/core/logger.ts";

function recordingLogger() {
  const errors: (LogFields | undefined)[] = [];
  return { ...silentLogger, errors, error: (_: string, fields?: LogFields) => void errors.push(fields) };
}

describe("Emitter", () => {
  it("calls every listener with the payload, in the order of subscription", () => {
    const emitter = new Emitter<number>();
    const seen: string[] = [];
    emitter.event((n) => void seen.push(`a${n}`));
    emitter.event((n) => void seen.push(`b${n}`));
    emitter.emit(1);
    emitter.emit(2);
    expect(seen).toEqual(["a1", "b1", "a2", "b2"]);
  });

  it("does nothing without listeners", () => {
    expect(() => new Emitter<number>().emit(1)).not.toThrow();
  });

  it("unsubscribes on dispose, any number of times", () => {
    const emitter = new Emitter<number>();
    const listener = vi.fn();
    {
      using subscription = emitter.event(listener);
      emitter.emit(1);
      subscription[Symbol.dispose]();
    }
    emitter.emit(2);
    expect(listener.mock.calls).toEqual([[1]]);
  });

  it("keeps two subscriptions of the same listener apart", () => {
    const emitter = new Emitter<number>();
    const listener = vi.fn();
    const first = emitter.event(listener);
    emitter.event(listener);
    emitter.emit(1);
    expect(listener).toHaveBeenCalledTimes(2);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    emitter.emit(2);
    expect(listener.mock.calls).toEqual([[1], [1], [2]]);
  });

  it("does not call a listener that an earlier one has just unsubscribed", () => {
    const emitter = new Emitter<number>();
    const victim = vi.fn();
    emitter.event(() => subscription[Symbol.dispose]());
    const subscription = emitter.event(victim);
    const last = vi.fn();
    emitter.event(last);
    emitter.emit(1);
    expect(victim).not.toHaveBeenCalled();
    expect(last).toHaveBeenCalledOnce();
  });

  it("still calls the others when a listener unsubscribes itself", () => {
    const emitter = new Emitter<number>();
    const once = vi.fn(() => subscription[Symbol.dispose]());
    const subscription = emitter.event(once);
    const other = vi.fn();
    emitter.event(other);
    emitter.emit(1);
    emitter.emit(2);
    expect(once).toHaveBeenCalledTimes(1);
    expect(other).toHaveBeenCalledTimes(2);
  });

  it("calls a listener that was added meanwhile from the next event on", () => {
    const emitter = new Emitter<number>();
    const added = vi.fn();
    const subscription = emitter.event(() => {
      emitter.event(added);
      subscription[Symbol.dispose]();
    });
    emitter.emit(1);
    expect(added).not.toHaveBeenCalled();
    emitter.emit(2);
    expect(added.mock.calls).toEqual([[2]]);
  });

  it("logs a listener that throws and still calls the others", () => {
    const logger = recordingLogger();
    const emitter = new Emitter<number>(logger);
    const failure = new Error("listener");
    emitter.event(() => {
      throw failure;
    });
    const other = vi.fn();
    emitter.event(other);
    expect(() => emitter.emit(1)).not.toThrow();
    expect(other).toHaveBeenCalledWith(1);
    expect(logger.errors).toEqual([{ error: failure }]);
  });

  it.each<[string, (failure: Error) => unknown]>([
    ["of this realm", (failure) => Promise.reject(failure)],
    ["of another realm", (failure) => runInNewContext("Promise.reject(failure)", { failure })],
  ])("logs a listener whose promise %s rejects, so that the process lives on", async (_, reject) => {
    const logger = recordingLogger();
    const emitter = new Emitter<number>(logger);
    const failure = new Error("listener");
    const listener: (payload: number) => unknown = () => reject(failure);
    emitter.event(listener);
    emitter.emit(1);
    await turn();
    expect(logger.errors).toEqual([{ error: failure }]);
  });
});
