import { readdirSync, readFileSync } from "node:fs";
import type { MemorySample } from "./rss-slope.ts";

/** What a process holds that it must give back. */
export interface Holdings {
  /** Threads of the process, by the kernel's count. */
  readonly threads: number;
  /** Processes that it has started and that live. */
  readonly children: number;
  /** Resources that keep the event loop going, but for those of standard output. */
  readonly resources: readonly string[];
  /** Listeners on the process. */
  readonly listeners: number;
}

/** Counts what this process holds. Threads only where the kernel tells them, as Linux does. */
export function holdings(): Holdings {
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  return {
    threads: readdirSync("/proc/self/task").length,
    children: childrenOf(process.pid).length,
    resources: process.getActiveResourcesInfo().filter((kind) => !/^(?:PipeWrap|TTYWrap|Timeout|FSReqPromise)$/.test(kind)),
    listeners,
  };
}

/**
 * Waits until nothing is open and there are no more threads and listeners than before, at most 20 s, for workers stay a while behind
 * their last model; answers what there is then.
 */
export async function settled(before: Holdings): Promise<Holdings> {
  const endAt = performance.now() + 20_000;
  for (;;) {
    const now = holdings();
    const back = now.threads <= before.threads && now.listeners <= before.listeners;
    if ((back && now.children === 0 && now.resources.length === 0) || performance.now() > endAt) return now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Ids of the living processes that a process has started. */
export function childrenOf(pid: number): number[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    const [state, parent] = statusOf(entry);
    return parent === pid && state !== "Z" ? [Number(entry)] : [];
  });
}

/** Memory of this process, after what can be collected was collected. */
export function memoryAfter(operations: number): MemorySample {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("Run with --expose-gc");
  gc();
  gc();
  return { operations, rssMib: process.memoryUsage.rss() / 2 ** 20 };
}

/** State and parent of a process; of one that has gone meanwhile, nothing. */
function statusOf(pid: string): [state: string, parent: number] {
  try {
    // The name, in parentheses, may hold anything.
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    return [state!, Number(parent)];
  } catch {
    return ["", 0];
  }
}
