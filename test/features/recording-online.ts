import { memoryOnline } from "../../src/adapters/memory/memory-online.ts";
import type { CallOptions } from "../../src/core/call.ts";
import type { OnlineKey, OnlineRow, OnlineStore } from "../../src/features/port.ts";

/** A memory store that shows what it was asked for. */
export interface RecordingOnline extends OnlineStore {
  readonly reads: (readonly OnlineKey[])[];
  readonly writes: (readonly OnlineRow[])[];
  readonly calls: (CallOptions | undefined)[];
}

export function recordingOnline(): RecordingOnline {
  const online = memoryOnline();
  const [reads, writes, calls]: [(readonly OnlineKey[])[], (readonly OnlineRow[])[], (CallOptions | undefined)[]] = [[], [], []];
  return {
    ...online,
    reads,
    writes,
    calls,
    readMany(keys, call) {
      reads.push(keys);
      calls.push(call);
      return online.readMany(keys, call);
    },
    writeMany(rows, call) {
      writes.push(rows);
      calls.push(call);
      return online.writeMany(rows, call);
    },
  };
}
