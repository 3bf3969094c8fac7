import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** Reads a small text file; undefined when it cannot be read. */
export type ReadText = (path: string) => string | undefined;

const ROOT = "/sys/fs/cgroup";

/**
 * How many cores this process may keep busy, at least 1: those that it may run on, less where a Linux control group grants less time.
 *
 * A part of a core is rounded down, because a group that has used up its time stands still as a whole, the event loop included.
 *
 * @source Linux kernel documentation, "Control Group v2", `cpu.max`; "CFS Bandwidth Control", `cpu.cfs_quota_us`
 */
export function usableCores(read: ReadText = readText, cores: number = availableParallelism()): number {
  let granted = cores;
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    // hierarchy:controllers:path, where version 2 is hierarchy 0 without controllers.
    const [, hierarchy, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    if (hierarchy === "0" && controllers === "") {
      for (const folder of upwards(path)) {
        const [us, periodUs] = fields(read(`${ROOT}${folder}/cpu.max`));
        granted = Math.min(granted, quota(us, periodUs));
      }
    } else if (controllers?.split(",").includes("cpu")) {
      for (const folder of upwards(path)) {
        const [us] = fields(read(`${ROOT}/cpu${folder}/cpu.cfs_quota_us`));
        const [periodUs] = fields(read(`${ROOT}/cpu${folder}/cpu.cfs_period_us`));
        granted = Math.min(granted, quota(us, periodUs));
      }
    }
  }
  return Math.max(1, Math.floor(granted));
}

/** Cores worth of time; infinite without a limit. */
function quota(us: string | undefined, periodUs: string | undefined): number {
  const cores = Number(us) / Number(periodUs);
  return cores > 0 ? cores : Number.POSITIVE_INFINITY;
}

/** The folder and all above it, each of which may limit; the root as `""`. A container often sees its own group as the root. */
function upwards(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return Array.from({ length: parts.length + 1 }, (_, i) => ["", ...parts.slice(0, parts.length - i)].join("/"));
}

function fields(text: string | undefined): string[] {
  return (text ?? "").trim().split(/\s+/);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
