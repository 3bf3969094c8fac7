import { invalidModel, onBytes } from "./invalid-model.ts";
import { fieldBytes, type MessageRewriter } from "./message-rewriter.ts";
import { readValue } from "./onnx-value.ts";
import { ProtoInput } from "./proto-input.ts";
import type { OnnxModelInfo } from "./read-model.ts";
import { surveyNodes, textField } from "./survey-nodes.ts";
import { message, type TypeSpec, text, writeOpset, writeType } from "./write-model.ts";

/** Names of the classes along the last axis. */
export type Classes = readonly (string | number)[];

/** A ZipMap node whose maps nobody reads but the caller. */
export interface ZipMap {
  /** Place among the nodes of the main graph. */
  readonly position: number;
  readonly output: string;
  readonly classes: Classes;
  /** Type of the output in place of the maps. */
  readonly type: TypeSpec;
}

/** Most labels of all nodes: far above any real model. */
const maxClasses = 1_000_000;

const zipMap = "ai.onnx.ml:ZipMap";

/** In a model without operators of the default domain; old enough for every engine, new enough for `Cast` to bfloat16. */
const identityOpset = 13;

/**
 * The ZipMap nodes whose output is an output of the model and is used by no node.
 *
 * @throws a {@link ModelwrightError} with code `MODEL_INVALID` when the bytes are damaged
 * @source ai.onnx.ml operators, `ZipMap` version 1
 */
export function findZipMaps(bytes: Uint8Array, info: OnnxModelInfo): readonly ZipMap[] {
  if (!info.operators.includes(zipMap)) return [];
  const open = info.outputs.filter(({ kind }) => kind === "sequence" || kind === "unknown");
  const outputs = new Set(open.map(({ name }) => name));
  const used = new Set<string>();
  const found: { position: number; input: string; output: string; classes: Classes }[] = [];
  let labels = 0;
  surveyNodes(bytes, {
    node: ({ operator, inputs, outputs: [output, ...others], position, content }) => {
      for (const input of inputs) if (outputs.has(input)) used.add(input);
      const [input, ...more] = inputs;
      if (operator !== zipMap || position === undefined || input === undefined || output === undefined) return;
      if (more.length > 0 || others.length > 0 || !outputs.has(output)) return;
      const classes = readClasses(content);
      if (classes === undefined) return;
      found.push({ position, input, output, classes });
      labels += classes.length;
      if (labels > maxClasses) throw tooManyLabels();
    },
  });
  const replaced = found.filter(({ output }) => !used.has(output));
  const shapes = readDims(bytes, new Set(replaced.map(({ input }) => input)));
  return replaced.map(({ position, input, output, classes }) => {
    const dims = shapes.get(input);
    // A vector of scores is one row.
    const rows = dims?.length === 1 ? [] : [dims?.length === 2 ? dims[0]! : "?"];
    return { position, output, classes, type: { tensor: "float32", dims: [...rows, classes.length] } };
  });
}

/** The model with `Identity` in the place of these nodes. */
export function replaceZipMaps(at: MessageRewriter, zipMaps: readonly ZipMap[], info: OnnxModelInfo): Uint8Array {
  const { input } = at;
  const positions = new Set(zipMaps.map(({ position }) => position));
  const types = new Map(zipMaps.map(({ output, type }) => [output, type]));
  let position = 0;
  const readGraphField = (field: number) => {
    if (field === 1 && positions.has(position++)) writeIdentity(at);
    else if (field === 12) writeOutput(at, types);
    else input.skip();
  };
  const opset = fieldBytes((writer) => writeOpset(writer, "", identityOpset));
  return at.rewrite(
    (field) => (field === 7 ? at.message(7, readGraphField) : input.skip()),
    info.opsets["ai.onnx"] === undefined ? [opset] : [],
  );
}

/** Keeps the names of the node and its values. */
function writeIdentity(at: MessageRewriter): void {
  const operator = fieldBytes((writer) => text(writer, 4, "Identity"));
  at.message(
    1,
    (field) => {
      at.input.skip();
      if (field === 4 || field === 5 || field === 7 || field === 8) at.drop();
    },
    { tail: () => [operator] },
  );
}

function writeOutput(at: MessageRewriter, types: ReadonlyMap<string, TypeSpec>): void {
  const { input } = at;
  const type = types.get(input.ahead(() => textField(input, 1)));
  if (type === undefined) {
    input.skip();
    return;
  }
  const written = fieldBytes((writer) => message(writer, 2, (inner) => writeType(inner, type)));
  at.message(
    12,
    (field) => {
      input.skip();
      if (field === 2) at.drop();
    },
    { tail: () => [written] },
  );
}

/** The extents of tensors that the main graph declares. */
function readDims(bytes: Uint8Array, names: ReadonlySet<string>): ReadonlyMap<string, readonly (number | string)[]> {
  const found = new Map<string, readonly (number | string)[]>();
  if (names.size === 0) return found;
  const input = new ProtoInput(bytes);
  const readGraphField = (field: number) => {
    const declares = field === 11 || field === 12 || field === 13;
    if (declares && names.has(input.ahead(() => textField(input, 1)))) {
      const { name, dims } = readValue(input);
      if (dims !== null) found.set(name, dims);
    } else input.skip();
  };
  onBytes(() => input.fields((field) => (field === 7 ? input.message(readGraphField) : input.skip())));
  return found;
}

/** Undefined where the node has not exactly one list of labels, which engines refuse. */
function readClasses(content: Uint8Array): Classes | undefined {
  const input = new ProtoInput(content);
  const texts: string[] = [];
  const integers: (string | number)[] = [];
  const readAttribute = (name: string, field: number) => {
    if (field === 8 && name === "classlabels_int64s") input.int64s((label) => addLabel(integers, exact(label)));
    else if (field === 9 && name === "classlabels_strings") addLabel(texts, input.text());
    else input.skip();
  };
  onBytes(() =>
    input.fields((field) => {
      if (field === 5) {
        const name = input.ahead(() => textField(input, 1));
        input.message((inner) => readAttribute(name, inner));
      } else input.skip();
    }),
  );
  const [labels, others] = texts.length > 0 ? [texts, integers] : [integers, texts];
  return labels.length > 0 && others.length === 0 ? labels : undefined;
}

function addLabel<T>(labels: T[], label: T): void {
  if (labels.length === maxClasses) throw tooManyLabels();
  labels.push(label);
}

function tooManyLabels(): Error {
  return invalidModel(`its ZipMap nodes have more than ${maxClasses} labels`);
}

/** A number where it holds the label exactly, else its digits. */
function exact(label: bigint): number | string {
  const number = Number(label);
  return Number.isSafeInteger(number) ? number : String(label);
}
