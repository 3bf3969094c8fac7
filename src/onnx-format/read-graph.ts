import { type ExternalData, readTensor } from "./external-data.ts";
import { invalidModel } from "./invalid-model.ts";
import { type OnnxValue, once, readValue } from "./onnx-value.ts";
import type { ProtoInput } from "./proto-input.ts";

/** What is gathered over all graphs and functions of a model, at any depth. */
export interface Findings {
  /** `domain:OpType` of every node. */
  readonly operators: Set<string>;
  readonly externalData: ExternalData[];
}

/** What a graph says of itself. */
export interface Graph {
  readonly name: string;
  /** With those that have an initializer. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Names of the initializers, dense and sparse. */
  readonly initializers: ReadonlySet<string>;
}

/** The name of the operator set that the empty domain stands for. @source ONNX IR specification, "Operator sets" */
export function domainName(domain: string): string {
  return domain === "" ? "ai.onnx" : domain;
}

/** Reads a graph and all that is inside it. @source onnx.proto, `GraphProto` */
export function readGraph(input: ProtoInput, findings: Findings): Graph {
  let name = "";
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  const initializers = new Set<string>();
  input.message((field) => {
    if (field === 1) readNode(input, findings);
    else if (field === 2) name = input.text();
    else if (field === 5) initializers.add(readTensor(input, findings.externalData));
    else if (field === 11) inputs.push(readValue(input));
    else if (field === 12) outputs.push(readValue(input));
    else if (field === 15) initializers.add(readSparseTensor(input, findings));
    else input.skip();
  });
  return { name, inputs, outputs, initializers };
}

/** Reads a function of the model. @source onnx.proto, `FunctionProto` */
export function readFunction(input: ProtoInput, findings: Findings): void {
  input.message((field) => {
    if (field === 7) readNode(input, findings);
    else if (field === 11) readAttribute(input, findings);
    else input.skip();
  });
}

function readNode(input: ProtoInput, findings: Findings): void {
  let operator = "";
  let domain = "";
  input.message((field) => {
    if (field === 4) operator = input.text();
    else if (field === 5) readAttribute(input, findings);
    else if (field === 7) domain = input.text();
    else input.skip();
  });
  if (operator === "") throw invalidModel("a node names no operator");
  findings.operators.add(`${domainName(domain)}:${operator}`);
}

function readAttribute(input: ProtoInput, findings: Findings): void {
  let tensor: string | undefined;
  let sparse: string | undefined;
  let graph: Graph | undefined;
  input.message((field) => {
    if (field === 5) tensor = once(tensor, "tensor", () => readTensor(input, findings.externalData));
    else if (field === 6) graph = once(graph, "graph", () => readGraph(input, findings));
    else if (field === 10) readTensor(input, findings.externalData);
    else if (field === 11) readGraph(input, findings);
    else if (field === 22) sparse = once(sparse, "sparse tensor", () => readSparseTensor(input, findings));
    else if (field === 23) readSparseTensor(input, findings);
    else input.skip();
  });
}

/** Answers the name of the values, which is the name of the sparse tensor. */
function readSparseTensor(input: ProtoInput, { externalData }: Findings): string {
  let values: string | undefined;
  let indices: string | undefined;
  input.message((field) => {
    if (field === 1) values = once(values, "values", () => readTensor(input, externalData));
    else if (field === 2) indices = once(indices, "indices", () => readTensor(input, externalData));
    else input.skip();
  });
  return values ?? "";
}
