import type { ElementData } from "../../core/element-type.ts";
import type { Tensors } from "../../inference/port.ts";
import type { EngineTensor } from "../onnxruntime/engine-messages.ts";

/** Tensors on their way to a worker, and their memory that moves there. */
export interface Feeds {
  readonly feeds: Readonly<Record<string, EngineTensor>>;
  readonly transfer: readonly ArrayBuffer[];
}

/**
 * Copies of tensors, to be moved to a worker; what is in shared memory goes as it is. Copied here and not by the message, which would
 * take the whole memory behind a view.
 */
export function feedsOf(inputs: Tensors): Feeds {
  const feeds: Record<string, EngineTensor> = {};
  const transfer: ArrayBuffer[] = [];
  for (const name in inputs) {
    const { type, dims, data } = inputs[name]!;
    feeds[name] = { type, dims: [...dims], data: moved(data, transfer) };
  }
  return { feeds, transfer };
}

function moved(data: ElementData, transfer: ArrayBuffer[]): EngineTensor["data"] {
  if (!ArrayBuffer.isView(data) || !(data.buffer instanceof ArrayBuffer)) return data;
  const copy = data.slice();
  transfer.push(copy.buffer as ArrayBuffer);
  return copy;
}
