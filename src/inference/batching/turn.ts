import { nextTurn } from "../../core/next-turn.ts";

type SetImmediate = (task: () => void) => unknown;

/**
 * Runs `task` in the next turn of the event loop, after the input that is there now has been read: what arrives on several sockets at once
 * is one turn. Where the platform has no `setImmediate`, a message to itself stands in, as in `nextTurn`.
 */
export function afterTurn(task: () => void): void {
  const soon = (globalThis as unknown as Readonly<Record<string, SetImmediate | undefined>>)["setImmediate"];
  if (soon === undefined) void nextTurn().then(task);
  else soon(task);
}
