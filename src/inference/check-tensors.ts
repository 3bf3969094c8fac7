import { dataLength, type ElementData, type ElementType, elementTypes } from "../core/element-type.ts";
import { ModelwrightError } from "../core/errors.ts";
import { invalidInput } from "../core/schema.ts";
import { formatDims, type Tensor } from "../core/tensor.ts";
import type { TensorSpec, Tensors } from "./port.ts";

/** Most rows of a tensor whose rows have no elements. */
const maxEmptyRows = 65_536;

/** Most memory that is kept for calls to come, bytes. */
const MAX_SPARE_BYTES = 2 ** 24;

/** Checks the tensors that a model is to run on, and copies them, so that the caller may change the originals at once. */
export class TensorChecker {
  readonly #specs: readonly TensorSpec[];
  readonly #known: readonly string[];
  /** Whether some named extent occurs twice, so that its values must be compared. */
  readonly #shares: boolean;

  /** By input, arrays of its type. */
  readonly #spares: Exclude<ElementData, readonly string[]>[][];
  #spareBytes = 0;

  constructor(specs: readonly TensorSpec[]) {
    this.#specs = specs;
    this.#spares = specs.map(() => []);
    this.#known = specs.map(({ name }) => name);
    const symbols = specs.flatMap(({ dims }) => dims?.filter((extent) => typeof extent === "string" && extent !== "?") ?? []);
    this.#shares = new Set(symbols).size < symbols.length;
  }

  /**
   * Copies of the tensors. Checks names, element types, ranks and extents; a symbolic extent must be the same wherever its name occurs.
   *
   * @throws a {@link ModelwrightError} with code `INPUT_UNKNOWN`, `INPUT_MISSING`, `INPUT_DTYPE` or `INPUT_SHAPE`; `INPUT_INVALID`
   * for what is no object
   */
  copies(given: Tensors): Tensors {
    if (typeof given !== "object" || given === null) throw noTensors(given);
    for (const name of Object.keys(given)) if (!this.#known.includes(name)) throw this.#unknown(name);
    const copies: Record<string, Tensor> = {};
    for (let i = 0; i < this.#specs.length; i++) {
      const spec = this.#specs[i]!;
      const { name } = spec;
      const value = Object.hasOwn(given, name) ? given[name] : undefined;
      if (value === undefined || value === null) throw this.#missing(name);
      // Each once: getters could change them between the checks and the copy.
      const { type, dims: extents, data } = value;
      const dims = Array.isArray(extents) ? [...extents] : extents;
      checkType(spec, type, data);
      const copy = this.#copyInSpare(i, data) ?? copyOf(spec, data);
      checkShape(spec, dims, copy.length);
      copies[name] = { type, dims, data: copy };
    }
    if (this.#shares) checkSymbols(this.#specs, copies);
    return copies;
  }

  /**
   * Takes copies back that nobody reads any more, to spare later calls their allocation.
   *
   * @param answer - what was answered to them: memory that it shares with them, as that of a function may, is not taken
   */
  reuse(copies: Tensors, answer: Tensors): void {
    for (let i = 0; i < this.#specs.length; i++) {
      const { data } = copies[this.#specs[i]!.name]!;
      if (!ArrayBuffer.isView(data) || this.#spareBytes + data.byteLength > MAX_SPARE_BYTES) continue;
      if (Object.values(answer).some((output) => ArrayBuffer.isView(output.data) && output.data.buffer === data.buffer)) continue;
      this.#spares[i]!.push(data);
      this.#spareBytes += data.byteLength;
    }
  }

  /** A copy in memory of an earlier call that had as many elements. */
  #copyInSpare(i: number, data: ElementData): ElementData | undefined {
    const spare = this.#spares[i]!.pop();
    if (spare === undefined) return undefined;
    this.#spareBytes -= spare.byteLength;
    if (spare.length !== data.length) return undefined;
    (spare as Uint8Array).set(data as Uint8Array);
    return spare;
  }

  #unknown(name: string): ModelwrightError<"INPUT_UNKNOWN"> {
    const known = this.#known;
    return new ModelwrightError(
      "INPUT_UNKNOWN",
      `The model has no input ${JSON.stringify(name)}; its inputs are ${known.join(", ")}`,
      { details: { input: name, known } },
    );
  }

  #missing(name: string): ModelwrightError<"INPUT_MISSING"> {
    const known = this.#known;
    return new ModelwrightError(
      "INPUT_MISSING",
      `The input ${JSON.stringify(name)} is missing; the model needs ${known.join(", ")}`,
      { details: { input: name, known } },
    );
  }
}

/** @throws a {@link ModelwrightError} with code `INPUT_UNKNOWN` unless the model has all the outputs */
export function checkOutputs(specs: readonly TensorSpec[], asked: readonly string[]): void {
  const known = specs.map(({ name }) => name);
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new ModelwrightError(
    "INPUT_UNKNOWN",
    `The model has no tensor output ${JSON.stringify(unknown)}; it has ${known.join(", ")}`,
    {
      details: { input: unknown, known },
    },
  );
}

/** @throws a {@link ModelwrightError} with code `INPUT_INVALID` for a NaN or an infinity in a floating tensor */
export function checkFinite(tensors: Tensors): void {
  for (const name in tensors) {
    const { type, data } = tensors[name]!;
    const at = firstNonFinite(type, data as ArrayLike<number>);
    if (at < 0) continue;
    const message = `expected a finite number, but element ${at} is not`;
    throw invalidInput(`The input ${JSON.stringify(name)}`, [{ path: [name, at], message }]);
  }
}

/** Position of the first NaN or infinity; -1 when there is none. In the 16-bit formats these have every bit of the exponent set. */
function firstNonFinite(type: ElementType, data: ArrayLike<number>): number {
  const exponent = type === "float16" ? 0x7c00 : type === "bfloat16" ? 0x7f80 : 0;
  if (exponent === 0 && !(type.startsWith("float") || type.startsWith("complex"))) return -1;
  for (let i = 0; i < data.length; i++) {
    const finite = exponent === 0 ? Number.isFinite(data[i]) : (data[i]! & exponent) !== exponent;
    if (!finite) return i;
  }
  return -1;
}

/** An `INPUT_SHAPE` error about a named input. */
export function shapeMismatch(input: string, expected: string, given: string): ModelwrightError<"INPUT_SHAPE"> {
  return new ModelwrightError("INPUT_SHAPE", `The input ${JSON.stringify(input)} needs ${expected}, but got ${given}`, {
    details: { input, expected, given },
  });
}

function noTensors(given: unknown): ModelwrightError<"INPUT_INVALID"> {
  const message = `expected an object of tensors by the names of inputs, but got ${given === null ? "null" : typeof given}`;
  return invalidInput("The argument of run()", [{ path: [], message }]);
}

function checkType(spec: TensorSpec, type: unknown, data: unknown): void {
  const { array } = elementTypes[spec.type];
  // By tag, because `instanceof` fails for arrays of another realm (jest runs tests in one). A Buffer is bytes, too.
  const fits =
    array === undefined
      ? Array.isArray(data)
      : ArrayBuffer.isView(data) &&
        (data.constructor === array || Object.prototype.toString.call(data) === `[object ${array.name}]`);
  if (type === spec.type && fits) return;
  const expected = type === spec.type ? `${spec.type} in ${array?.name ?? "string[]"}` : spec.type;
  const given = type === spec.type ? ((data as object | null | undefined)?.constructor?.name ?? String(data)) : String(type);
  throw typeMismatch(spec.name, expected, given);
}

function checkShape({ name, type, dims: expected }: TensorSpec, dims: readonly number[], length: number): void {
  if (!Array.isArray(dims)) throw shapeMismatch(name, "dims, an extent for each axis", typeof dims);
  if (!dims.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
    throw shapeMismatch(name, "extents that are non-negative integers", formatDims(dims));
  if (expected !== null) {
    const fits =
      expected.length === dims.length && expected.every((extent, axis) => typeof extent === "string" || extent === dims[axis]);
    if (!fits) throw shapeMismatch(name, formatDims(expected), formatDims(dims));
  }
  const count = dims.reduce((product, extent) => product * extent, 1);
  if (!Number.isSafeInteger(count)) throw shapeMismatch(name, "at most 2^53 - 1 elements", formatDims(dims));
  // They cost their sender nothing, however many they are.
  if (count === 0 && dims[0]! > maxEmptyRows)
    throw shapeMismatch(name, `at most ${maxEmptyRows} rows where these have no elements`, formatDims(dims));
  const needed = dataLength(type, count);
  if (needed !== length) throw shapeMismatch(name, `${needed} elements for ${formatDims(dims)}`, `${length}`);
}

function checkSymbols(specs: readonly TensorSpec[], tensors: Tensors): void {
  const extents = new Map<string, { readonly extent: number; readonly input: string }>();
  for (const { name, dims: symbols } of specs) {
    const { dims } = tensors[name]!;
    symbols?.forEach((symbol, axis) => {
      if (typeof symbol === "number" || symbol === "?") return;
      const extent = dims[axis]!;
      const first = extents.get(symbol);
      if (first === undefined) extents.set(symbol, { extent, input: name });
      else if (first.extent !== extent)
        throw shapeMismatch(name, `${symbol} = ${first.extent}, as in ${JSON.stringify(first.input)}`, formatDims(dims));
    });
  }
}

function copyOf({ name, type }: TensorSpec, data: ElementData): ElementData {
  const { array } = elementTypes[type];
  if (array === undefined) {
    const texts = [...(data as readonly unknown[])];
    // The copy, which holds undefined where the original has holes.
    const strange = texts.find((item) => typeof item !== "string");
    if (strange !== undefined || texts.includes(undefined))
      throw typeMismatch(name, "strings", strange === null ? "null" : typeof strange);
    return texts as string[];
  }
  // Not `slice()`: that of a Node Buffer is a view. An array whose memory was transferred has no elements, and cannot be copied.
  return new array(data.length === 0 ? 0 : (data as never)) as ElementData;
}

function typeMismatch(input: string, expected: string, given: string): ModelwrightError<"INPUT_DTYPE"> {
  return new ModelwrightError("INPUT_DTYPE", `The input ${JSON.stringify(input)} needs ${expected}, but got ${given}`, {
    details: { input, expected, given },
  });
}
