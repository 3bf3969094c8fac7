import { sha256 } from "../core/digest.ts";
import { ModelwrightError, messageOf } from "../core/errors.ts";
import { invalidConfig } from "../core/options.ts";
import type { VerifyingKey } from "./dsse.ts";
import { type ManifestSigner, type ManifestTrust, manifestSigner, type TrustedKeys, trusting } from "./signing.ts";
import { toBase64 } from "./signing-base64.ts";
import { fromDer, toDer } from "./signing-der.ts";
import { type CurveName, curveOf, curves, type KeyMaterial, materialOf } from "./signing-key-material.ts";

/** A private key. */
export interface SignerOptions {
  /** PEM of PKCS#8 (`-----BEGIN PRIVATE KEY-----`), a JSON Web Key, or a key of WebCrypto that may sign. */
  readonly privateKey: string | JsonWebKey | CryptoKey;
  /**
   * Written into envelopes. Has to be given for a `CryptoKey` that cannot be exported. @defaultValue SHA-256 of the public key's PEM, as
   * sigstore's model signing names keys
   */
  readonly keyId?: string | undefined;
}

/** A public key that is trusted. */
export interface TrustedKey {
  /** PEM of SubjectPublicKeyInfo (`-----BEGIN PUBLIC KEY-----`), a JSON Web Key, or a key of WebCrypto that may verify. */
  readonly publicKey: string | JsonWebKey | CryptoKey;
  /** As {@link SignerOptions.keyId}. */
  readonly keyId?: string | undefined;
}

/**
 * Signs with an Ed25519 key. Python's `model_signing` verifies ECDSA only; take {@link ecdsaSigner} for it.
 *
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` for another key, and with `UNSUPPORTED` where the platform lacks Ed25519
 * or WebCrypto
 *
 * @example
 * ```ts
 * import { ed25519Signer, trustedKeys } from "modelwright/registry";
 *
 * declare const secrets: { privateKey: string; publicKey: string };
 * const signer = await ed25519Signer({ privateKey: secrets.privateKey });
 * const trust = await trustedKeys([{ publicKey: secrets.publicKey }]);
 * ```
 */
export function ed25519Signer(options: SignerOptions): Promise<ManifestSigner> {
  return signerOf(options, "ed25519Signer", ["Ed25519"]);
}

/** Signs with an ECDSA key on P-256, P-384 or P-521, with the hash of its size. Throws as {@link ed25519Signer}. */
export function ecdsaSigner(options: SignerOptions): Promise<ManifestSigner> {
  return signerOf(options, "ecdsaSigner", ["P-256", "P-384", "P-521"]);
}

/**
 * Trusts Ed25519 and ECDSA keys, at least one: what any of them has signed is accepted.
 *
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` for a bad key, and with `UNSUPPORTED` where the platform lacks Ed25519
 * or WebCrypto
 */
export async function trustedKeys(keys: readonly TrustedKey[], options: ManifestTrust = {}): Promise<TrustedKeys> {
  if (keys.length === 0) throw invalidConfig("trustedKeys", [{ path: [], message: "expected at least one key" }]);
  return trusting(await Promise.all(keys.map((key, i) => verifyingKey(key, i))), options);
}

async function signerOf(
  { privateKey, keyId }: SignerOptions,
  subject: string,
  allowed: readonly CurveName[],
): Promise<ManifestSigner> {
  const refuse = (message: string) => invalidConfig(subject, [{ path: ["privateKey"], message }]);
  const material = materialOf(privateKey, "private", refuse);
  const curve = curveOf(material);
  if (curve === undefined || !allowed.includes(curve)) {
    throw refuse(`expected a key on ${allowed.join(", ")}, but got ${curve ?? "another kind of key"}`);
  }
  const key = await importKey(material, curve, "sign", false, refuse);
  const { params, size } = curves[curve];
  return manifestSigner({
    keyId: keyId ?? (await publicKeyId(material, curve, refuse)),
    async sign(bytes) {
      const raw = new Uint8Array(await subtle().sign(params.sign, key, new Uint8Array(bytes)));
      return size === undefined ? raw : toDer(raw);
    },
  });
}

async function verifyingKey({ publicKey, keyId }: TrustedKey, index: number): Promise<VerifyingKey> {
  const refuse = (message: string) => invalidConfig("trustedKeys", [{ path: [index, "publicKey"], message }]);
  const material = materialOf(publicKey, "public", refuse);
  const curve = curveOf(material);
  if (curve === undefined) throw refuse(`expected a key on ${Object.keys(curves).join(", ")}, but got another kind of key`);
  const key = await importKey(material, curve, "verify", true, refuse);
  const { params, size } = curves[curve];
  return {
    keyId: keyId ?? (await spkiId(key, refuse)),
    async verify(bytes, signature) {
      const raw = size === undefined ? new Uint8Array(signature) : fromDer(signature, size);
      if (raw === undefined) return false;
      return subtle().verify(params.sign, key, raw, new Uint8Array(bytes));
    },
  };
}

/** The id of the public key that belongs to a private one. */
async function publicKeyId(material: KeyMaterial, curve: CurveName, refuse: Refuse): Promise<string> {
  const key = await importKey(material, curve, "sign", true, refuse);
  if (!key.extractable) throw refuse("expected a keyId with a key that cannot be exported");
  const { kty, crv, x, y } = await subtle().exportKey("jwk", key);
  const jwk = { kty, crv, x, ...(y === undefined ? {} : { y }) } as JsonWebKey;
  return spkiId(await importKey({ form: "jwk", jwk }, curve, "verify", true, refuse), refuse);
}

/** SHA-256 of the key's PEM as OpenSSL writes it. @source sigstore/model-transparency, sign_ec_key.py (`_get_verification_material`) */
async function spkiId(key: CryptoKey, refuse: Refuse): Promise<string> {
  if (!key.extractable) throw refuse("expected a keyId with a key that cannot be exported");
  const lines = toBase64(new Uint8Array(await subtle().exportKey("spki", key))).match(/.{1,64}/g)!;
  const pem = ["-----BEGIN PUBLIC KEY-----", ...lines, "-----END PUBLIC KEY-----", ""].join("\n");
  return (await sha256(new TextEncoder().encode(pem))).slice("sha256:".length);
}

async function importKey(
  material: KeyMaterial,
  curve: CurveName,
  usage: "sign" | "verify",
  extractable: boolean,
  refuse: Refuse,
): Promise<CryptoKey> {
  if (material.form === "key") return material.key;
  const { params } = curves[curve];
  try {
    if (material.form === "jwk") return await subtle().importKey("jwk", material.jwk, params.import, extractable, [usage]);
    return await subtle().importKey(material.form, material.bytes, params.import, extractable, [usage]);
  } catch (cause) {
    if (ModelwrightError.is(cause)) throw cause;
    if ((cause as { name?: unknown } | null)?.name === "NotSupportedError") {
      throw new ModelwrightError("UNSUPPORTED", `This platform's WebCrypto has no ${curve}; use ecdsaSigner or a newer browser`, {
        details: { feature: curve },
        cause,
      });
    }
    throw refuse(
      `expected a ${usage === "sign" ? "private" : "public"} key on ${curve}, but WebCrypto refused it (${messageOf(cause)})`,
    );
  }
}

type Refuse = (message: string) => ModelwrightError;

function subtle(): SubtleCrypto {
  const found = (globalThis.crypto as Crypto | undefined)?.subtle as SubtleCrypto | undefined;
  if (found !== undefined) return found;
  throw new ModelwrightError("UNSUPPORTED", "The browser has WebCrypto in secure contexts only; serve the page over https", {
    details: { feature: "WebCrypto" },
  });
}
