import * as z from "zod";
import { concatBytes } from "../core/digest.ts";
import { formatIssues, ModelwrightError } from "../core/errors.ts";
import type { SignedEnvelope } from "./port.ts";
import { fromBase64, toBase64 } from "./signing-base64.ts";

/** A private key, wherever it is kept: in WebCrypto, in a key management service, in a hardware module. */
export interface SigningKey {
  /** Written into the envelope, so that whoever verifies finds the public key. */
  readonly keyId: string;
  /** The signature of the bytes: 64 bytes for Ed25519, DER for ECDSA. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** A public key. */
export interface VerifyingKey {
  readonly keyId: string;
  /** Whether the signature is this key's over the bytes. False, not an error, for a signature of another form. */
  verify(bytes: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

/** Greatest sizes that are looked at, so that a hostile envelope costs little. A manifest of 1000 files has at most 3 Mi characters. */
const LIMITS = { payload: 4_194_304, signatures: 16, signature: 2_048, keyId: 1_024 } as const;

const envelopeSchema = z.object({
  payloadType: z.string().max(LIMITS.keyId),
  payload: z.string().max(LIMITS.payload),
  signatures: z
    .array(z.unknown())
    .min(1)
    .max(LIMITS.signatures)
    .pipe(
      z.array(
        z.object({
          keyid: z
            .string()
            .max(LIMITS.keyId)
            .nullish()
            .transform((keyid) => keyid ?? ""),
          sig: z.string().min(1).max(LIMITS.signature),
        }),
      ),
    ),
});

/**
 * The bytes that are signed: payload type and payload, bound together with their lengths.
 *
 * @source DSSE 1.0, protocol.md, "PAE" (github.com/secure-systems-lab/dsse)
 */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const type = new TextEncoder().encode(payloadType);
  const head = new TextEncoder().encode(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `);
  return concatBytes([head, payload]);
}

/** Puts a payload and its signature into an envelope. */
export async function sealEnvelope(key: SigningKey, payloadType: string, payload: Uint8Array): Promise<SignedEnvelope> {
  const signature = await key.sign(preAuthEncoding(payloadType, payload));
  return { payloadType, payload: toBase64(payload), signatures: [{ keyid: key.keyId, sig: toBase64(signature) }] };
}

/**
 * The payload of an envelope that one of the keys has signed, and the id of that key.
 *
 * The key id in the envelope is a hint that anybody can write: it says which key to try, never whom to believe. A signature without an
 * id, or with one that no key has, is tried with every key. Nothing secret is compared, so nothing has to take constant time.
 *
 * @param subject - what is signed, for the message
 * @throws a {@link ModelwrightError} with code `MODEL_SIGNATURE_INVALID` for anything else, also for what is no envelope at all
 */
export async function openEnvelope(
  keys: readonly VerifyingKey[],
  payloadType: string,
  envelope: unknown,
  subject: string,
): Promise<{ readonly payload: Uint8Array<ArrayBuffer>; readonly keyId: string }> {
  if (envelope === null || envelope === undefined) throw signatureInvalid(subject, "it is not signed");
  const parsed = envelopeSchema.safeParse(envelope);
  if (!parsed.success) throw signatureInvalid(subject, `the envelope is malformed: ${issuesOf(parsed.error)}`);
  const { payloadType: type, payload: text, signatures } = parsed.data;
  if (type !== payloadType) {
    throw signatureInvalid(subject, `the envelope holds ${shown(type)}, not ${payloadType}`);
  }
  const payload = fromBase64(text);
  if (payload === undefined) throw signatureInvalid(subject, "the payload of the envelope is not base64");
  const signed = preAuthEncoding(payloadType, payload);
  for (const { keyid, sig } of signatures) {
    const signature = fromBase64(sig);
    if (signature === undefined) continue;
    for (const key of candidates(keys, keyid)) {
      if (await key.verify(signed, signature)) return { payload, keyId: key.keyId };
    }
  }
  throw signatureInvalid(subject, failure(keys, signatures));
}

/** A `MODEL_SIGNATURE_INVALID` error. */
export function signatureInvalid(subject: string, reason: string, ref = subject): ModelwrightError<"MODEL_SIGNATURE_INVALID"> {
  return new ModelwrightError("MODEL_SIGNATURE_INVALID", `The signature of ${subject} does not hold: ${reason}`, {
    details: { ref, reason },
  });
}

/** Outside text for a message: quoted and cut. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 199)}…` : text);
}

/** What zod found, as text of a bounded length. */
export function issuesOf(error: z.ZodError): string {
  const issues = error.issues.slice(0, 3).map(({ path, message }) => ({
    path: path.map((part) => (typeof part === "number" ? part : String(part))),
    message,
  }));
  return formatIssues(issues);
}

function candidates(keys: readonly VerifyingKey[], keyid: string): readonly VerifyingKey[] {
  const named = keys.filter((key) => key.keyId === keyid);
  return named.length === 0 ? keys : named;
}

function failure(keys: readonly VerifyingKey[], signatures: readonly { readonly keyid: string }[]): string {
  const ids = new Set(keys.map(({ keyId }) => keyId));
  const named = signatures.find(({ keyid }) => ids.has(keyid));
  if (named !== undefined)
    return `the signature that names the trusted key ${shown(named.keyid)} is not that key's over this content`;
  const unknown = signatures.find(({ keyid }) => keyid !== "");
  if (unknown !== undefined) return `no trusted key has signed it; it names the key ${shown(unknown.keyid)}`;
  return "no trusted key has signed it";
}
