import { alignChanges, alignRows, type ChangeRow, type Comparison, compareRecords, type Row } from "../core/align.ts";
import type { Digest } from "../core/digest.ts";
import type { JsonValue } from "../core/json.ts";
import { formatModelRef } from "../core/model.ts";
import { invalidInput } from "../core/schema.ts";
import type { SignatureEntry, VersionRecord } from "./port.ts";

/** An input or output without its name. */
export type SignatureCell = Pick<SignatureEntry, "type" | "dims">;

/** A file without its path. */
export type FileCell = { readonly digest: Digest; readonly sizeBytes: number };

/** A file of several versions. */
export interface FileRow extends ChangeRow<FileCell> {
  /** Bytes more than the baseline's file; null where one of them is missing. */
  readonly sizeDeltas: readonly (number | null)[];
}

/** Versions side by side. Facts are what has one value: label, stage, framework, who has signed it, and so on; times are ISO text. */
export interface VersionComparison extends Comparison {
  readonly metadata: readonly Row<JsonValue>[];
  /** Inputs by name; changes are `unknown` where a version's signature is. */
  readonly inputs: readonly ChangeRow<SignatureCell>[];
  /** As `inputs`. */
  readonly outputs: readonly ChangeRow<SignatureCell>[];
  readonly files: readonly FileRow[];
}

/** Options of {@link compareVersions}. */
export interface CompareOptions {
  /** The version that the others are compared with. @defaultValue the first one */
  readonly baseline?: Pick<VersionRecord, "name" | "version"> | undefined;
}

/**
 * Puts versions side by side, of one model or of several: parameters, metrics with their differences and whether these are for the
 * better, tags, signatures, files. Plain JSON.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for no versions, and for a baseline that is not one of them
 *
 * @example
 * ```ts
 * import { ModelRegistry, memoryBlobs, memoryRegistry } from "modelwright";
 * import { compareVersions, renderComparison } from "modelwright/registry";
 *
 * const registry = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() });
 * const versions = await Promise.all([registry.get("fraud@production"), registry.get("fraud@staging")]);
 * console.log(renderComparison(compareVersions(versions)));
 * ```
 */
export function compareVersions(versions: readonly VersionRecord[], { baseline }: CompareOptions = {}): VersionComparison {
  const index =
    baseline === undefined
      ? 0
      : versions.findIndex(({ name, version }) => name === baseline.name && version === baseline.version);
  if (versions.length === 0) throw refused("expected at least one version");
  if (index < 0) throw refused(`expected the baseline ${formatModelRef({ ...baseline! })} among the versions`);
  const records = versions.map((version) => ({
    label: formatModelRef({ name: version.name, version: version.version }),
    facts: factsOf(version),
    params: version.hyperparameters,
    metrics: version.metrics,
    directions: version.directions,
    tags: version.tags,
  }));
  return {
    ...compareRecords(records, index),
    metadata: alignRows(versions.map(({ metadata }) => metadata)),
    inputs: alignChanges(
      versions.map(({ signature }) => byName(signature?.inputs)),
      index,
    ),
    outputs: alignChanges(
      versions.map(({ signature }) => byName(signature?.outputs)),
      index,
    ),
    files: alignFiles(versions, index),
  };
}

function factsOf(version: VersionRecord): Readonly<Record<string, JsonValue>> {
  const { label, stage, aliases, flavor, framework, modelType, description, dataVersion, codeVersion, runId } = version;
  const { inputSchema, outputSchema, createdAt, createdBy, legalHold, attestation } = version;
  return {
    label,
    stage,
    aliases,
    flavor,
    framework,
    modelType,
    description,
    dataVersion,
    codeVersion,
    runId,
    inputSchema,
    outputSchema,
    createdAt: new Date(createdAt).toISOString(),
    createdBy,
    legalHold,
    signedBy: attestation === null ? null : attestation.signatures.map(({ keyid }) => keyid),
  };
}

function byName(entries: readonly SignatureEntry[] | undefined) {
  return entries === undefined ? null : Object.fromEntries(entries.map(({ name, type, dims }) => [name, { type, dims }]));
}

function alignFiles(versions: readonly VersionRecord[], baseline: number): readonly FileRow[] {
  const files = versions.map((version) =>
    Object.fromEntries(version.files.map(({ path, digest, sizeBytes }) => [path, { digest, sizeBytes }])),
  );
  return alignChanges(files, baseline).map((row) => {
    const before = row.cells[baseline];
    const sizeDeltas = row.cells.map((cell) => (cell && before ? cell.value.sizeBytes - before.value.sizeBytes : null));
    return { ...row, sizeDeltas };
  });
}

function refused(message: string) {
  return invalidInput("The comparison", [{ path: [], message }]);
}
