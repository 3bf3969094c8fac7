import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { messageOf } from "../../core/errors.ts";
import type { ConnectEngine } from "../onnxruntime/engine-channel.ts";
import type { EngineReply } from "../onnxruntime/engine-messages.ts";
import { END, type WorkerMessage, workerFile } from "./worker-protocol.ts";

/**
 * Connects to an engine in a child process of its own, which can be killed at any time and takes nobody with it.
 *
 * @param lib - URL of the library's module. @defaultValue the installed `onnxruntime-node`
 */
export function childProcess(lib: string | undefined): ConnectEngine {
  return (events) => {
    const child = fork(fileURLToPath(workerFile()), lib === undefined ? [] : [lib], {
      // Copies typed arrays and bigints as they are.
      serialization: "advanced",
      execArgv: flagsOfChild(process.execArgv),
    });
    let reason: string | undefined;
    let ending = false;
    let ended = false;
    const exited = new Promise<void>((resolve) => {
      const end = (how: string) => {
        if (ended) return;
        ended = true;
        if (!ending) events.lost(reason ?? how);
        resolve();
      };
      child.on("exit", (code, signal) => end(`its process ended with ${signal ?? `code ${code}`}`));
      // Also told when the process lives and only a message could not be sent: then it is of no use any more.
      child.on("error", (error) => {
        child.kill("SIGKILL");
        end(`its process failed: ${messageOf(error)}`);
      });
    });
    child.on("message", (reply: EngineReply) => events.reply(reply));
    const unhold = () => {
      // One that is ending is waited for.
      if (ending) return;
      child.unref();
      child.channel?.unref();
    };
    const hold = () => {
      child.ref();
      child.channel?.ref();
    };
    const post = (message: WorkerMessage) => void child.send(message);
    unhold();
    return {
      post,
      hold,
      unhold,
      end() {
        if (!ending && !ended) {
          ending = true;
          hold();
          post(END);
        }
        return exited;
      },
      kill(why) {
        reason ??= why;
        child.kill("SIGKILL");
      },
    };
  };
}

/** Flags without those that are about this process alone: its program, its debugger, its tests. Some take the next word. */
function flagsOfChild(flags: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < flags.length; i += 1) {
    const flag = flags[i]!;
    if (/^(?:-[ep]+|--eval|--print|--input-type)$/.test(flag)) i += 1;
    else if (!/^--(?:inspect|input-type=|eval=|print=|test|watch)/.test(flag)) kept.push(flag);
  }
  return kept;
}
