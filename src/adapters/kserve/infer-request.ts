import { concatBytes } from "../../core/digest.ts";
import { ModelwrightError } from "../../core/errors.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Tensors } from "../../inference/port.ts";
import { binaryTypes, type CarriedType, datatypeOf } from "./datatypes.ts";
import type { KServeHeaders } from "./kserve-options.ts";
import { writeBinaryData } from "./tensor-binary.ts";
import { writeJsonData } from "./tensor-json.ts";

/** A request for a run, ready to be sent. */
export interface InferRequest {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: KServeHeaders;
}

/**
 * Writes a request for a run. Copies the inputs.
 *
 * @param outputs - names of the outputs to ask for
 * @param binary - whether tensors are sent, and asked for, as binary data after the JSON
 * @throws a {@link ModelwrightError} with code `INPUT_DTYPE` or `INPUT_INVALID` for what the way cannot carry
 * @source Open Inference Protocol v2, "Inference"; Triton Inference Server, "Binary Tensor Data Extension"
 */
export function writeInferRequest(inputs: Tensors, outputs: readonly string[], binary: boolean): InferRequest {
  const parts: Uint8Array[] = [];
  const described = Object.entries(inputs).map(([name, tensor]) => {
    const head = `"name":${JSON.stringify(name)},"shape":[${tensor.dims}],"datatype":"${datatypeOf(carried(name, tensor))}"`;
    if (!binary) return `{${head},"data":${writeJsonData(name, tensor)}}`;
    const bytes = writeBinaryData(name, tensor);
    parts.push(bytes);
    return `{${head},"parameters":{"binary_data_size":${bytes.length}}}`;
  });
  const asked = outputs.map((name) => `{"name":${JSON.stringify(name)}${binary ? ',"parameters":{"binary_data":true}' : ""}}`);
  const json = new TextEncoder().encode(`{"inputs":[${described}],"outputs":[${asked}]}`);
  return binary
    ? {
        body: concatBytes([json, ...parts]),
        headers: { "content-type": "application/octet-stream", "inference-header-content-length": String(json.length) },
      }
    : { body: json, headers: { "content-type": "application/json" } };
}

/** The same request, compressed. The length of the JSON stays that before compression, as Triton wants it. */
export async function compressed({ body, headers }: InferRequest): Promise<InferRequest> {
  const stream = new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"));
  const zipped = await new Response(stream).arrayBuffer();
  return { body: new Uint8Array(zipped), headers: { ...headers, "content-encoding": "gzip" } };
}

function carried(input: string, { type }: Tensor): CarriedType {
  const known = binaryTypes.find((name) => name === type);
  if (known !== undefined) return known;
  throw new ModelwrightError("INPUT_DTYPE", `The input ${JSON.stringify(input)} is ${type}, which the protocol does not carry`, {
    details: { input, expected: `one of ${binaryTypes.join(", ")}`, given: type },
  });
}
