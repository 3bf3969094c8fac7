import type { ModelSignature, SignatureEntry } from "../registry/port.ts";

/** A signature as an `MLmodel` file has it: JSON as text. @source mlflow/models/signature.py, `ModelSignature.to_dict` */
export type MlflowSignature = {
  readonly inputs: string | null;
  readonly outputs: string | null;
  readonly params: null;
};

/** Element types that NumPy has by the same name, and text. @source mlflow/types/schema.py, `TensorInfo`; numpy.dtype */
const NUMPY_TYPES: ReadonlyMap<string, string> = new Map([
  ...["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"].map((name) => [name, name] as const),
  ...["float16", "float32", "float64", "complex64", "complex128"].map((name) => [name, name] as const),
  ["string", "str"],
]);

/**
 * A model's signature as MLflow writes it. A side that holds something MLflow cannot say is null, because MLflow would refuse to load
 * the model for it; undefined when both are.
 */
export function mlflowSignature({ inputs, outputs }: ModelSignature): MlflowSignature | undefined {
  const sides = { inputs: schemaOf(inputs), outputs: schemaOf(outputs) };
  return sides.inputs === null && sides.outputs === null ? undefined : { ...sides, params: null };
}

/** A list without entries is refused by MLflow as well. */
function schemaOf(entries: readonly SignatureEntry[]): string | null {
  const specs = entries.map(tensorSpec);
  return specs.length === 0 || specs.includes(undefined) ? null : JSON.stringify(specs);
}

function tensorSpec({ name, type, dims }: SignatureEntry): object | undefined {
  const dtype = NUMPY_TYPES.get(type);
  if (dtype === undefined || dims === null) return undefined;
  // -1 is any extent.
  const shape = dims.map((extent) => (typeof extent === "number" ? extent : -1));
  return { name, type: "tensor", "tensor-spec": { dtype, shape } };
}
