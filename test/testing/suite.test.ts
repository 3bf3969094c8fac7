import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../src/core/errors.ts";
import { type Check, suite, type TestKit } from "../../src/testing/suite.ts";

/** A test runner that collects, and runs on demand. */
function collector() {
  const tests = new Map<string, () => Promise<void>>();
  const skipped: string[] = [];
  const kit: TestKit = {
    describe: (_, body) => body(),
    it: Object.assign((name: string, body: () => Promise<void>) => tests.set(name, body), {
      skip: (name: string) => skipped.push(name),
    }),
  };
  return { kit, tests, skipped };
}

/** Runs one test body in a suite without `expect`. */
async function run(body: (check: Check) => Promise<void> | void): Promise<void> {
  const { kit, tests } = collector();
  suite(kit, "Thing", () => ({}), undefined, { only: async (_, check) => body(check) });
  await tests.get("only")!();
}

const closed = () => new ModelwrightError("CLOSED", "gone", { details: { subject: "thing" } });

describe("suite", () => {
  it("opens a subject for each test and disposes it afterwards", async () => {
    const { kit, tests } = collector();
    const log: string[] = [];
    const open = () => {
      log.push("open");
      return { [Symbol.asyncDispose]: async () => void log.push("dispose") };
    };
    suite(kit, "Thing", open, undefined, { a: async () => void log.push("a"), b: async () => void log.push("b") });
    for (const body of tests.values()) await body();
    expect(log).toEqual(["open", "a", "dispose", "open", "b", "dispose"]);
  });

  it("disposes the subject of a test that fails, and reports the failure of the test", async () => {
    const { kit, tests } = collector();
    let disposed = 0;
    const open = () => ({
      [Symbol.asyncDispose]: () => {
        disposed += 1;
        return Promise.reject(new Error("dispose"));
      },
    });
    suite(kit, "Thing", open, undefined, { fails: () => Promise.reject(new Error("test")), passes: async () => {} });
    await expect(tests.get("fails")!()).rejects.toThrow("test");
    expect(disposed).toBe(1);
    await expect(tests.get("passes")!()).rejects.toThrow("dispose");
  });

  it("does not wait for a subject that cannot close after its test has failed", async () => {
    const { kit, tests } = collector();
    const open = () => ({ [Symbol.asyncDispose]: () => new Promise<void>(() => {}) });
    suite(kit, "Thing", open, undefined, { fails: () => Promise.reject(new Error("test")) });
    await expect(tests.get("fails")!()).rejects.toThrow("test");
  });

  it("shows the reason of a skip and does not run the test", () => {
    const { kit, tests, skipped } = collector();
    suite(
      kit,
      "Thing",
      () => ({}),
      { skip: [{ test: "a", reason: "the fake has no clock" }] },
      { a: async () => {}, b: async () => {} },
    );
    expect([[...tests.keys()], skipped]).toEqual([["b"], ["a (skipped: the fake has no clock)"]]);
  });

  it.each(["c", "toString"])("refuses to skip %s, which it does not have", (test) => {
    const { kit } = collector();
    expect(() => suite(kit, "Thing", () => ({}), { skip: [{ test, reason: "why not" }] }, { a: async () => {} })).toThrow(
      new TypeError(`Thing has no test named ${JSON.stringify(test)}, so it cannot be skipped`),
    );
  });

  it("refuses to skip without a reason", () => {
    const { kit } = collector();
    expect(() => suite(kit, "Thing", () => ({}), { skip: [{ test: "a", reason: " " }] }, { a: async () => {} })).toThrow(
      new TypeError('Thing skips "a" without a reason; say why'),
    );
  });
});

describe("a suite's check", () => {
  it("compares deeply and shows both sides", async () => {
    await run((check) => check.equal({ a: [1, new Uint8Array([2])] }, { a: [1, new Uint8Array([2])] }));
    await expect(run((check) => check.equal({ a: 1n }, { a: Number.NaN }))).rejects.toThrow(
      'Expected {"a":"NaN"}, but got {"a":"1n"}',
    );
    await expect(run((check) => check.equal(new Uint8Array([1]), undefined))).rejects.toThrow("Expected undefined, but got [1]");
  });

  it("uses the expect of the runner when there is one", async () => {
    const { kit, tests } = collector();
    const compared: unknown[] = [];
    const own = { ...kit, expect: (actual: unknown) => ({ toEqual: (expected: unknown) => compared.push([actual, expected]) }) };
    suite(own, "Thing", () => ({}), undefined, { a: async (_, check) => check.equal(1, 2) });
    await tests.get("a")!();
    expect(compared).toEqual([[1, 2]]);
  });

  it("answers an error of the code, thrown or rejected", async () => {
    await run(async (check) => {
      expect((await check.fails("CLOSED", () => Promise.reject(closed()))).details.subject).toBe("thing");
      const thrown = await check.fails("CLOSED", () => {
        throw closed();
      });
      expect(thrown.code).toBe("CLOSED");
    });
  });

  it("reports success, another code and another kind of error", async () => {
    const fails = (work: () => unknown) => run(async (check) => void (await check.fails("STORE_FAILED", work)));
    await expect(fails(() => 1)).rejects.toThrow("Expected an error with code STORE_FAILED, but the work succeeded");
    await expect(fails(() => Promise.reject(closed()))).rejects.toThrow(
      "Expected an error with code STORE_FAILED, but got ModelwrightError: gone",
    );
    await expect(fails(() => Promise.reject(undefined))).rejects.toThrow("but got undefined");
  });

  it("asks for the very error", async () => {
    const reason = new Error("why");
    await run((check) => check.failsWith(reason, () => Promise.reject(reason)));
    const other = run((check) => check.failsWith(reason, () => Promise.reject(new Error("why"))));
    await expect(other).rejects.toThrow("Expected the error Error: why itself, but got Error: why");
    await expect(run((check) => check.failsWith(reason, () => {}))).rejects.toThrow("but the work succeeded");
  });
});

describe("the conformance suites under node:test", () => {
  it("pass without expect and show the skip", () => {
    const fixture = fileURLToPath(new URL("fixtures/node-test-suite.ts", import.meta.url));
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { stdout, status } = spawnSync(process.execPath, ["--test", "--test-reporter=tap", fixture], { encoding: "utf8", env });
    const count = (name: string) => Number(new RegExp(`^# ${name} (\\d+)$`, "m").exec(stdout)?.[1]);
    expect([status, count("fail"), count("cancelled"), count("skipped")]).toEqual([0, 0, 0, 3]);
    expect(count("pass")).toBeGreaterThan(60);
    expect(stdout).toContain("stores one byte (skipped: shows how a skip looks)");
  });
});
