import type { CallOptions } from "../../core/call.ts";
import { systemClock } from "../../core/clock.ts";
import { raceAbort, withDeadline } from "../../core/deadline.ts";
import { messageOf } from "../../core/errors.ts";
import { isNode } from "./import-library.ts";

/** The WebGPU adapter that the platform offers, or why there is none. */
export type WebGpuReport =
  | {
      readonly available: true;
      /** For example `nvidia` or `apple`; empty where the browser hides it. */
      readonly vendor: string;
      /** For example `ampere`; empty where the browser hides it. */
      readonly architecture: string;
      /** Whether it is emulated on the processor, so that WebAssembly is faster. */
      readonly software: boolean;
      /** Whether it computes with float16, without which FP16 models fail on it. */
      readonly shaderF16: boolean;
    }
  | { readonly available: false; readonly reason: string };

/** What this page or worker can run models on. */
export interface WebEnvironment {
  /** Whether the page was served with the headers that allow shared memory, and thus threads. Always true in Node. */
  readonly crossOriginIsolated: boolean;
  /** Whether threads can share memory. */
  readonly sharedMemory: boolean;
  /** Most threads that can work on one run: 1, or the number of cores. */
  readonly threads: number;
  /** Why only one thread can be used, and what to do; undefined where more can. */
  readonly threadsReason: string | undefined;
  readonly webgpu: WebGpuReport;
  /** Whether the platform has WebNN. A device that serves it may be missing all the same. */
  readonly webnn: boolean;
}

/** What is used of WebGPU. */
interface Gpu {
  requestAdapter(): Promise<GpuAdapter | null>;
}

interface GpuAdapter {
  readonly features: ReadonlySet<string>;
  readonly isFallbackAdapter?: boolean;
  readonly info?: { readonly vendor: string; readonly architecture: string; readonly isFallbackAdapter?: boolean };
}

/** Some drivers never answer the question for an adapter. */
const ADAPTER_MS = 10_000;

/** Why a page has one thread only. */
export const NOT_ISOLATED =
  "the page is not cross-origin isolated; serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";

/**
 * Finds out what models can run on here. Asks for a WebGPU adapter, which the browser may take a second for; loads no engine.
 *
 * @throws `call.signal.reason` when aborted
 *
 * @example
 * ```ts
 * import { onnxWeb, webEnvironment } from "modelwright/onnx-web";
 *
 * const { webgpu, threads } = await webEnvironment();
 * const wasm = onnxWeb({ wasmPaths: "/ort/", threads: Math.min(threads, 4) });
 * const providers = webgpu.available && !webgpu.software ? [onnxWeb({ wasmPaths: "/ort/", device: "webgpu" }), wasm] : [wasm];
 * ```
 */
export async function webEnvironment(call?: CallOptions): Promise<WebEnvironment> {
  const { navigator } = globalThis as { navigator?: { gpu?: Gpu; ml?: unknown; hardwareConcurrency?: number } };
  const isolated = isIsolated();
  const cores = navigator?.hardwareConcurrency ?? 1;
  return {
    crossOriginIsolated: isolated,
    sharedMemory: isolated,
    threads: isolated ? cores : 1,
    threadsReason: isolated ? (cores > 1 ? undefined : "the machine has one core") : NOT_ISOLATED,
    webgpu: await withDeadline(call, (signal) => reportWebGpu(navigator?.gpu, signal)),
    webnn: navigator?.ml !== undefined,
  };
}

/** Whether threads may share memory. */
export function isIsolated(): boolean {
  return isNode() || (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true;
}

async function reportWebGpu(gpu: Gpu | undefined, signal: AbortSignal | undefined): Promise<WebGpuReport> {
  if (gpu === undefined) {
    const insecure = (globalThis as { isSecureContext?: boolean }).isSecureContext === false;
    const reason = insecure ? "WebGPU needs a page that is served over https" : "this platform has no WebGPU";
    return { available: false, reason };
  }
  const silence = new AbortController();
  const timer = systemClock.schedule(ADAPTER_MS, () => silence.abort(new Error(`no answer within ${ADAPTER_MS} ms`)));
  const either = signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]);
  try {
    const adapter = await raceAbort(either, () => gpu.requestAdapter());
    if (adapter === null) return { available: false, reason: "the browser has no adapter for this graphics card" };
    const { info, features } = adapter;
    return {
      available: true,
      vendor: info?.vendor ?? "",
      architecture: info?.architecture ?? "",
      software: info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false,
      shaderF16: features.has("shader-f16"),
    };
  } catch (error) {
    signal?.throwIfAborted();
    return { available: false, reason: `asking for an adapter failed: ${messageOf(error)}` };
  } finally {
    timer[Symbol.dispose]();
  }
}
