import * as z from "zod";
import type { Precision } from "../../core/model.ts";
import { invalidConfig, parseOptions, passed } from "../../core/options.ts";
import type { WebWorker } from "./browser-worker.ts";
import { isNode, type OrtWebLibrary } from "./import-library.ts";
import { isIsolated } from "./web-environment.ts";
import type { WebDevice, WorkerStart } from "./worker-start.ts";

/** Where the engine's `.mjs` and `.wasm` files are: a folder's URL that ends in `/`, or the URL of each. */
export type WasmPaths = string | { readonly mjs?: string | URL; readonly wasm?: string | URL };

/** Options of {@link onnxWeb}. */
export interface OnnxWebOptions {
  /**
   * The library, where the host has imported it already. It cannot cross to another thread, so it works on this one, unless `worker` is
   * given as well, which then imports its own.
   *
   * @defaultValue the build of the installed `onnxruntime-web` that fits the device
   */
  readonly lib?: OrtWebLibrary;
  /**
   * Where the engine's `.mjs` and `.wasm` files are served, relative to the page; nothing is ever fetched from another place. Needed in
   * browsers unless `lib` or `worker` was configured by the host. Node finds them in the package.
   */
  readonly wasmPaths?: WasmPaths;
  /** What runs the model. `webgpu` and `webnn` need a browser that has it. @defaultValue "wasm" */
  readonly device?: WebDevice;
  /**
   * Threads that work on one run, at least 1. More than one need a page that is cross-origin isolated; elsewhere it is one, as the
   * executor's `placementReason` then says.
   *
   * @defaultValue 1
   */
  readonly threads?: number;
  /**
   * Where the engine works. `auto`: in a worker, one for all models with the same device, paths and threads; on this thread where
   * workers cannot be started. `false`: on this thread, which loading and running then block. A function makes the worker: its script
   * imports `modelwright/onnx-web-worker`; the provider then has a worker of its own.
   *
   * @defaultValue "auto"
   */
  readonly worker?: "auto" | false | (() => WebWorker);
  /**
   * Variants of a model that run well here, best first, for a session that may choose: for example `["fp16", "fp32"]` with WebGPU where
   * `webEnvironment()` finds float16 shaders.
   *
   * @defaultValue `["fp32"]`
   */
  readonly precisions?: readonly Precision[];
  /**
   * How long a worker may take for an answer before it counts as frozen and another one takes its place, ms; `Infinity` turns it off.
   * `runMs` counts for each run after the first one has succeeded, `firstMs` for loading and the first run, when shaders are compiled.
   *
   * @defaultValue `{ runMs: 30_000, firstMs: 120_000 }`
   */
  readonly watchdog?: { readonly runMs?: number; readonly firstMs?: number };
}

/** The options, checked, with defaults. */
export type ParsedOptions = z.output<typeof optionsSchema>;

const url = z.union([z.string(), z.instanceof(URL)]);
const folder = z.string().refine((text) => text.endsWith("/"), "expected the URL of a folder, which ends in /");
const patience = z.union([z.number().min(1), z.literal(Number.POSITIVE_INFINITY)]);
const optionsSchema = z.strictObject({
  lib: passed<OrtWebLibrary>("the onnxruntime-web module", isOrtWebLibrary).optional(),
  wasmPaths: z.union([folder, z.strictObject({ mjs: url.exactOptional(), wasm: url.exactOptional() })]).optional(),
  device: z.enum(["wasm", "webgpu", "webnn"]).default("wasm"),
  threads: z.int().min(1).default(1),
  worker: z
    .union(
      [z.literal("auto"), z.literal(false), passed<() => WebWorker>("a function", (value) => typeof value === "function")],
      'expected "auto", false or a function that makes a worker',
    )
    .default("auto"),
  precisions: z
    .array(z.enum(["fp32", "fp16", "int8"]))
    .min(1)
    .exactOptional(),
  watchdog: z.strictObject({ runMs: patience.default(30_000), firstMs: patience.default(120_000) }).prefault({}),
});

/** @throws a {@link ModelwrightError} with code `CONFIG_INVALID` that lists every issue */
export function parseWebOptions(options: unknown): ParsedOptions {
  const parsed = parseOptions(optionsSchema, options, "onnxWeb");
  const { lib, wasmPaths, worker } = parsed;
  if (lib === undefined && wasmPaths === undefined && typeof worker !== "function" && !isNode()) {
    const message = "expected the URL of the folder that serves onnxruntime-web/dist, for example /ort/";
    throw invalidConfig("onnxWeb", [{ path: ["wasmPaths"], message }]);
  }
  return parsed;
}

/** What the engine is set up with. Addresses become absolute: those of a worker count from its script, not from the page. */
export function startOf({ device, threads, wasmPaths }: ParsedOptions): WorkerStart {
  const { document, location } = globalThis as { document?: { baseURI?: string }; location?: { href?: string } };
  const base = document?.baseURI ?? location?.href;
  const absolute = (given: string | URL) =>
    URL.canParse(String(given), base) ? new URL(String(given), base).href : String(given);
  const { mjs, wasm } = typeof wasmPaths === "object" ? wasmPaths : {};
  const files = {
    ...(mjs === undefined ? {} : { mjs: absolute(mjs) }),
    ...(wasm === undefined ? {} : { wasm: absolute(wasm) }),
  };
  return {
    kind: "start",
    device,
    threads: isIsolated() ? threads : 1,
    wasmPaths: typeof wasmPaths === "string" ? absolute(wasmPaths) : wasmPaths && files,
  };
}

/** Whether a value looks like the library's module. */
function isOrtWebLibrary(value: unknown): boolean {
  const { InferenceSession, env } = (value ?? {}) as Partial<OrtWebLibrary>;
  return typeof InferenceSession?.create === "function" && typeof env?.wasm === "object";
}
