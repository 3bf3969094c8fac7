import * as z from "zod";
import { ModelwrightError } from "../core/errors.ts";
import type { ModelSource, ModelVariants, Precision, VariantSources } from "../core/model.ts";
import { parseOptions, port } from "../core/options.ts";
import type { ExecutionProvider } from "./port.ts";

export type { ModelVariants, VariantSources };

/** The variant for a provider. */
export interface PickedVariant {
  readonly precision: Precision;
  readonly source: ModelSource;
  /** What was chosen and why, for a human. */
  readonly reason: string;
}

const precisions = ["fp32", "fp16", "int8"] as const satisfies readonly Precision[];

const artifact = port<ModelSource>("model-source/1").optional();

const sourcesSchema = z
  .strictObject({ fp32: artifact, fp16: artifact, int8: artifact } satisfies Record<Precision, unknown>)
  .refine((sources) => precisions.some((precision) => sources[precision] !== undefined), "expected at least one variant");

/**
 * The variants of a model, of which a session takes the one that suits the provider: half precision on a GPU, integers where the engine
 * has kernels for them. One whose file is not there is passed over. Compare them with `compareSessions` before they are trusted.
 *
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID`
 *
 * @example
 * ```ts
 * import { modelVariants } from "modelwright/inference";
 * import { fileModel } from "modelwright/fs";
 *
 * const model = modelVariants({ fp32: fileModel("./model.onnx"), fp16: fileModel("./model.fp16.onnx") });
 * ```
 */
export function modelVariants(sources: VariantSources): ModelVariants {
  return { spec: "model-variants/1", sources: parseOptions(sourcesSchema, sources, "modelVariants") };
}

/** Whether a model is given in variants, rather than as bytes or one source. */
export function isModelVariants(value: unknown): value is ModelVariants {
  return (value as Partial<ModelVariants> | null | undefined)?.spec === "model-variants/1";
}

/**
 * The first of the precisions that run well on a provider, best first, that the model has. For providers that take ONNX files; one with
 * its own model has no use for a variant.
 *
 * @throws a {@link ModelwrightError} with code `MODEL_UNSUPPORTED` when there is none
 */
export function pickVariant({ sources }: ModelVariants, { name, capabilities }: ExecutionProvider): PickedVariant {
  const wanted = capabilities.precisions ?? ["fp32"];
  const had = precisions.filter((precision) => sources[precision] !== undefined);
  const precision = wanted.find((each) => had.includes(each));
  if (precision === undefined) {
    const reason = `it runs ${wanted.join(", ") || "no precision"} well, but the model has ${had.join(", ")}; add a variant that fits`;
    throw new ModelwrightError("MODEL_UNSUPPORTED", `${name} cannot run the model: ${reason}`, { details: { reason } });
  }
  const missing = wanted.slice(0, wanted.indexOf(precision));
  const why = missing.length === 0 ? `${name} runs it best` : `${name} prefers ${missing.join(", ")}, which the model has not`;
  return { precision, source: sources[precision]!, reason: `${precision} of ${had.join(", ")}: ${why}` };
}
