import { isBytes } from "../core/chunks.ts";
import { sha256 } from "../core/digest.ts";
import { isModelVariants } from "./model-variants.ts";
import type { SeatSource } from "./open-seat.ts";
import type { ParsedSessionOptions } from "./session-options.ts";
import { urlModel } from "./url-model.ts";

/** A model as it is loaded from, and the name of its source. */
export interface NamedModel {
  readonly model: SeatSource["model"];
  readonly name: string | undefined;
}

/** The model of a session's options. The first digits of its digest name one that is given as bytes. */
export async function namedModel({ model }: ParsedSessionOptions): Promise<NamedModel> {
  if (model === undefined) return { model, name: undefined };
  if (model instanceof URL) {
    const source = urlModel(model);
    return { model: source, name: source.name };
  }
  if (isModelVariants(model)) return { model, name: Object.values(model.sources).find((source) => source !== undefined)!.name };
  if (!isBytes(model)) return { model, name: model.name };
  const digest = await sha256(model);
  return { model: { identity: { digest }, bytes: model }, name: digest.slice(0, "sha256:".length + 12) };
}
