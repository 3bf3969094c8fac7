import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { usableCores } from "../../src/adapters/onnx/usable-cores.ts";

/** Reads from a table of files. */
function files(table: Readonly<Record<string, string>>): (path: string) => string | undefined {
  return (path) => table[path];
}

const v2 = "/proc/self/cgroup";

describe("usableCores", () => {
  it("are those of the machine without a control group", () => {
    expect(usableCores(files({}), 8)).toBe(8);
    expect(usableCores(files({ [v2]: "0::/\n" }), 8)).toBe(8);
    expect(usableCores(files({ [v2]: "0::/\n", "/sys/fs/cgroup/cpu.max": "max 100000\n" }), 8)).toBe(8);
    expect(usableCores()).toBeLessThanOrEqual(availableParallelism());
  });

  it.each([
    ["whole cores", "400000 100000", 4],
    ["a part of a core less than asked for", "250000 100000", 2],
    ["at least one", "20000 100000", 1],
    ["no more than there are", "1600000 100000", 8],
    ["all, of text that is no limit", "many", 8],
    ["all, of a period of nothing", "100000 0", 8],
    ["all, of a negative limit", "-1 100000", 8],
  ])("are limited by version 2: %s", (_, text, expected) => {
    expect(usableCores(files({ [v2]: "0::/\n", "/sys/fs/cgroup/cpu.max": text }), 8)).toBe(expected);
  });

  it("are limited by the strictest group above the own one", () => {
    const table = {
      [v2]: "0::/kubepods/pod7/app\n",
      "/sys/fs/cgroup/kubepods/pod7/app/cpu.max": "600000 100000\n",
      "/sys/fs/cgroup/kubepods/pod7/cpu.max": "300000 100000\n",
      "/sys/fs/cgroup/kubepods/cpu.max": "max 100000\n",
    };
    expect(usableCores(files(table), 8)).toBe(3);
  });

  it("are limited by version 1", () => {
    const table = {
      [v2]: "12:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n",
      "/sys/fs/cgroup/cpu/docker/1/cpu.cfs_quota_us": "200000\n",
      "/sys/fs/cgroup/cpu/docker/1/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    };
    expect(usableCores(files(table), 8)).toBe(2);
  });
});
