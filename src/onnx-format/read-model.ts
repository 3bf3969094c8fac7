import { type ExternalData, readEntry } from "./external-data.ts";
import { invalidModel, onBytes, quoted } from "./invalid-model.ts";
import { type OnnxValue, once } from "./onnx-value.ts";
import { ProtoInput } from "./proto-input.ts";
import { domainName, type Findings, type Graph, readFunction, readGraph } from "./read-graph.ts";

/** What an ONNX file says of itself, but for its weights. */
export interface OnnxModelInfo {
  /** Version of the ONNX format. */
  readonly irVersion: number;
  /** Tool that wrote the file; empty text where it does not say. */
  readonly producer: { readonly name: string; readonly version: string };
  /** Reverse domain name of the model; empty when it has none. */
  readonly domain: string;
  /** The author's own number of the model; 0 when it has none. */
  readonly modelVersion: number;
  readonly graphName: string;
  readonly description: string;
  /** Version of each operator set by domain; the default domain is `ai.onnx`. An object without a prototype. */
  readonly opsets: Readonly<Record<string, number>>;
  /** What must be fed, in the order of the file. An input that has an initializer, and so a default, is left out. */
  readonly inputs: readonly OnnxValue[];
  /** What is answered, in the order of the file. */
  readonly outputs: readonly OnnxValue[];
  /** Free text by key. An object without a prototype. Of two entries with one key the last counts, as in ONNX Runtime. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Tensors whose elements are in other files, also those inside subgraphs and functions. */
  readonly externalData: readonly ExternalData[];
  /** The operators in use as `domain:OpType`, sorted, also those inside subgraphs and functions. */
  readonly operators: readonly string[];
}

/** 13 is the newest in 2026; the bound is there to tell a model from bytes of something else. */
const maxIrVersion = 99;

/**
 * "ORTM", at byte 4. ONNX Runtime takes bytes with this mark for its own format, whatever else they are, so that it would run another
 * model than the one that was read here.
 *
 * @source ONNX Runtime, ort.fbs, `file_identifier`
 */
const ortMark = [0x4f, 0x52, 0x54, 0x4d];

/**
 * Reads what an ONNX file says of itself, without a runtime. Weights are passed over, not copied; time and memory are linear in
 * the size of the file, whatever the bytes are; nothing of `bytes` is kept.
 *
 * @throws a `ModelwrightError` with code `MODEL_INVALID` when the bytes are damaged or no ONNX model, a name that must be there
 * is empty or there twice, external data lies outside the model's folder, more than 100 messages are inside one another (a subgraph
 * takes three), more than a million have to be looked into, or names and metadata have more than 64 Mi characters
 * @source ONNX IR specification and onnx.proto, IR version 13
 *
 * @example
 * ```ts
 * import { linearModel, readOnnxModel } from "modelwright/onnx-format";
 *
 * const info = readOnnxModel(linearModel({ columns: ["age", "income"], weights: [0.5, 2], bias: 1 }));
 * console.log(info.inputs); // [{ name: "features", kind: "tensor", type: "float32", dims: ["batch", 2] }]
 * ```
 */
export function readOnnxModel(bytes: Uint8Array): OnnxModelInfo {
  if (ortMark.every((byte, i) => bytes[4 + i] === byte))
    throw invalidModel("it is marked as a file of ONNX Runtime's own format");
  return onBytes(() => readModel(new ProtoInput(bytes)));
}

function readModel(input: ProtoInput): OnnxModelInfo {
  const text = { producer: "", producerVersion: "", domain: "", description: "" };
  let irVersion = 0;
  let modelVersion = 0;
  let graph: Graph | undefined;
  const findings: Findings = { operators: new Set(), externalData: [] };
  const opsets: Record<string, number> = Object.create(null);
  const metadata: Record<string, string> = Object.create(null);
  input.fields((field) => {
    if (field === 1) irVersion = input.int64();
    else if (field === 2) text.producer = input.text();
    else if (field === 3) text.producerVersion = input.text();
    else if (field === 4) text.domain = input.text();
    else if (field === 5) modelVersion = input.int64();
    else if (field === 6) text.description = input.text();
    else if (field === 7) graph = once(graph, "graph", () => readGraph(input, findings));
    else if (field === 8) readOpset(input, opsets);
    else if (field === 14) readMetadata(input, metadata);
    else if (field === 25) readFunction(input, findings);
    else input.skip();
  });
  checkVersions(irVersion, opsets);
  const { name, inputs, outputs } = checkedGraph(graph);
  return {
    irVersion,
    producer: { name: text.producer, version: text.producerVersion },
    domain: text.domain,
    modelVersion,
    graphName: name,
    description: text.description,
    opsets,
    inputs,
    outputs,
    metadata,
    externalData: findings.externalData,
    operators: [...findings.operators].sort(),
  };
}

/** Of several versions of one set the highest counts. @source onnx.proto, `ModelProto.opset_import` */
function readOpset(input: ProtoInput, opsets: Record<string, number>): void {
  let domain = "";
  let version = 0;
  input.message((field) => {
    if (field === 1) domain = input.text();
    else if (field === 2) version = input.int64();
    else input.skip();
  });
  if (version < 0) throw invalidModel(`operator set ${quoted(domainName(domain))} has version ${version}`);
  opsets[domainName(domain)] = Math.max(version, opsets[domainName(domain)] ?? 0);
}

function readMetadata(input: ProtoInput, metadata: Record<string, string>): void {
  const [key, value] = readEntry(input);
  metadata[key] = value;
}

/** Operator sets came with IR version 3. */
function checkVersions(irVersion: number, opsets: Readonly<Record<string, number>>): void {
  if (irVersion < 1 || irVersion > maxIrVersion) throw invalidModel(`its IR version is ${irVersion}, not 1 to ${maxIrVersion}`);
  if (irVersion >= 3 && Object.keys(opsets).length === 0) throw invalidModel("it names no operator set");
}

function checkedGraph(graph: Graph | undefined): Graph {
  if (graph === undefined) throw invalidModel("it has no graph");
  if (graph.outputs.length === 0) throw invalidModel("its graph has no output");
  checkNames("input", graph.inputs);
  checkNames("output", graph.outputs);
  return { ...graph, inputs: graph.inputs.filter(({ name }) => !graph.initializers.has(name)) };
}

function checkNames(side: "input" | "output", values: readonly OnnxValue[]): void {
  const names = new Set<string>();
  for (const { name } of values) {
    if (name === "") throw invalidModel(`an ${side} has no name`);
    if (names.has(name)) throw invalidModel(`two ${side}s have the name ${quoted(name)}`);
    names.add(name);
  }
}
