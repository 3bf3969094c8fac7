import { fromBfloat16Bits } from "../core/bfloat16.ts";
import { type ElementType, elementTypes } from "../core/element-type.ts";
import { fromFloat16Bits } from "../core/float16.ts";
import { formatDims, type Tensor } from "../core/tensor.ts";
import type { TensorSpec, Tensors } from "./port.ts";

/**
 * Why rows of several callers may not share a run of this model, as far as its signature tells; undefined when nothing speaks against it.
 *
 * A model may only be batched when the first extent of every input and output is open, and is the same wherever it has a name.
 */
export function signatureObstacle(inputs: readonly TensorSpec[], outputs: readonly TensorSpec[]): string | undefined {
  if (inputs.length === 0) return "the model has no inputs";
  let symbol: string | undefined;
  for (const { name, type, dims } of [...inputs, ...outputs]) {
    // An output may leave its rank open; the probe sees it.
    const { bits, array } = elementTypes[type];
    if (array !== undefined && bits < 8) return `rows of ${JSON.stringify(name)}, which is ${type}, may end within a byte`;
    if (dims === null && outputs.some((output) => output.name === name)) continue;
    const first = dims?.[0];
    if (first === undefined) return `${JSON.stringify(name)} has no first axis for rows`;
    if (typeof first === "number") return `the first extent of ${JSON.stringify(name)} is fixed to ${first}`;
    if (first === "?") continue;
    symbol ??= first;
    if (symbol !== first)
      return `the first extent is ${symbol} in one place and ${first} in ${JSON.stringify(name)}, so they may differ`;
  }
  return undefined;
}

/** How far an element of a merged run may be from that of a run alone: engines sum in another order for another number of rows. */
const tolerances: Partial<Record<ElementType, { readonly relative: number; readonly absolute: number }>> = {
  float32: { relative: 1e-4, absolute: 1e-5 },
  float64: { relative: 1e-9, absolute: 1e-12 },
  float16: { relative: 2e-2, absolute: 1e-3 },
  bfloat16: { relative: 5e-2, absolute: 1e-2 },
  complex64: { relative: 1e-4, absolute: 1e-5 },
  complex128: { relative: 1e-9, absolute: 1e-12 },
};

/**
 * In what the answers to rows that shared a run differ from those to the same rows alone; undefined when they are the same.
 *
 * @param merged - the answers of one run over all rows
 * @param alone - the answers of a run for each row, in the order of the rows
 */
export function rowDifference(merged: Tensors, alone: readonly Tensors[]): string | undefined {
  const rows = alone.length;
  for (const [name, all] of Object.entries(merged)) {
    const label = JSON.stringify(name);
    if (all.dims[0] !== rows) return `the output ${label} is ${formatDims(all.dims)} for ${rows} rows`;
    const rowLength = all.data.length / rows;
    for (const [row, answer] of alone.entries()) {
      const own = answer[name]!;
      if (
        own.dims[0] !== 1 ||
        own.data.length !== rowLength ||
        own.dims.some((extent, axis) => axis > 0 && extent !== all.dims[axis])
      )
        return `the output ${label} is ${formatDims(own.dims)} for a row alone and ${formatDims(all.dims)} for ${rows}`;
      for (let i = 0; i < rowLength; i++) {
        if (!isClose(all, row * rowLength + i, own, i)) return `the output ${label} of a row depends on the rows beside it`;
      }
    }
  }
  return undefined;
}

function isClose(a: Tensor, i: number, b: Tensor, j: number): boolean {
  const x = a.data[i]!;
  const y = b.data[j]!;
  if (x === y) return true;
  const tolerance = tolerances[a.type];
  if (tolerance === undefined || elementTypes[a.type].array === undefined) return false;
  const p = numberOf(a.type, x as number);
  const q = numberOf(a.type, y as number);
  return (
    p === q || (Number.isNaN(p) && Number.isNaN(q)) || Math.abs(p - q) <= tolerance.absolute + tolerance.relative * Math.abs(q)
  );
}

function numberOf(type: ElementType, element: number): number {
  if (type === "float16") return fromFloat16Bits(element);
  return type === "bfloat16" ? fromBfloat16Bits(element) : element;
}
