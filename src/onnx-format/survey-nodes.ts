import { invalidModel, onBytes } from "./invalid-model.ts";
import { ProtoInput } from "./proto-input.ts";
import { domainName } from "./read-graph.ts";

/** Most inputs and outputs of one node: far above any real one, and low enough that no file can exhaust the heap. */
const maxNames = 1_000_000;

/** A node and the names of its values. */
export interface NodeNames {
  /** `domain:OpType`. */
  readonly operator: string;
  /** An optional one that is left out is empty. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Its place among the nodes of the main graph; undefined for a node inside a subgraph or function. */
  readonly position: number | undefined;
  /** Its fields. */
  readonly content: Uint8Array;
}

/** What is told of a model. */
export interface NodeVisitor {
  /** A node of the main graph or of a graph inside it, after the nodes that are inside it. */
  readonly node?: (node: NodeNames) => void;
  /** A node of a function, whose names are its own, or of a graph inside it. Functions are passed over where this is absent. */
  readonly functionNode?: (node: NodeNames) => void;
  /** A name that the main graph or a graph inside it uses for a value. Comes as often as it is used. */
  readonly name?: (name: string) => void;
}

/**
 * Goes over the nodes of a model in one pass.
 *
 * @throws a {@link ModelwrightError} with code `MODEL_INVALID` when the bytes are damaged
 * @source onnx.proto, `GraphProto`, `NodeProto`, `AttributeProto`, `FunctionProto`
 */
export function surveyNodes(bytes: Uint8Array, visitor: NodeVisitor): void {
  const { functionNode } = visitor;
  const input = new ProtoInput(bytes);
  onBytes(() =>
    input.fields((field) => {
      if (field === 7) surveyGraph(input, bytes, visitor, true);
      else if (field === 25 && functionNode !== undefined) surveyFunction(input, bytes, { node: functionNode });
      else input.skip();
    }),
  );
}

/** Takes a message for one of its fields that is text; empty where it has none. */
export function textField(input: ProtoInput, number: number): string {
  let text = "";
  input.message((field) => {
    if (field === number) text = input.text();
    else input.skip();
  });
  return text;
}

/** Takes a sparse tensor for its name, which is that of its values. */
export function sparseName(input: ProtoInput): string {
  let name = "";
  input.message((field) => {
    if (field === 1) name = textField(input, 8);
    else input.skip();
  });
  return name;
}

function surveyGraph(input: ProtoInput, bytes: Uint8Array, visitor: NodeVisitor, main: boolean): void {
  const { name } = visitor;
  let nodes = 0;
  input.message((field) => {
    if (field === 1) surveyNode(input, bytes, visitor, main ? nodes++ : undefined);
    else if (name === undefined) input.skip();
    else if (field === 5) name(textField(input, 8));
    else if (field === 11 || field === 12) name(textField(input, 1));
    else if (field === 15) name(sparseName(input));
    else input.skip();
  });
}

function surveyFunction(input: ProtoInput, bytes: Uint8Array, visitor: NodeVisitor): void {
  input.message((field) => {
    if (field === 7) surveyNode(input, bytes, visitor, undefined);
    else input.skip();
  });
}

function surveyNode(input: ProtoInput, bytes: Uint8Array, visitor: NodeVisitor, position: number | undefined): void {
  const node = { type: "", domain: "", start: 0, inputs: [] as string[], outputs: [] as string[] };
  const read = (field: number) => {
    if (field === 1 || field === 2) addName(field === 1 ? node.inputs : node.outputs, input.text());
    else if (field === 4) node.type = input.text();
    else if (field === 5) surveyAttribute(input, bytes, visitor);
    else if (field === 7) node.domain = input.text();
    else input.skip();
  };
  input.message(read, () => {
    node.start = input.position;
  });
  const { type, domain, start, inputs, outputs } = node;
  const operator = `${domainName(domain)}:${type}`;
  visitor.node?.({ operator, inputs, outputs, position, content: bytes.subarray(start, input.position) });
  if (visitor.name === undefined) return;
  for (const name of inputs) visitor.name(name);
  for (const name of outputs) visitor.name(name);
}

function surveyAttribute(input: ProtoInput, bytes: Uint8Array, visitor: NodeVisitor): void {
  input.message((field) => {
    if (field === 6 || field === 11) surveyGraph(input, bytes, visitor, false);
    else input.skip();
  });
}

function addName(names: string[], name: string): void {
  if (names.length === maxNames) throw invalidModel(`a node has more than ${maxNames} inputs or outputs`);
  names.push(name);
}
