import { fromBfloat16Words, toBfloat16Words } from "../core/bfloat16.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Tensors } from "./port.ts";

/** The tensors with those named as float32, for an engine that does not carry bfloat16. */
export function toFloat32(tensors: Tensors, cast: ReadonlySet<string>): Tensors {
  return mapped(tensors, cast, ({ dims, data }) => ({
    type: "float32",
    dims,
    data: fromBfloat16Words(data as Uint16Array),
  }));
}

/** The tensors with those named as bfloat16 again. The engine's numbers came out of a cast, so that nothing is rounded here. */
export function toBfloat16(tensors: Tensors, cast: ReadonlySet<string>): Tensors {
  return mapped(tensors, cast, ({ dims, data }) => ({
    type: "bfloat16",
    dims,
    data: toBfloat16Words(data as Float32Array),
  }));
}

function mapped(tensors: Tensors, cast: ReadonlySet<string>, change: (tensor: Tensor) => Tensor): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, value]) => [name, cast.has(name) ? change(value) : value]));
}
