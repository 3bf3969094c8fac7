import type { CallOptions, Runtime } from "../../core/call.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { raceAbort } from "../../core/deadline.ts";
import type { LoadedModel } from "../../core/model.ts";
import type { ExecutionProvider, Executor } from "../../inference/port.ts";
import type { EnginePool } from "../onnxruntime/engine-pool.ts";
import { ortExecutor, type Schedule } from "../onnxruntime/ort-executor.ts";
import { ortElementTypes } from "../onnxruntime/ort-tensor.ts";
import { PoolExecutor } from "../onnxruntime/pool-executor.ts";
import { importLibrary } from "./import-library.ts";
import { type OnnxOptions, type ParsedOnnxOptions, parseOnnxOptions, sessionOptions } from "./onnx-options.ts";
import { SettlingExecutor } from "./settling-executor.ts";
import { workerPool } from "./worker-pools.ts";

/** Most bytes of model that are loaded without being asked for, over all instances of a model: 2 GiB. */
const MAX_BYTES = 2 ** 31;

const immediately: Schedule = (work, call) => {
  call?.signal?.throwIfAborted();
  return work();
};

/**
 * ONNX Runtime in a Node process, through the peer `onnxruntime-node`.
 *
 * The library loads and runs models on the thread that calls it, so models live in workers, and the event loop goes on. A worker does
 * one thing at a time; further runs wait in order. An abort ends the waiting at once, and a run that has begun ends unheard. Small
 * models move to the calling thread when the session's warm-up measures that this is cheaper; `executor.placementReason` says why.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID`; loading throws `MISSING_PEER` when the library is not installed, and
 * `MODEL_EXECUTOR_LOST` when workers end while they load the model
 *
 * @example
 * ```ts
 * import { InferenceSession } from "modelwright";
 * import { onnx } from "modelwright/onnx";
 * import { logisticModel } from "modelwright/onnx-format";
 *
 * const model = logisticModel({ columns: ["age", "income"], weights: [0.5, 2], bias: 1 });
 * await using session = await InferenceSession.open({ model, providers: [onnx()] });
 * const { output } = await session.predict({ age: 41, income: 3.2 });
 * ```
 */
export function onnx(options: OnnxOptions = {}, { clock = systemClock }: Pick<Runtime, "clock"> = {}): ExecutionProvider {
  const parsed = parseOnnxOptions(options);
  const name = `onnxruntime-node/${parsed.device}`;
  return {
    spec: "execution/1",
    name,
    capabilities: { elementTypes: ortElementTypes, model: "onnx", precisions: parsed.precisions },
    load: (model, call) =>
      parsed.placement === "inline" ? loadInline(name, parsed, model, call) : loadPooled(name, parsed, clock, model, call),
  };
}

async function loadInline(
  name: string,
  options: ParsedOnnxOptions,
  { bytes }: LoadedModel,
  call?: CallOptions,
): Promise<Executor> {
  const lib = options.module ?? (await importLibrary(options.url));
  const reason =
    options.module === undefined ? "inline: asked for" : "inline: the library is a module, which cannot cross to a worker";
  return ortExecutor(name, immediately, () => lib.InferenceSession.create(bytes, sessionOptions(options)), call, reason);
}

async function loadPooled(
  name: string,
  options: ParsedOnnxOptions,
  clock: Clock,
  model: LoadedModel,
  call?: CallOptions,
): Promise<Executor> {
  const { device, isolation, placement } = options;
  const pool = workerPool(name, options, clock);
  const bytes = isolation === "thread" ? shared(model.bytes) : model.bytes.slice();
  const instances = options.instances ?? Math.max(1, Math.min(pool.workers, Math.floor(MAX_BYTES / Math.max(1, bytes.length))));
  const loaded = await pool.load(bytes, sessionOptions(options), call);
  const [kind, where] =
    isolation === "thread" ? (["worker", "in workers"] as const) : (["process", "in child processes"] as const);
  const asked = placement === "worker" || isolation === "process";
  const reason = `${where}: ${asked ? "asked for" : `how long a run takes on ${device} is not what decides`}`;
  const pooled = new PoolExecutor(pool, loaded, kind, reason);
  // Memory of a device is dear, so a model is not loaded there twice; and a child process was asked for, for its isolation.
  const settles = placement === "auto" && isolation === "thread" && device === "cpu";
  try {
    const spread = () => pooled.spread(instances);
    if (!settles || options.instances !== undefined)
      await (call?.signal === undefined ? spread() : raceAbort(call.signal, spread));
  } catch (error) {
    const disposed = pooled[Symbol.asyncDispose]();
    if (!call?.signal?.aborted) await disposed;
    throw error;
  }
  if (!settles) return pooled;
  const { identity } = model;
  return new SettlingExecutor(pooled, {
    inlineBudgetMs: options.inlineBudgetMs,
    // The engine takes no model from shared memory.
    inline: () => loadInline(name, options, { identity, bytes: bytes.slice() }),
    measureCreateMs: () => measureCreateMs(pool, bytes, options, pooled.createMs),
    spread: () => pooled.spread(instances),
  });
}

/** The first model of a worker takes as long as the engine's own start besides, so a long time is measured again. */
async function measureCreateMs(
  pool: EnginePool,
  bytes: Uint8Array,
  options: ParsedOnnxOptions,
  firstMs: number,
): Promise<number> {
  if (firstMs < 5) return firstMs;
  const again = await pool.load(bytes, sessionOptions(options));
  await pool.release(again);
  return Math.min(firstMs, again.loaded.createMs);
}

/** The bytes where all threads see them, so that they are there once and not once for each. */
function shared(bytes: Uint8Array): Uint8Array {
  if (!(bytes.buffer instanceof ArrayBuffer)) return bytes;
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
