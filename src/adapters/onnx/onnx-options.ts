import * as z from "zod";
import type { Precision } from "../../core/model.ts";
import { invalidConfig, parseOptions } from "../../core/options.ts";
import { type OrtLibrary, type OrtSessionOptions, quiet } from "../onnxruntime/library.ts";
import { isOrtLibrary } from "./import-library.ts";

/** Options of `onnx`. */
export interface OnnxOptions {
  /**
   * The library, where the host has imported it already: then runs hold the calling thread, for a module cannot cross to another. Or the
   * `file:` URL of its module, for example `new URL(import.meta.resolve("onnxruntime-node"))`, which workers load as well.
   *
   * @defaultValue the installed `onnxruntime-node`
   */
  readonly lib?: OrtLibrary | URL;
  /**
   * What runs the model. Others than the processor need a build of the library that has them: `cuda` and `tensorrt` on Linux, `dml` on
   * Windows, `coreml` on macOS, `webgpu` on most. What the device cannot do, the processor does.
   *
   * @defaultValue "cpu"
   */
  readonly device?: OnnxDevice;
  /** Which device, for `cuda`, `tensorrt` and `dml`; from 0. @defaultValue 0 */
  readonly deviceId?: number;
  /**
   * Threads that work on one run, at least 1. More than one make a big model faster and the latency of a busy machine worse.
   *
   * @defaultValue 1
   */
  readonly threads?: number;
  /** How far the engine rewrites the model when it loads it; less loads faster. @defaultValue "all" */
  readonly graphOptimization?: "disabled" | "basic" | "extended" | "layout" | "all";
  /**
   * Where runs take place. `inline`: on the thread that calls, which they hold. `worker`: in a worker, a thread or process by
   * `isolation`. `auto`: in a worker, unless the session's warm-up measures that runs are so short that crossing costs more.
   *
   * @defaultValue "auto"; "inline" where `lib` is a module
   */
  readonly placement?: "auto" | "inline" | "worker";
  /** Longest run that `auto` lets hold the calling thread, ms. @defaultValue 1 */
  readonly inlineBudgetMs?: number;
  /**
   * What a worker is. A thread shares memory, and a crash of the engine ends the whole process. A child process copies what it is sent,
   * and can be killed at any time: its calls fail with `MODEL_EXECUTOR_LOST`, nothing else does.
   *
   * @defaultValue "thread"
   */
  readonly isolation?: "thread" | "process";
  /**
   * Longest run in a child process, ms; then the process is killed and replaced, and the call fails with `MODEL_EXECUTOR_LOST`.
   *
   * @defaultValue no limit
   */
  readonly hardTimeoutMs?: number;
  /**
   * Most workers, at least 1; all models of providers with the same `lib`, `device`, `isolation`, `workers`, `prefetch` and `hardTimeoutMs` share
   * them within a process. They start on demand, and end 5 s after the last model.
   *
   * @defaultValue on the processor, the cores that this process may use, by control groups too, for `threads` each; on a device 1
   */
  readonly workers?: number;
  /**
   * Workers that load a model, at least 1: so many runs take place at the same time, and so often it is in memory. With `auto`, one
   * loads it at first, and the others when the placement is settled, unless this is given.
   *
   * @defaultValue all workers, fewer where that would take more than 2 GiB of model bytes
   */
  readonly instances?: number;
  /**
   * Runs that a worker is given beyond the one that it works on, 0 or 1. One keeps it busy while an answer is on its way; but what it was
   * given is run also when the caller has left meanwhile, and is lost with the worker.
   *
   * @defaultValue 1 for threads, 0 for processes and for devices other than the processor
   */
  readonly prefetch?: 0 | 1;
  /** Variants of a model to take, best first, where a session is given several. @defaultValue `["fp32"]` */
  readonly precisions?: readonly Precision[];
}

/** What can run a model through `onnxruntime-node`. */
export type OnnxDevice = "cpu" | "cuda" | "tensorrt" | "webgpu" | "coreml" | "dml";

const MAX_TIMER_MS = 2 ** 31 - 1;

const optionsSchema = z.strictObject({
  lib: z.custom<OrtLibrary | URL>(isLibrary, { error: "expected the onnxruntime-node module, or its file: URL" }).optional(),
  device: z.enum(["cpu", "cuda", "tensorrt", "webgpu", "coreml", "dml"]).default("cpu"),
  deviceId: z.int().min(0).optional(),
  threads: z.int().min(1).max(1024).default(1),
  graphOptimization: z.enum(["disabled", "basic", "extended", "layout", "all"]).default("all"),
  placement: z.enum(["auto", "inline", "worker"]).optional(),
  inlineBudgetMs: z.number().min(0).default(1),
  isolation: z.enum(["thread", "process"]).default("thread"),
  hardTimeoutMs: z.number().positive().max(MAX_TIMER_MS).optional(),
  workers: z.int().min(1).max(1024).optional(),
  instances: z.int().min(1).max(1024).optional(),
  prefetch: z.union([z.literal(0), z.literal(1)]).optional(),
  precisions: z
    .array(z.enum(["fp32", "fp16", "int8"]))
    .min(1)
    .default(["fp32"]),
});

/** Options that were checked, defaults filled in. */
export type ParsedOnnxOptions = Omit<z.output<typeof optionsSchema>, "lib" | "placement"> & {
  readonly module: OrtLibrary | undefined;
  /** URL of the library's module. */
  readonly url: string | undefined;
  readonly placement: "auto" | "inline" | "worker";
};

/** Checks options, each and how they go together. @throws a `ModelwrightError` with code `CONFIG_INVALID` that lists every issue */
export function parseOnnxOptions(options: OnnxOptions): ParsedOnnxOptions {
  const { lib, ...parsed } = parseOptions(optionsSchema, options, "onnx");
  const url = lib instanceof URL ? lib.href : undefined;
  const module = lib instanceof URL ? undefined : lib;
  const { device, deviceId, isolation, hardTimeoutMs, workers = 1, instances = 1 } = parsed;
  const issues: { path: string[]; message: string }[] = [];
  const refuse = (option: string, message: string) => void issues.push({ path: [option], message });
  if (module !== undefined && (parsed.placement === "worker" || isolation === "process")) {
    refuse("lib", "a module cannot be handed to a worker; give its URL");
  }
  if (isolation === "process" && parsed.placement === "inline") refuse("placement", 'inline excludes isolation "process"');
  if (hardTimeoutMs !== undefined && isolation !== "process")
    refuse("hardTimeoutMs", 'needs isolation "process": a thread cannot be ended');
  if (hardTimeoutMs !== undefined && parsed.prefetch === 1)
    refuse("prefetch", "expected 0 with hardTimeoutMs, which counts from when a worker is given a run");
  if (deviceId !== undefined && !["cuda", "tensorrt", "dml"].includes(device)) refuse("deviceId", `has no meaning for ${device}`);
  if (device === "webgpu" && (workers > 1 || instances > 1)) refuse("workers", "webgpu does one thing at a time");
  if (issues.length > 0) throw invalidConfig("onnx", issues);
  const placement = parsed.placement ?? (module === undefined ? "auto" : "inline");
  return { ...parsed, module, url, placement };
}

/** How the engine is to load a model. */
export function sessionOptions({ device, deviceId, threads, graphOptimization }: ParsedOnnxOptions): OrtSessionOptions {
  return {
    ...quiet,
    executionProviders: [deviceId === undefined ? device : { name: device, deviceId }],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: graphOptimization,
    // Idle threads that spin take the processor from everything else in the host.
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  };
}

function isLibrary(value: unknown): boolean {
  return value instanceof URL ? value.protocol === "file:" : isOrtLibrary(value);
}
