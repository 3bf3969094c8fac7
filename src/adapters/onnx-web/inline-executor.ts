import type { CallOptions } from "../../core/call.ts";
import { Limiter } from "../../core/limiter.ts";
import type { Executor } from "../../inference/port.ts";
import type { OrtSessionOptions } from "../onnxruntime/library.ts";
import { ortExecutor, type Schedule } from "../onnxruntime/ort-executor.ts";
import { configure, importLibrary, type OrtWebLibrary } from "./import-library.ts";
import type { WorkerStart } from "./worker-start.ts";

/** What an executor on this thread is made with. */
export interface InlineOptions {
  readonly provider: string;
  readonly placementReason: string;
  /** @defaultValue imported */
  readonly lib: OrtWebLibrary | undefined;
  readonly start: WorkerStart;
}

/** Loads a model on this thread, one thing at a time for the whole thread. */
export async function inlineExecutor(
  bytes: Uint8Array,
  options: OrtSessionOptions,
  { provider, placementReason, lib: given, start }: InlineOptions,
  call: CallOptions | undefined,
): Promise<Executor> {
  const lib = configure(given ?? (await importLibrary(start.device)), start);
  const executor = await ortExecutor(provider, oneAtATime(lib), () => lib.InferenceSession.create(bytes, options), call);
  return Object.assign(executor, { placementReason });
}

const queueKey = Symbol.for("modelwright.onnx-web.queue");

/** The queue of an engine. Kept on the engine's own object, so that two copies of this package share it. */
function oneAtATime(lib: OrtWebLibrary): Schedule {
  const env: { [queueKey]?: Limiter } & OrtWebLibrary["env"] = lib.env;
  env[queueKey] ??= new Limiter({ concurrency: 1 });
  const queue = env[queueKey];
  return (work, call) => queue.run(work, call);
}
