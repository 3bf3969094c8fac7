import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type ElementType, elementTypes } from "../core/element-type.ts";
import { type Tensor, tensorBytes } from "../core/tensor.ts";

/** Type of a value. */
export type TypeSpec =
  /** Extents: a number, a name for a symbolic one, or `?` for an unknown one. */
  | { readonly tensor: ElementType; readonly dims: readonly (number | string)[] }
  | { readonly sequence: TypeSpec }
  | { readonly map: { readonly key: ElementType; readonly value: TypeSpec } };

/** An input or output of the graph. */
export interface ValueSpec {
  readonly name: string;
  readonly type: TypeSpec;
}

/** An attribute of a node. */
export type AttributeSpec =
  | { readonly int: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly graph: GraphSpec };

/** A node of the graph. */
export interface NodeSpec {
  readonly operator: string;
  /** @defaultValue the domain of ONNX itself */
  readonly domain?: "ai.onnx.ml";
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
}

/** A tensor whose elements are in another file. */
interface ExternalTensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** Entries of `external_data`, written as they are. */
  readonly external: Readonly<Record<string, string>>;
}

/** A graph, of a model or inside a node. */
export interface GraphSpec {
  readonly name: string;
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  /** In an order in which they can run. */
  readonly nodes: readonly NodeSpec[];
  readonly initializers?: Readonly<Record<string, Tensor | ExternalTensor>>;
}

/** A model to write. Nothing is checked: who builds it knows ONNX. */
export interface ModelSpec extends GraphSpec {
  readonly metadata?: Readonly<Record<string, string>>;
  /** @defaultValue 8, which engines since 2022 read */
  readonly irVersion?: number;
  /** Version of the operators of ONNX itself. @defaultValue 17, of the same release as IR version 8 */
  readonly opset?: number;
}

/** Of the same ONNX release as the defaults of {@link ModelSpec}. */
const mlOpset = 3;

/**
 * The bytes of a model: the same for the same specification, on every platform.
 *
 * @source ONNX IR specification and onnx.proto, from which the field numbers are
 */
export function writeModel(spec: ModelSpec): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  integer(writer, 1, spec.irVersion ?? 8);
  text(writer, 2, "modelwright");
  message(writer, 7, (graph) => writeGraph(graph, spec));
  writeOpset(writer, "", spec.opset ?? 17);
  if (spec.nodes.some(({ domain }) => domain === "ai.onnx.ml")) writeOpset(writer, "ai.onnx.ml", mlOpset);
  writeEntries(writer, 14, spec.metadata ?? {});
  return writer.finish();
}

function writeGraph(writer: BinaryWriter, spec: GraphSpec): void {
  for (const node of spec.nodes) message(writer, 1, (inner) => writeNode(inner, node));
  text(writer, 2, spec.name);
  for (const [name, tensor] of Object.entries(spec.initializers ?? {})) {
    message(writer, 5, (inner) => writeTensor(inner, name, tensor));
  }
  for (const value of spec.inputs) message(writer, 11, (inner) => writeValue(inner, value));
  for (const value of spec.outputs) message(writer, 12, (inner) => writeValue(inner, value));
}

/** Writes the fields of a node. */
export function writeNode(writer: BinaryWriter, node: NodeSpec): void {
  for (const name of node.inputs) text(writer, 1, name);
  for (const name of node.outputs) text(writer, 2, name);
  text(writer, 4, node.operator);
  for (const [name, attribute] of Object.entries(node.attributes ?? {})) {
    message(writer, 5, (inner) => writeAttribute(inner, name, attribute));
  }
  if (node.domain !== undefined) text(writer, 7, node.domain);
}

/** Field 20 is the kind of the attribute. */
function writeAttribute(writer: BinaryWriter, name: string, attribute: AttributeSpec): void {
  text(writer, 1, name);
  if ("int" in attribute) {
    integer(writer, 3, attribute.int);
    integer(writer, 20, 2);
  } else if ("string" in attribute) {
    text(writer, 4, attribute.string);
    integer(writer, 20, 3);
  } else if ("floats" in attribute) {
    message(writer, 7, (packed) => attribute.floats.forEach((item) => void packed.float(item)));
    integer(writer, 20, 6);
  } else if ("ints" in attribute) {
    message(writer, 8, (packed) => attribute.ints.forEach((item) => void packed.int64(item)));
    integer(writer, 20, 7);
  } else if ("graph" in attribute) {
    message(writer, 6, (graph) => writeGraph(graph, attribute.graph));
    integer(writer, 20, 5);
  } else {
    for (const item of attribute.strings) text(writer, 9, item);
    integer(writer, 20, 8);
  }
}

function writeTensor(writer: BinaryWriter, name: string, tensor: Tensor | ExternalTensor): void {
  for (const extent of tensor.dims) integer(writer, 1, extent);
  integer(writer, 2, elementTypes[tensor.type].onnx);
  text(writer, 8, name);
  if ("external" in tensor) {
    writeEntries(writer, 13, tensor.external);
    integer(writer, 14, 1);
  } else {
    writer.tag(9, WireType.LengthDelimited).bytes(tensorBytes(tensor));
  }
}

function writeValue(writer: BinaryWriter, value: ValueSpec): void {
  text(writer, 1, value.name);
  message(writer, 2, (inner) => writeType(inner, value.type));
}

/** Writes the fields of a type. */
export function writeType(writer: BinaryWriter, type: TypeSpec): void {
  if ("sequence" in type) {
    message(writer, 4, (sequence) => message(sequence, 1, (inner) => writeType(inner, type.sequence)));
  } else if ("map" in type) {
    message(writer, 5, (map) => {
      integer(map, 1, elementTypes[type.map.key].onnx);
      message(map, 2, (inner) => writeType(inner, type.map.value));
    });
  } else {
    message(writer, 1, (tensor) => {
      integer(tensor, 1, elementTypes[type.tensor].onnx);
      message(tensor, 2, (shape) => {
        for (const extent of type.dims) {
          message(shape, 1, (dim) => {
            if (typeof extent === "number") integer(dim, 1, extent);
            else if (extent !== "?") text(dim, 2, extent);
          });
        }
      });
    });
  }
}

/** Writes the version of an operator set as a field of the model. */
export function writeOpset(writer: BinaryWriter, domain: string, version: number): void {
  message(writer, 8, (opset) => {
    text(opset, 1, domain);
    integer(opset, 2, version);
  });
}

function writeEntries(writer: BinaryWriter, field: number, entries: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(entries)) {
    message(writer, field, (entry) => {
      text(entry, 1, key);
      text(entry, 2, value);
    });
  }
}

/** Writes a field that is a message, whose own fields `write` gives. */
export function message(writer: BinaryWriter, field: number, write: (writer: BinaryWriter) => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}

/** Writes a field that is text. */
export function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

/** Writes a field that is an integer. */
export function integer(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}
