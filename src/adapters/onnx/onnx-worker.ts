// What runs in a worker thread or a child process: ONNX Runtime, and nothing of the host.

import { parentPort, workerData } from "node:worker_threads";
import { type EngineHostOptions, engineHost } from "../onnxruntime/engine-host.ts";
import type { EngineReply } from "../onnxruntime/engine-messages.ts";
import type { OrtLibrary } from "../onnxruntime/library.ts";
import { setBusy } from "./exit-guard.ts";
import { importLibrary } from "./import-library.ts";
import { END, type WorkerMessage, type WorkerStart } from "./worker-protocol.ts";

/** Serves requests until asked to end. `end` is called when the engine does nothing. */
function serve(
  lib: string | undefined,
  post: (reply: EngineReply, transfer: ArrayBuffer[]) => void,
  end: () => void,
  options?: EngineHostOptions,
): (message: WorkerMessage) => void {
  let open = 0;
  let ending = false;
  const endWhenIdle = () => {
    if (ending && open === 0) end();
  };
  const host = engineHost(
    () => importQuietly(lib),
    (reply, transfer) => {
      post(reply, transfer);
      open -= 1;
      endWhenIdle();
    },
    options,
  );
  return (message) => {
    if (message === END) {
      ending = true;
      endWhenIdle();
    } else {
      open += 1;
      host(message);
    }
  };
}

/** The library, which is nobody else's in this thread: what it would print as an error, it throws as well. */
async function importQuietly(url: string | undefined): Promise<OrtLibrary> {
  const library: OrtLibrary & { readonly env?: { logLevel?: string } } = await importLibrary(url);
  if (library.env !== undefined) library.env.logLevel = "fatal";
  return library;
}

if (parentPort !== null) {
  const port = parentPort;
  const { lib, flags } = workerData as WorkerStart;
  const working = (busy: boolean) => setBusy(flags, busy);
  port.on(
    "message",
    serve(
      lib,
      (reply, transfer) => port.postMessage(reply, transfer),
      () => process.exit(),
      { working },
    ),
  );
} else {
  process.on(
    "message",
    serve(
      process.argv[2],
      (reply) => process.send?.(reply),
      () => process.exit(),
    ),
  );
  // Whoever asked is gone. The engine does nothing while this is called, so it may end.
  process.on("disconnect", () => process.exit());
}
