import { Worker } from "node:worker_threads";
import { messageOf } from "../../core/errors.ts";
import type { ConnectEngine } from "../onnxruntime/engine-channel.ts";
import type { EngineReply } from "../onnxruntime/engine-messages.ts";
import { guardExit } from "./exit-guard.ts";
import { END, type WorkerMessage, type WorkerStart, workerFile } from "./worker-protocol.ts";

/**
 * Connects to an engine in a worker thread of its own. The thread is never ended from outside: while the engine works, that would
 * abort the whole process.
 *
 * @param lib - URL of the library's module. @defaultValue the installed `onnxruntime-node`
 */
export function workerThread(lib: string | undefined): ConnectEngine {
  return (events) => {
    const guard = guardExit();
    const start: WorkerStart = { lib, flags: guard.flags };
    const worker = new Worker(workerFile(), {
      name: "modelwright-onnx",
      workerData: start,
      // Threads inherit the flags of the process, but Node refuses a file under this one, which is for a program given as text.
      ...(process.execArgv.some((flag) => flag.startsWith("--input-type")) ? { execArgv: [] } : {}),
    });
    let reason: string | undefined;
    let ending = false;
    const exited = new Promise<void>((resolve) => {
      worker.on("exit", (code) => {
        guard[Symbol.dispose]();
        if (!ending) events.lost(reason ?? `its worker thread ended with code ${code}`);
        resolve();
      });
    });
    worker.on("message", (reply: EngineReply) => events.reply(reply));
    worker.on("error", (error) => {
      reason = `its worker thread failed: ${messageOf(error)}`;
    });
    worker.unref();
    const post = (message: WorkerMessage, transfer?: readonly ArrayBuffer[]) => worker.postMessage(message, transfer);
    return {
      post,
      hold: () => worker.ref(),
      // One that is ending is waited for.
      unhold: () => {
        if (!ending) worker.unref();
      },
      end() {
        if (!ending) {
          ending = true;
          worker.ref();
          post(END);
        }
        return exited;
      },
    };
  };
}
