import { pathToFileURL } from "node:url";
import type { EngineRequest } from "../onnxruntime/engine-messages.ts";
import type { ExitFlags } from "./exit-guard.ts";

/** Asks a worker to end, after what it was asked before. */
export const END = "end";

/** What is sent to a worker thread or a child process. */
export type WorkerMessage = EngineRequest | typeof END;

/** What a worker thread is given when it starts; a child process gets the URL, or nothing, as its argument. */
export interface WorkerStart {
  /** URL of the library's module; the installed one when undefined. */
  readonly lib: string | undefined;
  readonly flags: ExitFlags;
}

/** The file of the worker, beside this one: the source under a runner that takes it, else the build of the same module system. */
export function workerFile(): URL {
  // In the CommonJS build a path stands here, which is no URL. Not the global __filename: a program given as text has one, too.
  const self = import.meta.url;
  const extension = /\.(?:ts|cjs)$/.exec(self)?.[0] ?? ".js";
  return new URL(`./onnx-worker${extension}`, self.startsWith("file:") ? self : pathToFileURL(self));
}
