import { systemClock } from "../../core/clock.ts";
import { ModelwrightError, messageOf } from "../../core/errors.ts";
import type { EngineAnswer, EngineFailure, EngineReply, EngineRequest, EngineTensor } from "./engine-messages.ts";
import { type OrtLibrary, type OrtSession, type OrtSessionOptions, type OrtTensor, quiet } from "./library.ts";
import { wordsOf } from "./ort-tensor.ts";

/** Options of {@link engineHost}. */
export interface EngineHostOptions {
  /** Whether an error means that the device is gone, so that nothing works in this host any more. @defaultValue never */
  readonly isDeviceLost?: (reason: string) => boolean;
  /** Called before a request is worked on, and after. What it throws fails the request. */
  readonly working?: (busy: boolean) => void;
}

/**
 * The side of an engine that lives in a worker or a child process: keeps the sessions, and answers requests strictly one at a time, in
 * the order in which they came.
 *
 * @param lib - imports the library; called on the first request, and again as long as it fails
 * @param post - sends a reply; `transfer` names its memory that may move, and each buffer only once
 * @returns what takes requests
 */
export function engineHost(
  lib: () => Promise<OrtLibrary>,
  post: (reply: EngineReply, transfer: ArrayBuffer[]) => void,
  { isDeviceLost = () => false, working = () => {} }: EngineHostOptions = {},
): (request: EngineRequest) => void {
  const sessions = new Map<number, OrtSession>();

  const failureOf = (error: unknown): EngineFailure => {
    if (ModelwrightError.is(error, "MISSING_PEER")) return { kind: "peer", reason: error.message };
    const reason = messageOf(error);
    return { kind: isDeviceLost(reason) ? "device" : "engine", reason };
  };

  async function answer(request: EngineRequest): Promise<EngineAnswer> {
    if (request.kind === "load") {
      const { InferenceSession } = await lib();
      const startedAt = systemClock.monotonic();
      const session = await createFrom(InferenceSession, request.bytes, request.options);
      const createMs = systemClock.monotonic() - startedAt;
      sessions.set(request.model, session);
      return { kind: "load", inputs: copied(session.inputMetadata), outputs: copied(session.outputMetadata), createMs };
    }
    const session = sessions.get(request.model);
    if (session === undefined) throw new Error(`model ${request.model} is not loaded here`);
    if (request.kind === "release") {
      sessions.delete(request.model);
      await session.release();
      return { kind: "release" };
    }
    const feeds: Record<string, OrtTensor> = {};
    for (const [name, { type, dims, data }] of Object.entries(request.feeds)) feeds[name] = { type, dims, data, location: "cpu" };
    const startedAt = systemClock.monotonic();
    const results = await session.run(feeds, request.fetches, quiet);
    const inferMs = systemClock.monotonic() - startedAt;
    const outputs: Record<string, EngineTensor> = {};
    for (const name of request.fetches) {
      const { type, dims, data } = results[name]!;
      outputs[name] = { type, dims: [...dims], data: wordsOf(type, data) };
    }
    return { kind: "run", outputs, inferMs };
  }

  async function reply(request: EngineRequest): Promise<void> {
    const { id } = request;
    try {
      working(true);
      const given = await answer(request).finally(() => working(false));
      post({ id, answer: given }, given.kind === "run" ? buffersOf(given.outputs) : []);
    } catch (error) {
      post({ id, failure: failureOf(error) }, []);
    }
  }

  let last = Promise.resolve();
  return (request) => {
    last = last.then(() => reply(request));
  };
}

/** ONNX Runtime takes inputs, but no model, from shared memory. A copy is freed at once: a thread that does little collects its garbage late. */
async function createFrom(
  library: OrtLibrary["InferenceSession"],
  bytes: Uint8Array,
  options: OrtSessionOptions,
): Promise<OrtSession> {
  if (bytes.buffer instanceof ArrayBuffer) return library.create(bytes, options);
  const copy = bytes.slice();
  try {
    return await library.create(copy, options);
  } finally {
    // Since Node 21; ES2024.
    (copy.buffer as { transfer?: (length: number) => ArrayBuffer }).transfer?.(0);
  }
}

/** Plain objects: what the engine gives may not cross. */
function copied(metadata: OrtSession["inputMetadata"]): OrtSession["inputMetadata"] {
  return metadata.map(({ name, isTensor, type }) => ({ name, isTensor, ...(type === undefined ? {} : { type }) }));
}

/** The memory of results, each buffer once. Memory that also holds something else stays, and is copied. */
function buffersOf(outputs: Readonly<Record<string, EngineTensor>>): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of Object.values(outputs)) {
    if (!ArrayBuffer.isView(data) || !(data.buffer instanceof ArrayBuffer)) continue;
    if (data.byteLength === data.buffer.byteLength) buffers.add(data.buffer);
  }
  return [...buffers];
}
