import "../property-seed.ts";
import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ModelwrightError } from "../../src/core/errors.ts";
import { preAuthEncoding } from "../../src/registry/dsse.ts";
import type { SignedEnvelope, VersionFile } from "../../src/registry/port.ts";
import { manifestSigner, signManifest, trusting, verifyManifest } from "../../src/registry/signing.ts";
import { fromBase64, toBase64 } from "../../src/registry/signing-base64.ts";
import { readSigstoreBundle, sigstoreBundle } from "../../src/registry/signing-bundle.ts";
import { fromDer, toDer } from "../../src/registry/signing-der.ts";
import { ecdsaSigner, ed25519Signer, trustedKeys } from "../../src/registry/signing-keys.ts";
import { type Curve, keysOf, pythonSigned, signedForPython } from "./python-signed.ts";

const curves: readonly Curve[] = ["P-256", "P-384", "P-521", "Ed25519"];
const files: readonly VersionFile[] = pythonSigned.files;
const signerOf = (curve: Curve, keyId?: string) =>
  (curve === "Ed25519" ? ed25519Signer : ecdsaSigner)({ privateKey: keysOf(curve).privateKey, keyId });
const trustIn = (...names: readonly Curve[]) => trustedKeys(names.map((curve) => ({ publicKey: keysOf(curve).publicKey })));

async function reasonOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (ModelwrightError.is(error, "MODEL_SIGNATURE_INVALID")) return error.details.reason;
  throw new Error("it was not refused for its signature", { cause: error });
}

describe("signing with what Python's cryptography and model signing 1.0 write", () => {
  it.each(curves)("verifies what Python has signed with %s", async (curve) => {
    const envelope = readSigstoreBundle(JSON.stringify(keysOf(curve).bundle));
    await (await trustIn(curve)).verify("fraud", files, envelope);
    expect(await reasonOf((await trustIn(curve)).verify("fraud", files.slice(1), envelope))).toMatch(
      /was signed and is not there/,
    );
  });

  it.each(curves)("still writes the manifest that Python has verified with %s", async (curve) => {
    const { bundle } = signedForPython().cases.find((each) => each.curve === curve)!;
    await (await trustIn(curve)).verify("fraud", files, readSigstoreBundle(bundle));
    const ours = sigstoreBundle(await (await signerOf(curve)).attest("fraud", files));
    expect(ours.dsseEnvelope.payload).toBe(bundle.dsseEnvelope.payload);
    expect(ours.verificationMaterial).toEqual(bundle.verificationMaterial);
    // Of these, Ed25519 alone gives the same signature each time.
    if (curve === "Ed25519") expect(ours).toEqual(bundle);
  });

  it.each(curves)("names a key on %s as model signing does", async (curve) => {
    expect((await signerOf(curve)).keyId).toBe(keysOf(curve).hint);
  });

  it("gives a bundle a hint only where the key's id is its digest", async () => {
    const envelope = await (await signerOf("P-256", "release key")).attest("fraud", files);
    expect(sigstoreBundle(envelope).verificationMaterial.publicKey).toEqual({});
    expect(readSigstoreBundle(sigstoreBundle(envelope))).toEqual(envelope);
  });
});

describe("the envelope", () => {
  it("binds type and payload as the example of DSSE does", () => {
    const bytes = preAuthEncoding("http://example.com/HelloWorld", new TextEncoder().encode("hello world"));
    expect(new TextDecoder().decode(bytes)).toBe("DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  });

  it("counts bytes, not characters", () => {
    expect(new TextDecoder().decode(preAuthEncoding("é", new TextEncoder().encode("😀")))).toBe("DSSEv1 2 é 4 😀");
  });

  it("carries payloads of other types for other parts of the registry", async () => {
    const signer = await signerOf("Ed25519");
    const trust = await trustIn("Ed25519");
    const envelope = await signer.sign("text/plain", new TextEncoder().encode("hello"));
    expect(new TextDecoder().decode(await trust.open("text/plain", envelope, "a greeting"))).toBe("hello");
    expect(await reasonOf(trust.open("text/html", envelope, "a greeting"))).toBe(
      'the envelope holds "text/plain", not text/html',
    );
    await expect(trust.open("text/plain", null, "a greeting")).rejects.toThrow(
      "The signature of a greeting does not hold: it is not signed",
    );
  });
});

describe("verifyManifest", () => {
  const signed = async () => (await signerOf("P-256")).attest("fraud", files);

  it("accepts what any trusted key has signed, in whatever order the files come", async () => {
    const trust = await trustIn(...curves);
    for (const curve of curves) {
      const envelope = await (await signerOf(curve)).attest("fraud", files);
      await expect(trust.verify("fraud", files.toReversed(), envelope)).resolves.toBeUndefined();
    }
  });

  it("works with every form that a key may have", async () => {
    const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const [privateJwk, publicJwk] = [pair.privateKey, pair.publicKey].map((key) => key.export({ format: "jwk" }) as JsonWebKey);
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const usable = { ...privateJwk!, alg: "ES256", use: "sig", key_ops: ["deriveBits"] };
    const signers = [
      { privateKey: pair.privateKey.export({ type: "pkcs8", format: "pem" }) as string },
      { privateKey: usable },
      { privateKey: await crypto.subtle.importKey("jwk", privateJwk!, algorithm, true, ["sign"]) },
      { privateKey: await crypto.subtle.importKey("jwk", privateJwk!, algorithm, false, ["sign"]), keyId: "hsm" },
    ];
    const trusted = [
      { publicKey: pair.publicKey.export({ type: "spki", format: "pem" }) as string },
      { publicKey: publicJwk! },
      { publicKey: await crypto.subtle.importKey("jwk", publicJwk!, algorithm, true, ["verify"]) },
      { publicKey: await crypto.subtle.importKey("jwk", publicJwk!, algorithm, false, ["verify"]), keyId: "hsm" },
    ];
    for (const options of signers) {
      const envelope = await (await ecdsaSigner(options)).attest("fraud", files);
      for (const key of trusted) {
        await expect((await trustedKeys([key])).verify("fraud", files, envelope)).resolves.toBeUndefined();
      }
    }
  });

  it("takes a key id for a hint and nothing more", async () => {
    const envelope = await signed();
    const named = (keyid: string): SignedEnvelope => ({ ...envelope, signatures: [{ ...envelope.signatures[0]!, keyid }] });
    const trust = await trustIn("P-256", "Ed25519");
    await trust.verify("fraud", files, named(""));
    await trust.verify("fraud", files, named("somebody"));
    expect(await reasonOf(trust.verify("fraud", files, named(keysOf("Ed25519").hint)))).toMatch(
      /names the trusted key .* is not that key's/,
    );
    const other = await trustIn("P-384");
    expect(await reasonOf(other.verify("fraud", files, named("")))).toBe("no trusted key has signed it");
    expect(await reasonOf(other.verify("fraud", files, named("somebody")))).toBe(
      'no trusted key has signed it; it names the key "somebody"',
    );
  });

  it("finds the one good signature among others", async () => {
    const envelope = await signed();
    const signatures = [{ keyid: "", sig: "AAAA" }, { keyid: "x", sig: "!" }, ...envelope.signatures];
    const trust = await trustIn("P-256");
    await expect(trust.verify("fraud", files, { ...envelope, signatures })).resolves.toBeUndefined();
  });

  it("does not take the signed files of one model for another, unless told to", async () => {
    const envelope = await signed();
    expect(await reasonOf((await trustIn("P-256")).verify("spam", files, envelope))).toMatch(/is the model "fraud", not "spam"/);
    await (await trustedKeys([{ publicKey: keysOf("P-256").publicKey }], { subject: "any" })).verify("spam", files, envelope);
  });

  it("notices any bit that is turned over", async () => {
    const envelope = await signed();
    const trust = await trustIn("P-256");
    const payload = fromBase64(envelope.payload)!;
    const signature = fromBase64(envelope.signatures[0]!.sig)!;
    await fc.assert(
      fc.asyncProperty(fc.nat(8 * (payload.length + signature.length) - 1), async (bit) => {
        const bytes = new Uint8Array([...payload, ...signature]);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        const forged: SignedEnvelope = {
          ...envelope,
          payload: toBase64(bytes.subarray(0, payload.length)),
          signatures: [{ keyid: "", sig: toBase64(bytes.subarray(payload.length)) }],
        };
        expect(await reasonOf(trust.verify("fraud", files, forged))).toBe("no trusted key has signed it");
      }),
    );
  });

  const good: SignedEnvelope = {
    payloadType: "application/vnd.in-toto+json",
    payload: "e30=",
    signatures: [{ keyid: "", sig: "AA==" }],
  };
  it.each<[string, unknown, RegExp]>([
    ["nothing", null, /^it is not signed$/],
    ["undefined", undefined, /^it is not signed$/],
    ["text", "envelope", /malformed/],
    ["a list", [], /malformed/],
    ["an empty object", {}, /malformed: payloadType/],
    ["no signatures", { ...good, signatures: [] }, /malformed: signatures/],
    ["signatures that are no list", { ...good, signatures: { length: 1, 0: {} } }, /malformed: signatures/],
    ["a signature that is null", { ...good, signatures: [null] }, /malformed: signatures\[0\]/],
    [
      "too many signatures",
      { ...good, signatures: Array.from({ length: 17 }, () => good.signatures[0]) },
      /malformed: signatures/,
    ],
    ["a million signatures", { ...good, signatures: Array.from({ length: 1e6 }, () => null) }, /malformed: signatures/],
    ["a payload that is a number", { ...good, payload: 1 }, /malformed: payload/],
    ["a huge payload", { ...good, payload: "A".repeat(4_194_305) }, /malformed: payload/],
    ["a huge signature", { ...good, signatures: [{ keyid: "", sig: "A".repeat(2_049) }] }, /malformed: signatures\[0\].sig/],
    ["a huge key id", { ...good, signatures: [{ keyid: "k".repeat(1_025), sig: "AA==" }] }, /malformed: signatures\[0\].keyid/],
    ["a payload that is no base64", { ...good, payload: "e3\n0=" }, /not base64/],
    ["a payload of an impossible length", { ...good, payload: "e30=A" }, /not base64/],
    ["another type", { ...good, payloadType: "text/html" }, /holds "text\/html", not application/],
    ["a type as long as a book", { ...good, payloadType: "t".repeat(2000) }, /malformed: payloadType/],
    ["a signature of no key", good, /no trusted key has signed it/],
    ["a signature that is no base64", { ...good, signatures: [{ keyid: "", sig: "=" }] }, /no trusted key has signed it/],
    ["signatures in the prototype", Object.create(good), /malformed|no trusted key/],
  ])("refuses %s", async (_, envelope, reason) => {
    const trust = await trustIn(...curves);
    expect(await reasonOf(trust.verify("fraud", files, envelope as SignedEnvelope))).toMatch(reason);
  });

  it("does not trust a signed payload that is no manifest", async () => {
    const signer = await signerOf("P-256");
    const trust = await trustIn("P-256");
    const envelope = await signer.sign("application/vnd.in-toto+json", new TextEncoder().encode('{"__proto__":{"_type":1}}'));
    expect(await reasonOf(trust.verify("fraud", files, envelope))).toMatch(/no manifest of model signing 1\.0/);
  });

  it("tells errors of a key kept elsewhere as they are", async () => {
    const failing = { keyId: "kms", verify: () => Promise.reject(new Error("the service is down")) };
    await expect(trusting([failing]).verify("fraud", files, await signed())).rejects.toThrow("the service is down");
  });

  it("is small enough to be called by itself, with a key of any kind", async () => {
    const sum = async (bytes: Uint8Array) => Uint8Array.of(bytes.reduce((total, byte) => (total + byte) % 256, 0));
    const signer = manifestSigner({ keyId: "sum", sign: sum });
    const trust = trusting([{ keyId: "sum", verify: async (bytes, signature) => (await sum(bytes))[0] === signature[0] }]);
    const envelope = await signManifest("fraud", files, signer);
    await verifyManifest("fraud", files, envelope, trust);
    expect(envelope).toEqual(await signer.attest("fraud", files));
  });
});

describe("keys that cannot be used", () => {
  const pem = (type: "rsa" | "ed448") =>
    (type === "rsa" ? generateKeyPairSync("rsa", { modulusLength: 2048 }) : generateKeyPairSync("ed448")).privateKey.export({
      type: "pkcs8",
      format: "pem",
    }) as string;
  const sec1 = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "sec1", format: "pem" }) as string;

  it.each<[string, unknown, RegExp]>([
    ["no key", undefined, /expected PEM, a JSON Web Key or a CryptoKey/],
    ["text that is no PEM", "secret", /got no PEM/],
    ["a public key", keysOf("P-256").publicKey, /got PUBLIC KEY/],
    ["PEM of OpenSSL's older form", sec1, /got EC PRIVATE KEY; openssl pkcs8 -topk8/],
    ["a key of RSA", pem("rsa"), /another kind of key/],
    ["a key on another curve", pem("ed448"), /another kind of key/],
    ["a key for the other signer", keysOf("Ed25519").privateKey, /expected a key on P-256, P-384, P-521, but got Ed25519/],
    ["PEM that is cut", keysOf("P-256").privateKey.replace(/.{20}\n-----END/, "\n-----END"), /base64|refused it/],
    ["PEM that is huge", `-----BEGIN PRIVATE KEY-----${"A".repeat(100_000)}-----END PRIVATE KEY-----`, /got no PEM/],
    ["a public JSON Web Key", { kty: "EC", crv: "P-256", x: "AA", y: "AA" }, /expected a private key/],
    ["a damaged JSON Web Key", { kty: "EC", crv: "P-256", x: "AA", y: "AA", d: "AA" }, /refused it/],
    ["a secret of another kind", { kty: "oct", k: "AA", d: "AA" }, /another kind of key/],
  ])("are refused before anything is signed: %s", async (_, privateKey, message) => {
    const error = await ecdsaSigner({ privateKey: privateKey as string }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    expect((error as Error).message).toMatch(message);
  });

  it("never put a key into a message", async () => {
    const { privateKey } = keysOf("P-256");
    const error = await ed25519Signer({ privateKey }).catch((reason: unknown) => reason);
    for (const line of privateKey.split("\n").filter((each) => /^[A-Za-z0-9+/=]+$/.test(each))) {
      expect(JSON.stringify(error)).not.toContain(line.slice(0, 16));
    }
  });

  it("are refused where they are to be trusted, with their place in the list", async () => {
    const good = { publicKey: keysOf("P-256").publicKey };
    await expect(trustedKeys([good, { publicKey: keysOf("P-256").privateKey }])).rejects.toThrow(
      /\[1\]\.publicKey: .* got PRIVATE KEY/,
    );
    await expect(trustedKeys([])).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("need an id when they cannot be exported, and must be for the right use", async () => {
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const pair = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
    await expect(ecdsaSigner({ privateKey: pair.privateKey })).rejects.toThrow(/expected a keyId/);
    await expect(ecdsaSigner({ privateKey: pair.publicKey })).rejects.toThrow(/expected a private key that may sign/);
    await expect(trustedKeys([{ publicKey: pair.privateKey }])).rejects.toThrow(/expected a public key that may verify/);
  });

  describe("on a platform that lacks something", () => {
    afterEach(() => vi.unstubAllGlobals());

    it("say so where the browser has no Ed25519", async () => {
      const subtle = { importKey: () => Promise.reject(new DOMException("Algorithm: Unrecognized name", "NotSupportedError")) };
      vi.stubGlobal("crypto", { subtle });
      await expect(signerOf("Ed25519")).rejects.toMatchObject({ code: "UNSUPPORTED", details: { feature: "Ed25519" } });
    });

    it("say so where the page is not secure", async () => {
      vi.stubGlobal("crypto", {});
      await expect(trustIn("P-256")).rejects.toMatchObject({ code: "UNSUPPORTED", details: { feature: "WebCrypto" } });
    });
  });
});

describe("a bundle", () => {
  it("has exactly one signature", async () => {
    const envelope = await (await signerOf("P-256")).attest("fraud", files);
    const twice = { ...envelope, signatures: [...envelope.signatures, ...envelope.signatures] };
    expect(() => sigstoreBundle(twice)).toThrow(/exactly one signature, but the envelope has 2/);
  });

  it.each([
    ["no JSON", "{"],
    ["another version", { ...keysOf("P-256").bundle, mediaType: "v0.2" }],
    ["no envelope", { mediaType: "x" }],
    ["nothing", null],
  ])("is refused when it is %s", (_, bundle) => {
    expect(() => readSigstoreBundle(bundle)).toThrow(/it is no sigstore bundle/);
  });
});

describe("DER", () => {
  const size = fc.constantFrom(32, 48, 66);
  const raw = size.chain((bytes) => fc.uint8Array({ minLength: 2 * bytes, maxLength: 2 * bytes }));

  it("gives back every pair of integers", () => {
    fc.assert(fc.property(raw, (bytes) => void expect(fromDer(toDer(bytes), bytes.length / 2)).toEqual(bytes)));
  });

  it.each(["P-256", "P-384", "P-521"] as const)("is read as Python wrote it for %s", (curve) => {
    const der = fromBase64(keysOf(curve).bundle.dsseEnvelope.signatures[0]!.sig)!;
    const parsed = fromDer(der, { "P-256": 32, "P-384": 48, "P-521": 66 }[curve])!;
    expect(toDer(parsed)).toEqual(der);
  });

  it("has one form for each pair: any bytes that are read are written the same way", () => {
    const edits = fc.tuple(raw, fc.nat(8), fc.nat(255));
    fc.assert(
      fc.property(edits, ([bytes, at, value]) => {
        const der = toDer(bytes);
        der[at] = value;
        const read = fromDer(der, bytes.length / 2);
        if (read !== undefined) expect(toDer(read)).toEqual(der);
      }),
    );
  });

  it.each([
    ["nothing", []],
    ["no sequence", [0x31, 6, 2, 1, 1, 2, 1, 1]],
    ["a length that is too great", [0x30, 7, 2, 1, 1, 2, 1, 1]],
    ["a length that is too small", [0x30, 5, 2, 1, 1, 2, 1, 1]],
    ["something behind it", [0x30, 6, 2, 1, 1, 2, 1, 1, 0]],
    ["three integers", [0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1]],
    ["one integer", [0x30, 3, 2, 1, 1]],
    ["a negative integer", [0x30, 6, 2, 1, 0x80, 2, 1, 1]],
    ["an integer with a zero too many", [0x30, 7, 2, 2, 0, 1, 2, 1, 1]],
    ["an integer without digits", [0x30, 5, 2, 0, 2, 1, 1]],
    ["a long length for a short one", [0x30, 0x81, 6, 2, 1, 1, 2, 1, 1]],
    ["an integer that is too long", [0x30, 38, 2, 33, 1, ...new Uint8Array(32), 2, 1, 1]],
  ])("is refused when it is %s", (_, bytes) => {
    expect(fromDer(Uint8Array.from(bytes), 32)).toBeUndefined();
  });
});

describe("base64", () => {
  it("gives back any bytes, also of megabytes, in both alphabets, padded or not", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = toBase64(bytes);
        const safe = text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
        expect(fromBase64(text)).toEqual(bytes);
        expect(fromBase64(safe)).toEqual(bytes);
      }),
    );
    const large = new Uint8Array(1_000_000).fill(7);
    expect(fromBase64(toBase64(large))).toEqual(large);
  });
});
