import { messageOf } from "../../core/errors.ts";
import type { ConnectEngine } from "../onnxruntime/engine-channel.ts";
import type { EngineReply } from "../onnxruntime/engine-messages.ts";
import type { WorkerStart } from "./worker-start.ts";

/** What is used of a browser's `Worker`. */
export interface WebWorker {
  /** Sends a message; memory in `transfer` moves. */
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  /** Listens to what the worker sends. */
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  /** Listens to what it throws, and to its script not being loaded. */
  addEventListener(type: "error", listener: (event: { readonly message?: string }) => void): void;
  /** Listens to messages that cannot be read. */
  addEventListener(type: "messageerror", listener: () => void): void;
  /** Ends it at once. */
  terminate(): void;
}

/** The worker that is built beside this file. Bundlers know the expression, so it must stay as it is. */
export function defaultWorker(): WebWorker {
  return new Worker(new URL("./onnx-web-worker.js", import.meta.url), { type: "module" });
}

/** Connects to an engine in a worker of its own. A worker may be ended at any time, whatever it does. */
export function browserWorker(make: () => WebWorker, start: WorkerStart): ConnectEngine {
  return (events) => {
    let ended = false;
    const lose = (reason: string) => {
      if (ended) return;
      ended = true;
      worker?.terminate();
      events.lost(reason);
    };
    let worker: WebWorker | undefined;
    try {
      worker = make();
    } catch (error) {
      // Later, because nobody listens yet.
      queueMicrotask(() => lose(`its worker could not be started (${messageOf(error)})${hint}`));
    }
    worker?.addEventListener("message", ({ data }) => {
      if (!ended) events.reply(data as EngineReply);
    });
    // A script that is missing or no module has no message.
    worker?.addEventListener("error", ({ message }) =>
      lose(message ? `its worker failed: ${message}` : `its worker could not be started${hint}`),
    );
    worker?.addEventListener("messageerror", () => lose("its worker sent what cannot be read"));
    worker?.postMessage(start, []);
    return {
      post: (request, transfer = []) => worker?.postMessage(request, [...transfer]),
      async end() {
        ended = true;
        worker?.terminate();
      },
      kill: lose,
    };
  };
}

const hint = "; serve onnx-web-worker.js beside the script, as your bundler's recipe says, or give onnxWeb the option worker";
