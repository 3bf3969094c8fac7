import type { CallOptions } from "./call.ts";
import type { Digest } from "./digest.ts";
import { ModelwrightError } from "./errors.ts";
import type { Event } from "./events.ts";

/** Which version of which model: by number, by label, by stage, or by alias. */
export type ModelRef =
  | { readonly name: string; readonly version: number }
  | { readonly name: string; readonly label: string }
  | { readonly name: string; readonly stage: string }
  | { readonly name: string; readonly alias: string };

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const LABEL = /^[a-z][a-z0-9_-]{0,63}$/;

/** `major.minor.patch` with an optional pre-release, as semver.org defines it; build metadata does not tell versions apart. */
const VERSION_LABEL = /^(?:0|[1-9]\d{0,8})(?:\.(?:0|[1-9]\d{0,8})){2}(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** Whether `text` may be the label of a version, for example `1.4.0` or `2.0.0-rc.1`; at most 64 characters. */
export function isVersionLabel(text: string): boolean {
  return typeof text === "string" && text.length <= 64 && VERSION_LABEL.test(text);
}

/** Whether `text` may name a model, a feature view or an entity: letters, digits, `.`, `_`, `-`; at most 128, not `.` or `-` first. */
export function isName(text: string): boolean {
  return typeof text === "string" && NAME.test(text);
}

/** Whether `text` may be a stage or an alias: lower-case letters, digits, `_`, `-`; at most 64, a letter first. */
export function isLabel(text: string): boolean {
  return typeof text === "string" && LABEL.test(text);
}

/**
 * Reads `name@7` (version), `name@1.4.0` (label), `name@production` (stage) or `name@alias:champion` (alias).
 *
 * @throws a {@link ModelwrightError} with code `INPUT_INVALID` for anything else; a bare name is refused because it does not say
 * which version is meant
 */
export function parseModelRef(text: string): ModelRef {
  // What comes out of JSON may be anything.
  const at = typeof text === "string" ? text.indexOf("@") : -1;
  const name = at < 0 ? text : text.slice(0, at);
  const selector = at < 0 ? "" : text.slice(at + 1);
  if (isName(name)) {
    if (/^[1-9]\d{0,14}$/.test(selector)) return { name, version: Number(selector) };
    if (isVersionLabel(selector)) return { name, label: selector };
    if (isLabel(selector)) return { name, stage: selector };
    if (selector.startsWith("alias:") && isLabel(selector.slice(6))) return { name, alias: selector.slice(6) };
  }
  const message = "expected name@7, name@1.4.0, name@production or name@alias:champion";
  throw new ModelwrightError(
    "INPUT_INVALID",
    `${typeof text === "string" ? JSON.stringify(text.slice(0, 200)) : typeof text} is not a model reference: ${message}`,
    {
      details: { subject: "model reference", issues: [{ path: [], message }] },
    },
  );
}

/** Writes a reference as {@link parseModelRef} reads it. */
export function formatModelRef(ref: ModelRef): string {
  if ("version" in ref) return `${ref.name}@${ref.version}`;
  if ("label" in ref) return `${ref.name}@${ref.label}`;
  return "stage" in ref ? `${ref.name}@${ref.stage}` : `${ref.name}@alias:${ref.alias}`;
}

/** Which model gave an answer. */
export interface ModelIdentity {
  /** Name of the model; undefined when it was opened from bytes alone. */
  readonly name?: string | undefined;
  /** Version in the registry; undefined when it came from elsewhere. */
  readonly version?: number | undefined;
  /** Digest of the bytes that were loaded; undefined for a predictor that is no file. */
  readonly digest?: Digest | undefined;
}

/** Bytes of a model that were verified, and which model they are. */
export interface LoadedModel {
  readonly identity: ModelIdentity;
  readonly bytes: Uint8Array;
  /**
   * Answers the verified bytes of another file of the model, for weights that the ONNX file keeps outside; rejects with
   * `STORE_NOT_FOUND` when the model has no such file. Absent where a model is one file.
   *
   * @param path - relative to the ONNX file, inside its folder, with `/`
   */
  readonly companion?: ((path: string, call?: CallOptions) => Promise<Uint8Array>) | undefined;
}

/** Kind of numbers that a variant of a model computes with. */
export type Precision = "fp32" | "fp16" | "int8";

/** The artifacts of one model by the numbers that they compute with. Each takes and gives the same, up to accuracy. */
export type VariantSources = { readonly [P in Precision]?: ModelSource | undefined };

/**
 * A model in several precisions, of which a session takes the one that fits its provider. A source that rejects with `STORE_NOT_FOUND`
 * for a path stands for a variant that the model has not: the next one that fits is taken.
 */
export interface ModelVariants {
  readonly spec: "model-variants/1";
  readonly sources: VariantSources;
}

/** Port: where a model comes from. The registry gives one for a reference; files and URLs have their own. */
export interface ModelSource {
  readonly spec: "model-source/1";
  /** Shown in errors and traces, for example `fraud@production`. */
  readonly name: string;
  /** Resolves the reference now and answers verified bytes. */
  load(call?: CallOptions): Promise<LoadedModel>;
  /** Fires after the reference has begun to point to another version. Absent where the source cannot change. */
  readonly onChanged?: Event<ModelIdentity>;
}

/** What a predictor answers. */
export interface Prediction<Output> {
  readonly output: Output;
  /** Which model answered. */
  readonly model: ModelIdentity;
  /** Where it ran, for example `onnxruntime-node/cpu`. */
  readonly provider: string;
}

/** Port: anything that answers one input with one output. Routers, monitors and batch scorers see only this. */
export interface Predictor<Input, Output> {
  readonly spec: "predictor/1";
  /** Shown in errors, traces and route explanations. */
  readonly name: string;
  /** Answers one input. Rejects with `INPUT_*` when the input is at fault, so that no other target is tried with it. */
  predict(input: Input, call?: CallOptions): Promise<Prediction<Output>>;
}
