import { messageOf } from "../../core/errors.ts";
import type { ConnectEngine } from "../onnxruntime/engine-channel.ts";
import type { EngineReply } from "../onnxruntime/engine-messages.ts";
import { NODE_WORKER, type WorkerStart } from "./worker-start.ts";

/** Connects to an engine in a thread of its own. WebAssembly may be ended while it works, unlike the native engine. */
export function nodeWorker(start: WorkerStart): ConnectEngine {
  return (events) => {
    // Not imported, so that what a browser bundles names no module of Node.
    const { Worker } = process.getBuiltinModule("node:worker_threads");
    const worker = new Worker(workerFile(), { name: NODE_WORKER, workerData: NODE_WORKER, ...threadFlags() });
    let ended = false;
    const lose = (reason: string) => {
      if (ended) return;
      ended = true;
      void worker.terminate();
      events.lost(reason);
    };
    worker.on("message", (reply: EngineReply) => {
      if (!ended) events.reply(reply);
    });
    worker.on("error", (error) => lose(`its thread failed: ${messageOf(error)}`));
    worker.on("exit", (code) => lose(`its thread ended with code ${code}`));
    worker.unref();
    worker.postMessage(start);
    return {
      post: (request, transfer) => worker.postMessage(request, transfer),
      async end() {
        ended = true;
        await worker.terminate();
      },
      kill: lose,
      hold: () => worker.ref(),
      unhold: () => worker.unref(),
    };
  };
}

/** The file of the worker, beside this one: the source under a runner that takes it, else the build of the same module system. */
function workerFile(): URL {
  // In the CommonJS build a path stands here, which is no URL.
  const self = import.meta.url;
  const extension = /\.(?:ts|cjs)$/.exec(self)?.[0] ?? ".js";
  const { pathToFileURL } = process.getBuiltinModule("node:url");
  return new URL(`./onnx-web-worker${extension}`, self.startsWith("file:") ? self : pathToFileURL(self));
}

/** A thread has the flags of its process, which it refuses when they say how to read a script that came without a file. */
function threadFlags(): { execArgv?: string[] } {
  return process.execArgv.some((flag) => flag.startsWith("--input-type")) ? { execArgv: [] } : {};
}
