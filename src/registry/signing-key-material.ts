import { fromBase64 } from "./signing-base64.ts";

/** What WebCrypto is to be told about the keys of a curve, by the name that it has there. */
export const curves = {
  Ed25519: curve({ name: "Ed25519" }, { name: "Ed25519" }, [0x06, 0x03, 0x2b, 0x65, 0x70]),
  "P-256": ecdsa("P-256", "SHA-256", 32, [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]),
  "P-384": ecdsa("P-384", "SHA-384", 48, [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22]),
  "P-521": ecdsa("P-521", "SHA-512", 66, [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23]),
} as const;

/** A curve that keys may be on. */
export type CurveName = keyof typeof curves;

interface Curve {
  readonly params: { readonly import: EcKeyImportParams | Algorithm; readonly sign: EcdsaParams | Algorithm };
  /** Bytes of each integer of a signature; undefined where a signature is not two integers. */
  readonly size: number | undefined;
  /** DER of the object identifier. @source RFC 8410, section 3; RFC 5480, section 2.1.1.1 */
  readonly oid: readonly number[];
}

/** A key as it was given. */
export type KeyMaterial =
  | { readonly form: "pkcs8" | "spki"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly form: "jwk"; readonly jwk: JsonWebKey }
  | { readonly form: "key"; readonly key: CryptoKey };

/** Longest PEM that is looked at; a key has a few hundred characters. */
const MAX_PEM = 16_384;

/** The object identifier of a key's curve is within its first bytes; what follows is the key itself. */
const ALGORITHM_BYTES = 40;

/**
 * Tells PEM, JSON Web Key and `CryptoKey` apart.
 *
 * @param refuse - makes the error; no part of the key is put into it
 */
export function materialOf(given: unknown, kind: "private" | "public", refuse: (message: string) => Error): KeyMaterial {
  if (typeof given === "string") return fromPem(given, kind, refuse);
  if (typeof given === "object" && given !== null) {
    if ("algorithm" in given && "type" in given) {
      const key = given as CryptoKey;
      const usage = kind === "private" ? "sign" : "verify";
      if (key.type !== kind || !key.usages.includes(usage)) throw refuse(`expected a ${kind} key that may ${usage}`);
      return { form: "key", key };
    }
    if ("kty" in given) {
      const jwk = given as JsonWebKey;
      if ((jwk.d === undefined) !== (kind === "public")) throw refuse(`expected a ${kind} key`);
      // Without what the key's maker meant it for, which WebCrypto would hold against us.
      const { kty, crv, x, y, d } = jwk;
      return {
        form: "jwk",
        jwk: Object.fromEntries(Object.entries({ kty, crv, x, y, d }).filter(([, value]) => value !== undefined)),
      };
    }
  }
  throw refuse("expected PEM, a JSON Web Key or a CryptoKey");
}

/** The curve that a key is on; undefined for other kinds of keys. */
export function curveOf(material: KeyMaterial): CurveName | undefined {
  const names = Object.keys(curves) as CurveName[];
  if (material.form === "jwk") return names.find((name) => name === material.jwk.crv);
  if (material.form === "key") {
    const { name, namedCurve } = material.key.algorithm as { name: string; namedCurve?: string };
    return names.find((each) => each === (namedCurve ?? name));
  }
  const head = material.bytes.subarray(0, ALGORITHM_BYTES);
  return names.find((name) => {
    const { oid }: Curve = curves[name];
    return head.some((_, at) => oid.every((byte, i) => head[at + i] === byte));
  });
}

function fromPem(pem: string, kind: "private" | "public", refuse: (message: string) => Error): KeyMaterial {
  const label = kind === "private" ? "PRIVATE KEY" : "PUBLIC KEY";
  const [, found, body] =
    (pem.length <= MAX_PEM && /-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----/.exec(pem)) || [];
  if (found !== label || body === undefined) {
    const hint = kind === "private" ? "; openssl pkcs8 -topk8 -nocrypt converts other forms" : "";
    throw refuse(`expected PEM that begins with -----BEGIN ${label}-----, but got ${found ?? "no PEM"}${hint}`);
  }
  const bytes = fromBase64(body.replaceAll(/\s/g, ""));
  if (bytes === undefined) throw refuse("expected base64 in the PEM");
  return { form: kind === "private" ? "pkcs8" : "spki", bytes };
}

function curve(imported: Curve["params"]["import"], sign: Curve["params"]["sign"], oid: Curve["oid"], size?: number): Curve {
  return { params: { import: imported, sign }, size, oid };
}

function ecdsa(namedCurve: string, hash: string, size: number, oid: Curve["oid"]): Curve {
  return curve({ name: "ECDSA", namedCurve }, { name: "ECDSA", hash }, oid, size);
}
