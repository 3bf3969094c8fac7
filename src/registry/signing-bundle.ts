import * as z from "zod";
import { issuesOf, signatureInvalid } from "./dsse.ts";
import type { SignedEnvelope } from "./port.ts";

/** An envelope as sigstore's tools keep it in a file. @source sigstore/protobuf-specs, sigstore_bundle.proto, version 0.3 */
export interface SigstoreBundle {
  readonly mediaType: typeof MEDIA_TYPE;
  readonly verificationMaterial: {
    readonly publicKey: { readonly hint?: string | undefined };
    readonly tlogEntries: readonly [];
  };
  readonly dsseEnvelope: SignedEnvelope;
}

const MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";

const bundleSchema = z.object({
  mediaType: z.literal(MEDIA_TYPE),
  dsseEnvelope: z.object({
    payloadType: z.string(),
    payload: z.string(),
    signatures: z.array(z.object({ keyid: z.string().nullish(), sig: z.string() })),
  }),
});

/**
 * The bundle that `model_signing verify key --signature model.sig --public-key key.pem folder` takes, to be written as JSON. That tool
 * verifies ECDSA keys only. A key id that is the key's SHA-256, as it is when none was given, becomes the hint that it looks for.
 *
 * @throws a `ModelwrightError` with code `MODEL_SIGNATURE_INVALID` when the envelope has not exactly one signature
 * @source sigstore/model-transparency, src/model_signing/_signing/sign_ec_key.py and sign_sigstore_pb.py
 */
export function sigstoreBundle(envelope: SignedEnvelope): SigstoreBundle {
  const [signature, ...more] = envelope.signatures;
  if (signature === undefined || more.length > 0) {
    throw signatureInvalid(
      "the bundle",
      `a bundle has exactly one signature, but the envelope has ${envelope.signatures.length}`,
    );
  }
  const publicKey = /^[0-9a-f]{64}$/.test(signature.keyid) ? { hint: signature.keyid } : {};
  return {
    mediaType: MEDIA_TYPE,
    verificationMaterial: { publicKey, tlogEntries: [] },
    dsseEnvelope: envelope,
  };
}

/**
 * The envelope in a bundle that `model_signing sign key` wrote, given as JSON text or parsed. Nothing is verified yet.
 *
 * @throws a `ModelwrightError` with code `MODEL_SIGNATURE_INVALID` for anything else
 */
export function readSigstoreBundle(bundle: unknown): SignedEnvelope {
  const parsed = bundleSchema.safeParse(typeof bundle === "string" ? json(bundle) : bundle);
  if (!parsed.success) throw signatureInvalid("the bundle", `it is no sigstore bundle: ${issuesOf(parsed.error)}`);
  const { payloadType, payload, signatures } = parsed.data.dsseEnvelope;
  return { payloadType, payload, signatures: signatures.map(({ keyid, sig }) => ({ keyid: keyid ?? "", sig })) };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
