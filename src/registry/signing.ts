import { openEnvelope, type SigningKey, sealEnvelope, signatureInvalid, type VerifyingKey } from "./dsse.ts";
import { manifestBytes, manifestMismatch, manifestOf, manifestPayloadType } from "./manifest.ts";
import type { SignedEnvelope, VersionFile } from "./port.ts";

/** Signs payloads of any type. */
export interface EnvelopeSigner {
  /** Id of the key. */
  readonly keyId: string;
  /** An envelope with the payload and its signature. */
  sign(payloadType: string, payload: Uint8Array): Promise<SignedEnvelope>;
}

/** Opens envelopes that trusted keys have signed. */
export interface EnvelopeVerifier {
  /**
   * The payload of an envelope.
   *
   * @param subject - what is signed, for the message
   * @throws a `ModelwrightError` with code `MODEL_SIGNATURE_INVALID` when it is not of this type, or no trusted key has signed it
   */
  open(payloadType: string, envelope: SignedEnvelope | null, subject: string): Promise<Uint8Array>;
}

/** Signs the manifests of models. The registry calls it when a version is registered. */
export interface ManifestSigner extends EnvelopeSigner {
  /** The signed manifest of a model's files. */
  attest(name: string, files: readonly VersionFile[]): Promise<SignedEnvelope>;
}

/** Keys of which one must have signed. The registry calls it when a version is loaded. */
export interface TrustedKeys extends EnvelopeVerifier {
  /**
   * Sees that one of the keys has signed exactly these files.
   *
   * @throws a `ModelwrightError` with code `MODEL_SIGNATURE_INVALID`
   */
  verify(name: string, files: readonly VersionFile[], envelope: SignedEnvelope | null): Promise<void>;
}

/** Options of {@link verifyManifest} and {@link trusting}. */
export interface ManifestTrust {
  /**
   * Whether the manifest has to name the model, so that files signed as one model do not pass for another. Give `any` for manifests that
   * were signed elsewhere: Python's `model_signing` writes the name of a folder. @defaultValue "name"
   */
  readonly subject?: "name" | "any" | undefined;
}

/**
 * A signer that signs with a key kept elsewhere, for example in a key management service. Keys in hand: `ed25519Signer`, `ecdsaSigner`.
 *
 * @example
 * ```ts
 * import { manifestSigner } from "modelwright/registry";
 *
 * declare const kms: { sign(key: string, bytes: Uint8Array): Promise<Uint8Array> };
 * const signer = manifestSigner({ keyId: "release-2026", sign: (bytes) => kms.sign("release-2026", bytes) });
 * ```
 */
export function manifestSigner(key: SigningKey): ManifestSigner {
  const signer: EnvelopeSigner = {
    keyId: key.keyId,
    sign: (payloadType, payload) => sealEnvelope(key, payloadType, payload),
  };
  return { ...signer, attest: (name, files) => signManifest(name, files, signer) };
}

/** Trust in keys that are verified with elsewhere. Public keys in hand: `trustedKeys`. */
export function trusting(keys: readonly VerifyingKey[], options: ManifestTrust = {}): TrustedKeys {
  const verifier: EnvelopeVerifier = {
    open: async (payloadType, envelope, subject) => (await openEnvelope(keys, payloadType, envelope, subject)).payload,
  };
  return { ...verifier, verify: (name, files, envelope) => verifyManifest(name, files, envelope, verifier, options) };
}

/** Signs the manifest of a model's files. */
export async function signManifest(
  name: string,
  files: readonly Pick<VersionFile, "path" | "digest">[],
  signer: EnvelopeSigner,
): Promise<SignedEnvelope> {
  return signer.sign(manifestPayloadType, manifestBytes(await manifestOf(name, files)));
}

/**
 * Sees that a trusted key has signed the manifest of exactly these files: none missing, none more, none changed.
 *
 * @throws a `ModelwrightError` with code `MODEL_SIGNATURE_INVALID`; the reason says whether the envelope, the key, the signature or
 * which file is at fault
 */
export async function verifyManifest(
  name: string,
  files: readonly Pick<VersionFile, "path" | "digest">[],
  envelope: SignedEnvelope | null,
  trusted: EnvelopeVerifier,
  { subject = "name" }: ManifestTrust = {},
): Promise<void> {
  const bytes = await trusted.open(manifestPayloadType, envelope, name);
  const reason = await manifestMismatch(bytes, subject === "name" ? name : undefined, files);
  if (reason !== undefined) throw signatureInvalid(name, reason);
}
