import * as z from "zod";
import { concatBytes, sha256 } from "../core/digest.ts";
import { messageOf } from "../core/errors.ts";
import { canonicalJson } from "../core/json.ts";
import { invalidInput } from "../core/schema.ts";
import { issuesOf, shown } from "./dsse.ts";
import type { VersionFile } from "./port.ts";

/** What an envelope around a manifest says that it holds. @source in-toto Attestation Framework, spec/v1/envelope.md */
export const manifestPayloadType = "application/vnd.in-toto+json";

/**
 * The files of a model by digest, as sigstore's model signing 1.0 signs them: `model_signing verify key` of that project takes an envelope
 * around it (see `sigstoreBundle`).
 *
 * @source in-toto Attestation Framework, spec/v1/statement.md; sigstore/model-transparency, src/model_signing/_signing/signing.py
 * (`Payload`, `dsse_payload_to_manifest`) and src/model_signing/manifest.py
 */
export interface ModelManifest {
  readonly _type: typeof STATEMENT;
  /** One subject: the model's name, and the digest of the digests of its files, one after the other as bytes. */
  readonly subject: readonly [{ readonly name: string; readonly digest: { readonly sha256: string } }];
  readonly predicateType: typeof PREDICATE;
  readonly predicate: {
    readonly serialization: {
      readonly method: "files";
      readonly hash_type: "sha256";
      readonly allow_symlinks: boolean;
      readonly ignore_paths: readonly string[];
    };
    /** Ordered by path, part by part, by code point. */
    readonly resources: readonly { readonly name: string; readonly algorithm: "sha256"; readonly digest: string }[];
  };
}

const STATEMENT = "https://in-toto.io/Statement/v1";
const PREDICATE = "https://model_signing/signature/v1.0";

/** Most files of a manifest that is read. */
const MAX_RESOURCES = 10_000;

/** Differences that a message names. */
const SHOWN = 3;

const hex = z.string().regex(/^[0-9a-fA-F]{64}$/, "expected 64 hexadecimal digits");

/** Fields that version 1.0 does not know are to be ignored. */
const manifestSchema = z.object({
  _type: z.literal(STATEMENT),
  subject: z.tuple([z.object({ name: z.string(), digest: z.object({ sha256: hex }) })]),
  predicateType: z.literal(PREDICATE),
  predicate: z.object({
    serialization: z.object({ method: z.literal("files"), hash_type: z.literal("sha256") }),
    resources: z
      .array(z.unknown())
      .max(MAX_RESOURCES)
      .pipe(z.array(z.object({ name: z.string(), algorithm: z.literal("sha256"), digest: hex }))),
  }),
});

/**
 * The manifest of a model. The same files give the same manifest, in whatever order they come.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` when two files have one path
 */
export async function manifestOf(name: string, files: readonly Pick<VersionFile, "path" | "digest">[]): Promise<ModelManifest> {
  const sorted = files.toSorted((a, b) => comparePaths(a.path, b.path));
  const twice = sorted.find(({ path }, i) => path === sorted[i - 1]?.path);
  if (twice !== undefined) {
    throw invalidInput("The manifest", [{ path: [], message: `expected each path once, but got ${shown(twice.path)} twice` }]);
  }
  const resources = sorted.map(({ path, digest }) => ({ name: path, algorithm: "sha256" as const, digest: hexOf(digest) }));
  return {
    _type: STATEMENT,
    subject: [{ name, digest: { sha256: await rootDigest(resources) } }],
    predicateType: PREDICATE,
    predicate: {
      serialization: { method: "files", hash_type: "sha256", allow_symlinks: false, ignore_paths: [] },
      resources,
    },
  };
}

/** The bytes of a manifest that are signed: canonical JSON, so that equal manifests give equal bytes. */
export function manifestBytes(manifest: ModelManifest): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(canonicalJson({ ...manifest }));
}

/**
 * Why the bytes are not a manifest of exactly these files; undefined when they are one. Paths that the manifest says it ignores are
 * not ignored: every file has to be signed.
 *
 * @param name - the model that must be meant; undefined for any
 */
export async function manifestMismatch(
  bytes: Uint8Array,
  name: string | undefined,
  files: readonly Pick<VersionFile, "path" | "digest">[],
): Promise<string | undefined> {
  const parsed = manifestSchema.safeParse(readJson(bytes));
  if (!parsed.success) return `what is signed is no manifest of model signing 1.0: ${issuesOf(parsed.error)}`;
  const [subject] = parsed.data.subject;
  if (name !== undefined && subject.name !== name)
    return `what is signed is the model ${shown(subject.name)}, not ${shown(name)}`;
  const { resources } = parsed.data.predicate;
  const signed = new Map(resources.map((resource) => [resource.name, resource.digest.toLowerCase()]));
  if (signed.size < resources.length) return "the signed manifest names a file twice";
  if ((await rootDigest(resources)) !== subject.digest.sha256.toLowerCase()) {
    return "the signed manifest contradicts itself: its files do not have the digest that it gives for all of them";
  }
  return differences(signed, files);
}

function differences(signed: ReadonlyMap<string, string>, files: readonly Pick<VersionFile, "path" | "digest">[]) {
  const paths = new Set(files.map(({ path }) => path));
  const found = [
    ...files.flatMap(({ path, digest }) => {
      const expected = signed.get(path);
      if (expected === undefined) return [`${shown(path)} is not signed`];
      return expected === hexOf(digest) ? [] : [`${shown(path)} is not the file that was signed`];
    }),
    ...[...signed.keys()].filter((path) => !paths.has(path)).map((path) => `${shown(path)} was signed and is not there`),
  ];
  if (found.length === 0) return undefined;
  const more = found.length > SHOWN ? `; and ${found.length - SHOWN} more` : "";
  return `the signed manifest is not that of these files: ${found.slice(0, SHOWN).join("; ")}${more}`;
}

function rootDigest(resources: readonly { readonly digest: string }[]): Promise<string> {
  return sha256(
    concatBytes(resources.map(({ digest }) => Uint8Array.from(digest.match(/../g)!, (byte) => Number.parseInt(byte, 16)))),
  ).then(hexOf);
}

function hexOf(digest: string): string {
  return digest.slice("sha256:".length);
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    // What is not JSON is no object either: the schema says so.
    return messageOf(error);
  }
}

/** As Python's `PurePosixPath` orders paths: part by part, each by code point. */
function comparePaths(a: string, b: string): number {
  const left = a.split("/");
  const right = b.split("/");
  const at = left.findIndex((part, i) => part !== right[i]);
  if (at < 0) return left.length - right.length;
  const other = right[at];
  return other === undefined ? 1 : compareCodePoints(left[at]!, other);
}

function compareCodePoints(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return aboveSurrogates(left) - aboveSurrogates(right);
  }
  return a.length - b.length;
}

/** Moves surrogates, which stand for the greatest code points, behind all other units. */
function aboveSurrogates(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
