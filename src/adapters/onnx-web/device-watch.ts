import type { EngineHostOptions } from "../onnxruntime/engine-host.ts";
import type { OrtSession, OrtSessionOptions } from "../onnxruntime/library.ts";
import type { OrtWebLibrary } from "./import-library.ts";
import type { WebDevice } from "./worker-start.ts";

/** What is used of WebGPU's device. */
interface GpuDevice {
  readonly lost: Promise<{ readonly message: string; readonly reason: string }>;
}

/** Notices that the device under an engine is gone: then everything fails in this worker, whatever the request. */
export interface DeviceWatch extends Required<EngineHostOptions> {
  /** The library, watched from its first model on. */
  library(lib: OrtWebLibrary): OrtWebLibrary;
}

/**
 * What ONNX Runtime and Dawn, the WebGPU of Chromium, say when the device is gone. Matched beside the promise of the device, which may
 * settle after the run has failed.
 */
const lostWords = /device (?:is |was )?lost|device was destroyed|lost device|(?:destroyed|invalid) device|GPUDevice.*lost/i;

/** Watches the device of an engine; does nothing for WebAssembly, which cannot be lost. */
export function deviceWatch(device: WebDevice): DeviceWatch {
  let watched: GpuDevice | undefined;
  let lost: string | undefined;
  let sessions = 0;

  async function watch(lib: OrtWebLibrary): Promise<void> {
    const gpu = await (lib as { env: { webgpu?: { device?: GpuDevice | Promise<GpuDevice> } } }).env.webgpu?.device;
    if (gpu === undefined || gpu === watched) return;
    watched = gpu;
    void gpu.lost.then(({ message, reason }) => {
      if (gpu === watched) lost = `the WebGPU device was lost (${reason}): ${message}`;
    });
  }

  async function create(lib: OrtWebLibrary, bytes: Uint8Array, options: OrtSessionOptions): Promise<OrtSession> {
    const session = await lib.InferenceSession.create(bytes, options);
    sessions += 1;
    await watch(lib);
    return {
      inputMetadata: session.inputMetadata,
      outputMetadata: session.outputMetadata,
      run: (feeds, fetches, run) => session.run(feeds, fetches, run),
      async release() {
        sessions -= 1;
        // With its last session the engine destroys the device, and takes another one for the next: that is no loss.
        if (sessions === 0) watched = undefined;
        await session.release();
      },
    };
  }

  return {
    library: (lib) =>
      device === "webgpu" ? { env: lib.env, InferenceSession: { create: (bytes, options) => create(lib, bytes, options) } } : lib,
    isDeviceLost: (reason) => device !== "wasm" && (lost !== undefined || lostWords.test(reason)),
    working(busy) {
      // Asked once more after a failure, the engine would never answer.
      if (busy && lost !== undefined) throw new Error(lost);
    },
  };
}
