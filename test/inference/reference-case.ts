import type { ElementType } from "../../src/core/element-type.ts";
import { fromFloat16Bits } from "../../src/core/float16.ts";
import { type Tensor, tensor, tensorFromBytes } from "../../src/core/tensor.ts";
import type { Tensors } from "../../src/inference/port.ts";

/** A tensor in the files that test/reference/*-models.py write: bytes in base64, or strings. */
export interface StoredTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: string | readonly string[];
}

/** How far an element may be from the expected one: `absolute + relative * |expected|`. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
  readonly reason: string;
}

/** A model of test/reference/onnx-models.json with what NumPy says of it. */
export interface ReferenceCase {
  readonly name: string;
  readonly opset: number;
  readonly operators: readonly string[];
  /** Whether axis 0 of every input and output holds rows that do not depend on each other. */
  readonly rowsIndependent: boolean;
  /** ONNX bytes in base64. */
  readonly model: string;
  readonly inputs: readonly StoredTensor[];
  readonly outputs: readonly StoredTensor[];
  /** Absent where the answer must be the expected one to the bit. */
  readonly tolerance?: Tolerance;
}

/** The bytes that base64 stands for. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** The tensor that is stored. */
export function readTensor({ type, dims, data }: StoredTensor): Tensor {
  return typeof data === "string" ? tensorFromBytes(type, fromBase64(data), dims) : tensor("string", [...data], dims);
}

/** The tensors that are stored, by name. */
export function readTensors(stored: readonly StoredTensor[]): Tensors {
  return Object.fromEntries(stored.map((one) => [one.name, readTensor(one)]));
}

/**
 * What differs between an answer and the expected one; undefined when nothing does. All NaN are alike; 0 and -0 are not, unless a
 * tolerance is given.
 */
export function difference(expected: Tensors, actual: Tensors, tolerance?: Tolerance): string | undefined {
  const names = Object.keys(expected).sort().join();
  if (names !== Object.keys(actual).sort().join()) return `outputs ${Object.keys(actual)} instead of ${names}`;
  for (const name in expected) {
    const found = tensorDifference(expected[name]!, actual[name]!, tolerance);
    if (found !== undefined) return `${name}: ${found}`;
  }
  return undefined;
}

function tensorDifference(expected: Tensor, actual: Tensor, tolerance: Tolerance | undefined): string | undefined {
  if (actual.type !== expected.type) return `${actual.type} instead of ${expected.type}`;
  if (actual.dims.join() !== expected.dims.join()) return `dims [${actual.dims}] instead of [${expected.dims}]`;
  if (actual.data.length !== expected.data.length) return `${actual.data.length} elements instead of ${expected.data.length}`;
  const floats = /^float/.test(expected.type);
  for (let i = 0; i < expected.data.length; i++) {
    const wanted = element(expected, i);
    const given = element(actual, i);
    if (Object.is(wanted, given)) continue;
    if (floats && tolerance !== undefined && isNear(Number(wanted), Number(given), tolerance)) continue;
    return `element ${i} of ${expected.type} is ${shown(given)} instead of ${shown(wanted)}`;
  }
  return undefined;
}

function isNear(wanted: number, given: number, { absolute, relative }: Tolerance): boolean {
  return wanted === given || Math.abs(wanted - given) <= absolute + relative * Math.abs(wanted);
}

function element({ type, data }: Tensor, i: number): number | bigint | string {
  return type === "float16" ? fromFloat16Bits(data[i] as number) : data[i]!;
}

function shown(value: number | bigint | string): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** One of the rows of every tensor. */
export function rowOf(tensors: Tensors, row: number): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { type, dims, data }]) => {
      const width = dims.slice(1).reduce((product, extent) => product * extent, 1);
      const one = { type, dims: [1, ...dims.slice(1)], data: data.slice(row * width, (row + 1) * width) };
      return [name, one as Tensor];
    }),
  );
}
