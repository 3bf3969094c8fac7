import * as z from "zod";
import { formatIssues, ModelwrightError } from "../../core/errors.ts";
import type { ModelInterface, TensorSpec } from "../../inference/port.ts";
import { type CarriedType, typeOfDatatype } from "./datatypes.ts";

/** Proxies that come from gRPC write 64-bit integers as strings. */
const extent = z.union([z.int(), z.string().regex(/^-?\d{1,15}$/)]);

const tensorSchema = z.object({
  name: z.string().min(1).max(1024),
  datatype: z.string().min(1).max(64),
  shape: z.array(extent).max(64).nullish(),
});

const tensorsSchema = z.array(tensorSchema).max(4096).nullish();

const metadataSchema = z.object({ inputs: tensorsSchema, outputs: tensorsSchema });

/** An input or output whose type the protocol carries. */
interface CarriedSpec extends TensorSpec {
  readonly type: CarriedType;
}

/** What a model on a server takes and gives. */
export interface CarriedInterface extends ModelInterface {
  readonly inputs: readonly CarriedSpec[];
  readonly outputs: readonly CarriedSpec[];
}

/**
 * Reads what a server says that a model takes and gives. Extents of −1 become `?`. Labels and parameters are left aside.
 *
 * @param types - the element types that the way to the server carries
 * @throws a {@link ModelwrightError} with code `MODEL_UNSUPPORTED` when the metadata are not sound, or say nothing of inputs or outputs
 * @source Open Inference Protocol v2, "Model Metadata"
 */
export function readModelMetadata(metadata: unknown, types: readonly CarriedType[]): CarriedInterface {
  const result = metadataSchema.safeParse(metadata);
  if (!result.success) {
    const issues = result.error.issues.map(({ path, message }) => ({
      path: path.map((part) => (typeof part === "number" ? part : String(part))),
      message,
    }));
    throw unsupported(`the server's metadata are not those of a model: ${formatIssues(issues)}`);
  }
  const { inputs, outputs } = result.data;
  return { inputs: readSpecs("input", inputs ?? [], types), outputs: readSpecs("output", outputs ?? [], types) };
}

function readSpecs(
  kind: "input" | "output",
  tensors: readonly z.output<typeof tensorSchema>[],
  types: readonly CarriedType[],
): CarriedSpec[] {
  // As of MLServer, where they are optional.
  if (tensors.length === 0) throw unsupported(`the server names no ${kind} of it; describe its ${kind}s on the server`);
  const names = new Set<string>();
  return tensors.map(({ name, datatype, shape }) => {
    const shown = `the ${kind} ${JSON.stringify(name)}`;
    if (name === "__proto__") throw unsupported(`${shown} is a name that objects of JavaScript lose; rename it`);
    if (names.has(name)) throw unsupported(`the server names ${shown} twice`);
    names.add(name);
    const type = typeOfDatatype(datatype);
    if (type === undefined) throw unsupported(`${shown} is ${JSON.stringify(datatype)}, which is no type of the protocol`);
    if (!types.includes(type)) {
      throw unsupported(
        `${shown} is ${type}, which JSON does not carry; set tensors: "binary" if the server knows the extension`,
      );
    }
    const dims = shape?.map((value) => (Number(value) < 0 ? "?" : Number(value))) ?? null;
    return { name, type, dims };
  });
}

function unsupported(reason: string): ModelwrightError<"MODEL_UNSUPPORTED"> {
  return new ModelwrightError("MODEL_UNSUPPORTED", `The model cannot be used: ${reason}`, { details: { reason } });
}
