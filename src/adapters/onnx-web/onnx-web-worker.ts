/**
 * The worker in which `onnxWeb` runs ONNX Runtime. Importing it anywhere else does nothing.
 *
 * Bundlers that understand `new Worker(new URL(…, import.meta.url))`, such as Vite and webpack, find it by themselves. For others build
 * it as an entry of its own, or import it in a worker of yours and hand that to `onnxWeb({ worker })`.
 *
 * @module modelwright/onnx-web-worker
 */
import { engineHost } from "../onnxruntime/engine-host.ts";
import type { EngineReply } from "../onnxruntime/engine-messages.ts";
import { deviceWatch } from "./device-watch.ts";
import { configure, importLibrary, isNode } from "./import-library.ts";
import { NODE_WORKER, type WorkerMessage } from "./worker-start.ts";

type Post = (reply: EngineReply, transfer: ArrayBuffer[]) => void;

/** Takes the setup first, then requests. */
function serve(post: Post): (message: WorkerMessage) => void {
  let host: ReturnType<typeof engineHost> | undefined;
  return (message) => {
    if (message.kind !== "start") {
      host?.(message);
      return;
    }
    const watch = deviceWatch(message.device);
    const lib = async () => watch.library(configure(await importLibrary(message.device), message));
    host = engineHost(lib, post, watch);
  };
}

/** A worker of a browser, as it sees itself. */
interface WorkerScope {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(type: "message", listener: (event: { readonly data: WorkerMessage }) => void): void;
}

function browserScope(): WorkerScope | undefined {
  const { DedicatedWorkerGlobalScope: Scope } = globalThis as { DedicatedWorkerGlobalScope?: new () => WorkerScope };
  return Scope !== undefined && globalThis instanceof Scope ? (globalThis as unknown as WorkerScope) : undefined;
}

if (isNode()) {
  const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
  if (parentPort !== null && workerData === NODE_WORKER) {
    parentPort.on(
      "message",
      serve((reply, transfer) => parentPort.postMessage(reply, transfer)),
    );
  }
} else {
  const scope = browserScope();
  const take = scope && serve((reply, transfer) => scope.postMessage(reply, transfer));
  if (take !== undefined) scope?.addEventListener("message", ({ data }) => take(data));
}
