import { elementTypes } from "../core/element-type.ts";
import { invalidModel, quoted } from "./invalid-model.ts";
import { fieldBytes, type MessageRewriter } from "./message-rewriter.ts";
import type { OnnxModelInfo } from "./read-model.ts";
import { renameField, renamesOf } from "./rename-values.ts";
import { surveyNodes, textField } from "./survey-nodes.ts";
import { integer, message, writeNode, writeOpset } from "./write-model.ts";

/** The inputs and outputs of a model that are bfloat16, and what their values are to be called inside. */
export interface Bfloat16Border {
  readonly inputs: ReadonlySet<string>;
  readonly outputs: ReadonlySet<string>;
  /** New names of the inner values, by the names that stay outside. */
  readonly renames: ReadonlyMap<string, string>;
}

/** The first operator set whose `Cast` has bfloat16. @source ONNX, changelog of `Cast` */
const castOpset = 13;

/** What the name of an inner value has behind that of the outer one. */
const mark = ".bfloat16";

/** Most names to keep away from: no real model has any. */
const maxTaken = 100_000;

/**
 * The inputs without a default and the outputs that are bfloat16; undefined where there are none, or the model's operator set is too
 * old to cast them.
 *
 * @throws a {@link ModelwrightError} with code `MODEL_INVALID` when the bytes are damaged, or an output has the name of an input of
 * another type
 */
export function findBfloat16Border(bytes: Uint8Array, info: OnnxModelInfo): Bfloat16Border | undefined {
  const named = (values: OnnxModelInfo["inputs"]) =>
    new Set(values.filter(({ kind, type }) => kind === "tensor" && type === "bfloat16").map(({ name }) => name));
  const [inputs, outputs] = [named(info.inputs), named(info.outputs)];
  if (inputs.size + outputs.size === 0 || (info.opsets["ai.onnx"] ?? castOpset) < castOpset) return undefined;
  const given = new Set(info.inputs.map(({ name }) => name));
  for (const { name } of info.outputs) {
    if (given.has(name) && inputs.has(name) !== outputs.has(name))
      throw invalidModel(`an input and an output have the name ${quoted(name)}, but not the same type`);
  }
  return { inputs, outputs, renames: freeNames(bytes, new Set([...inputs, ...outputs])) };
}

/**
 * The model with these inputs and outputs declared as float32 and cast at once. Their names stay; the bfloat16 values get new ones,
 * also where subgraphs use them. An output that is an input needs no cast of its own.
 */
export function castBorder(at: MessageRewriter, border: Bfloat16Border, info: OnnxModelInfo): Uint8Array {
  const { inputs, outputs, renames: names } = border;
  const renames = renamesOf(names);
  const { input } = at;
  const head = fieldBytes((writer) => {
    for (const name of inputs) message(writer, 1, (node) => writeNode(node, cast(name, names.get(name)!, "bfloat16")));
  });
  const tail = fieldBytes((writer) => {
    for (const name of outputs) {
      if (!inputs.has(name)) message(writer, 1, (node) => writeNode(node, cast(names.get(name)!, name, "float32")));
    }
  });
  const readGraphField = (field: number) => {
    const declared = field === 11 ? inputs : field === 12 ? outputs : undefined;
    if (declared?.has(input.ahead(() => textField(input, 1)))) declareFloat32(at, field);
    else renameField(at, field, renames);
  };
  const opset = fieldBytes((writer) => writeOpset(writer, "", castOpset));
  return at.rewrite(
    (field) => (field === 7 ? at.message(7, readGraphField, { head, tail: () => [tail] }) : input.skip()),
    info.opsets["ai.onnx"] === undefined ? [opset] : [],
  );
}

function cast(from: string, to: string, type: "bfloat16" | "float32") {
  return { operator: "Cast", inputs: [from], outputs: [to], attributes: { to: { int: elementTypes[type].onnx } } };
}

/** Sets the element type of an input or output, a tensor. */
function declareFloat32(at: MessageRewriter, field: number): void {
  const { input } = at;
  const float32 = fieldBytes((writer) => integer(writer, 1, elementTypes.float32.onnx));
  const readTensorType = (inner: number) => {
    input.skip();
    if (inner === 1) at.drop();
  };
  const readType = (inner: number) => (inner === 1 ? at.message(1, readTensorType, { head: float32 }) : input.skip());
  at.message(field, (inner) => (inner === 2 ? at.message(2, readType) : input.skip()));
}

/** A name for each that nothing in the main graph, or in a graph inside it, has. */
function freeNames(bytes: Uint8Array, names: ReadonlySet<string>): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  surveyNodes(bytes, {
    name: (name) => {
      if (!name.includes(mark)) return;
      taken.add(name);
      if (taken.size > maxTaken) throw invalidModel(`it has more than ${maxTaken} names with ${mark}`);
    },
  });
  const renames = new Map<string, string>();
  for (const name of names) {
    let free = `${name}${mark}`;
    for (let i = 2; taken.has(free); i++) free = `${name}${mark}_${i}`;
    taken.add(free);
    renames.set(name, free);
  }
  return renames;
}
