import * as z from "zod";
import { isLabel, type ModelRef } from "../core/model.ts";
import { passed, port } from "../core/options.ts";
import type { BlobStore } from "../storage/port.ts";
import type { RegistryStore, VersionRecord } from "./port.ts";
import { descriptionSchema, tagChangesSchema } from "./registration.ts";
import type { ManifestSigner, TrustedKeys } from "./signing.ts";
import { type Actors, actorsSchema, type StagePolicy } from "./stage-policy.ts";
import type { VerifyMode } from "./version-files.ts";

/** Options of {@link ModelRegistry}. The stores are borrowed: closing the registry leaves them open. */
export interface ModelRegistryOptions {
  readonly store: RegistryStore;
  readonly blobs: BlobStore;
  /** @defaultValue {@link defaultStages} */
  readonly stages?: StagePolicy | undefined;
  /** Who changes something when the call does not say. @defaultValue nobody is named */
  readonly actor?: string | undefined;
  /** Aliases, each with the people who alone may set, move or remove it in any model. @defaultValue none */
  readonly protectedAliases?: Readonly<Record<string, Actors>> | undefined;
  /** When loaded files are checked against their digests; `first` checks each once in this registry's life. @defaultValue "always" */
  readonly verify?: VerifyMode | undefined;
  /** Signs the manifest of every version that is registered. @defaultValue versions are not signed */
  readonly signer?: ManifestSigner | undefined;
  /**
   * Keys of which one must have signed the manifest of a version that is loaded. Goes by `verify`, too: with `never` a load does not
   * ask for a signature; {@link ModelRegistry.verify} does in any case. @defaultValue signatures are not asked for
   */
  readonly trust?: TrustedKeys | undefined;
}

/** Options of {@link ModelRegistry.transition}. */
export interface TransitionOptions {
  /** The stage that the version was seen in; when it is in another by now, the transition is refused. @defaultValue any */
  readonly expectedStage?: string | undefined;
}

/** Options of {@link ModelRegistry.rollback}. */
export interface RollbackOptions {
  /** An exclusive stage. @defaultValue "production" */
  readonly stage?: string | undefined;
  /** The version to return to; one that was in the stage before. @defaultValue the one that was there last */
  readonly to?: number | string | ModelRef | undefined;
}

/** A version that went to another stage, and those that had to make room. */
export interface Transition {
  readonly moved: VersionRecord;
  /** The stage that it came from. */
  readonly from: string;
  /** The versions that left the target stage in the same step. */
  readonly displaced: readonly VersionRecord[];
  /** Whether it was a rollback. */
  readonly rollback: boolean;
}

/** An alias that was set, moved or removed. */
export interface AliasChange {
  readonly name: string;
  readonly alias: string;
  /** The version that it points to now; undefined when it was removed. */
  readonly version: number | undefined;
  /** The version that it pointed to before; undefined when it is new. */
  readonly previous: number | undefined;
}

/** A version with the bytes of its files. */
export interface LoadedVersion {
  readonly version: VersionRecord;
  /** Bytes by path. The caller may keep and change them. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}

export const optionsSchema = z.strictObject({
  store: port<RegistryStore>("registry/1"),
  blobs: port<BlobStore>("blob/1"),
  stages: z.custom<StagePolicy>().optional(),
  actor: z.string().min(1).max(250).optional(),
  // A key that no alias can have, such as Champion, would protect nothing.
  protectedAliases: z.record(z.string().refine(isLabel, "expected an alias"), actorsSchema).default({}),
  verify: z.enum(["always", "first", "never"]).default("always"),
  signer: passed<ManifestSigner>("a signer", (value) => hasMethod(value, "attest")).optional(),
  trust: passed<TrustedKeys>("trusted keys", (value) => hasMethod(value, "verify")).optional(),
});

/** A stage as it is asked for; one that the policy does not know is said to be unknown. */
const stage = z.string().max(250);

export const transitionSchema = z.strictObject({ expectedStage: stage.optional() });
export const rollbackSchema = z.strictObject({
  stage: stage.default("production"),
  to: z.custom<number | string | ModelRef>().optional(),
});
export const notesSchema = z.strictObject({
  description: descriptionSchema.optional(),
  tags: tagChangesSchema.optional(),
  legalHold: z.string().min(1).max(8000).nullable().optional(),
});

function hasMethod(value: unknown, name: string): boolean {
  return typeof (value as Readonly<Record<string, unknown>> | null | undefined)?.[name] === "function";
}
