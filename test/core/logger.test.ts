import { afterEach, describe, expect, it, vi } from "vitest";
import { consoleLogger, defaultLogger, type LogLevel, silentLogger } from "../../src/core/logger.ts";

const levels = ["debug", "info", "warn", "error"] as const;
const spies = () => Object.fromEntries(levels.map((level) => [level, vi.spyOn(console, level).mockImplementation(() => {})]));

afterEach(() => void vi.restoreAllMocks());

describe("consoleLogger", () => {
  it.each<[LogLevel, readonly LogLevel[]]>([
    ["debug", ["debug", "info", "warn", "error"]],
    ["info", ["info", "warn", "error"]],
    ["warn", ["warn", "error"]],
    ["error", ["error"]],
  ])("at level %s writes %j", (level, written) => {
    const seen = spies();
    const logger = consoleLogger({ level });
    for (const name of levels) logger[name]("message");
    expect(levels.filter((name) => seen[name]!.mock.calls.length > 0)).toEqual(written);
  });

  it("writes warnings and errors when no level is given", () => {
    const seen = spies();
    for (const name of levels) defaultLogger[name]("message");
    expect(levels.filter((name) => seen[name]!.mock.calls.length > 0)).toEqual(["warn", "error"]);
  });

  it("writes the fields as they are, and only when there are some", () => {
    const seen = spies();
    const fields = { model: "fraud" };
    consoleLogger().warn("Slow", fields);
    consoleLogger().error("Failed");
    expect(seen["warn"]!.mock.calls).toEqual([["[modelwright] Slow", fields]]);
    expect(seen["error"]!.mock.calls).toEqual([["[modelwright] Failed"]]);
  });
});

describe("silentLogger", () => {
  it("writes nothing", () => {
    const seen = spies();
    for (const name of levels) silentLogger[name]("message");
    expect(levels.filter((name) => seen[name]!.mock.calls.length > 0)).toEqual([]);
  });
});
