import "../property-seed.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, type Digest, sha256 } from "../../src/core/digest.ts";
import { manifestBytes, manifestMismatch, manifestOf } from "../../src/registry/manifest.ts";
import { pythonSigned } from "./python-signed.ts";

const digest = (digit: string): Digest => `sha256:${digit.repeat(64)}`;
const file = (path: string, digit = "a") => ({ path, digest: digest(digit) });
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** A manifest with something else in it. */
async function changed(change: (manifest: Record<string, unknown>) => void): Promise<Uint8Array> {
  const manifest = JSON.parse(JSON.stringify(await manifestOf("fraud", [file("a"), file("b", "b")])));
  change(manifest);
  return bytesOf(manifest);
}

describe("manifestOf", () => {
  it("is the statement of model signing 1.0, with a digest of all digests", async () => {
    const raw = concatBytes([new Uint8Array(32).fill(0xbb), new Uint8Array(32).fill(0xaa)]);
    expect(await manifestOf("fraud", [file("b"), file("a", "b")])).toEqual({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "fraud", digest: { sha256: (await sha256(raw)).slice(7) } }],
      predicateType: "https://model_signing/signature/v1.0",
      predicate: {
        serialization: { method: "files", hash_type: "sha256", allow_symlinks: false, ignore_paths: [] },
        resources: [
          { name: "a", algorithm: "sha256", digest: "b".repeat(64) },
          { name: "b", algorithm: "sha256", digest: "a".repeat(64) },
        ],
      },
    });
  });

  it("orders paths and sums up their digests as Python does", async () => {
    const [{ bundle }] = pythonSigned.cases as [(typeof pythonSigned.cases)[number]];
    const python = JSON.parse(atob(bundle.dsseEnvelope.payload));
    const ours = await manifestOf("fraud", pythonSigned.files);
    expect(ours.predicate.resources).toEqual(python.predicate.resources);
    expect(ours.subject).toEqual(python.subject);
  });

  it("gives the same bytes for the same files in any order", async () => {
    const path = fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 });
    const paths = fc.uniqueArray(
      path.map((parts) => parts.join("/")),
      { minLength: 1, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(paths, fc.infiniteStream(fc.double()), async (names, chance) => {
        const files = names.map((name, i) => file(name, "0123456789"[i]));
        const shuffled = files.toSorted(() => chance.next().value - chance.next().value);
        const bytes = manifestBytes(await manifestOf("fraud", shuffled));
        expect(bytes).toEqual(manifestBytes(await manifestOf("fraud", files)));
        expect(await manifestMismatch(bytes, "fraud", shuffled)).toBeUndefined();
      }),
    );
  });

  it("refuses one path twice", async () => {
    await expect(manifestOf("fraud", [file("a"), file("b"), file("a", "b")])).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });
});

describe("manifestMismatch", () => {
  it.each([
    ["a file that is not signed", [file("a"), file("b", "b"), file("c")], /"c" is not signed/],
    ["a file that was taken away", [file("a")], /"b" was signed and is not there/],
    ["a file that was changed", [file("a"), file("b", "c")], /"b" is not the file that was signed/],
    ["two files that changed places", [file("a", "b"), file("b", "a")], /"a" is not the file .*; "b" is not the file/],
    ["a path that is a name of objects", [file("__proto__"), file("b", "b")], /"__proto__" is not signed; "a" was signed/],
    ["nothing at all", [], /"a" was signed and is not there; "b" was signed/],
  ])("names %s", async (_, files, reason) => {
    expect(await manifestMismatch(await changed(() => undefined), "fraud", files)).toMatch(reason);
  });

  it("counts the differences that it does not name", async () => {
    const files = Array.from({ length: 12 }, (_, i) => file(`f${i}`));
    expect(await manifestMismatch(await changed(() => undefined), "fraud", files)).toMatch(/"f2" is not signed; and 11 more$/);
  });

  it("takes a manifest for one model only, unless any is asked for", async () => {
    const bytes = await changed(() => undefined);
    const files = [file("a"), file("b", "b")];
    expect(await manifestMismatch(bytes, "spam", files)).toBe('what is signed is the model "fraud", not "spam"');
    expect(await manifestMismatch(bytes, undefined, files)).toBeUndefined();
  });

  it("passes over fields that version 1.0 does not know", async () => {
    const bytes = await changed((manifest) => {
      Object.assign(manifest, { other: 1 });
      Object.assign(manifest["predicate"] as object, { card: {} });
    });
    expect(await manifestMismatch(bytes, "fraud", [file("a"), file("b", "b")])).toBeUndefined();
  });

  it("does not leave out files that the manifest says it ignores", async () => {
    const bytes = await changed((manifest) => {
      (manifest["predicate"] as { serialization: object }).serialization = {
        method: "files",
        hash_type: "sha256",
        ignore_paths: ["evil"],
      };
    });
    expect(await manifestMismatch(bytes, "fraud", [file("a"), file("b", "b"), file("evil")])).toMatch(/"evil" is not signed/);
  });

  const resources = (list: unknown) => (manifest: Record<string, unknown>) => {
    (manifest["predicate"] as Record<string, unknown>)["resources"] = list;
  };
  it.each<[string, (manifest: Record<string, unknown>) => void, RegExp]>([
    ["another statement type", (m) => Object.assign(m, { _type: "https://in-toto.io/Statement/v0.1" }), /_type/],
    ["another predicate", (m) => Object.assign(m, { predicateType: "https://model_signing/Digests/v0.1" }), /predicateType/],
    ["no subject", (m) => Object.assign(m, { subject: [] }), /subject/],
    ["two subjects", (m) => Object.assign(m, { subject: [m["subject"], m["subject"]].flat() }), /subject/],
    ["shards", (m) => Object.assign(m["predicate"] as object, { serialization: { method: "shards" } }), /method/],
    [
      "another hash",
      (m) => Object.assign(m["predicate"] as object, { serialization: { method: "files", hash_type: "blake2" } }),
      /hash_type/,
    ],
    ["resources that are no list", resources({}), /resources/],
    ["a resource that is no object", resources([null]), /resources\[0\]/],
    ["a digest of another length", resources([{ name: "a", algorithm: "sha256", digest: "aa" }]), /digest/],
    ["a name that is no text", resources([{ name: { toString: 1 }, algorithm: "sha256", digest: "a".repeat(64) }]), /name/],
    ["too many resources", resources(Array.from({ length: 10_001 }, () => 0)), /resources/],
    [
      "one file twice",
      resources([1, 2].map(() => ({ name: "a", algorithm: "sha256", digest: "a".repeat(64) }))),
      /names a file twice/,
    ],
    ["a root digest of other files", resources([]), /contradicts itself/],
  ])("says what is wrong with %s", async (_, change, reason) => {
    expect(await manifestMismatch(await changed(change), "fraud", [file("a"), file("b", "b")])).toMatch(reason);
  });

  it.each([
    ["no JSON", new TextEncoder().encode("{")],
    ["no UTF-8", Uint8Array.of(0xff)],
    ["a byte order mark", new TextEncoder().encode('\ufeff{"_type":1}')],
    ["endless brackets", new TextEncoder().encode("[".repeat(1_000_000))],
    ["nothing", new Uint8Array()],
    ["null", bytesOf(null)],
  ])("says that bytes that hold %s are no manifest", async (_, bytes) => {
    expect(await manifestMismatch(bytes, "fraud", [])).toMatch(/^what is signed is no manifest of model signing 1\.0: /);
  });
});
