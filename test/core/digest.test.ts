import { webcrypto } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as node from "../../src/core/digest.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { loadCopy } from "./load-copy.ts";

type DigestModule = typeof node;

/** The module as a browser runs it: no `process`, but WebCrypto. */
const browser = loadCopy<DigestModule>("digest.ts", { crypto: webcrypto });
const platforms: readonly (readonly [string, DigestModule])[] = [
  ["Node", node],
  ["a browser", browser],
];

const text = (value: string) => new TextEncoder().encode(value);
const empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Bytes and a way to cut them. */
const chunked = fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(300), { maxLength: 6 })).map(([bytes, cuts]) => {
  const ends = [...cuts.map((cut) => Math.min(cut, bytes.length)), 0, bytes.length].sort((a, b) => a - b);
  return { bytes, parts: ends.slice(1).map((end, i) => bytes.subarray(ends[i], end)) };
});

describe.each(platforms)("sha256 on %s", (_, { sha256, sha256Hasher }) => {
  // NIST FIPS 180-4 example values and the vectors of the Secure Hash Algorithm Validation System.
  it.each([
    ["", empty],
    ["abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ],
    [
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "sha256:cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
    ],
  ])("of %j is the published one", async (message, digest) => {
    expect(await sha256(text(message))).toBe(digest);
  });

  it("of a million times a is the published one, in one piece and streamed", async () => {
    const digest = "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    expect(await sha256(text("a".repeat(1_000_000)))).toBe(digest);
    const hasher = sha256Hasher();
    for (let i = 0; i < 1000; i++) hasher.update(text("a".repeat(1000)));
    expect(await hasher.digest()).toBe(digest);
  });

  it("of nothing streamed is that of no bytes", async () => {
    expect(await sha256Hasher().digest()).toBe(empty);
  });

  it("does not depend on how the bytes are cut", async () => {
    await fc.assert(
      fc.asyncProperty(chunked, async ({ bytes, parts }) => {
        const hasher = sha256Hasher();
        for (const part of parts) hasher.update(part);
        expect(await hasher.digest()).toBe(await sha256(bytes));
      }),
    );
  });

  it.each([
    ["Uint8Array", (bytes: Uint8Array) => Uint8Array.from(bytes)],
    ["Buffer", (bytes: Uint8Array) => Buffer.from(bytes)],
  ])("lets the caller reuse a %s after update", async (_name, make) => {
    const hasher = sha256Hasher();
    const bytes = make(text("abc"));
    hasher.update(bytes);
    bytes.fill(0);
    expect(await hasher.digest()).toBe(await sha256(text("abc")));
  });

  it("hashes the bytes of a view only", async () => {
    expect(await sha256(text("xxabcxx").subarray(2, 5))).toBe(await sha256(text("abc")));
  });
});

describe("sha256", () => {
  it("is the same on every platform", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        expect(await browser.sha256(bytes)).toBe(await node.sha256(bytes));
      }),
    );
  });

  it("says what to do where the browser hides WebCrypto", async () => {
    const insecure = loadCopy<DigestModule>("digest.ts", { crypto: {} });
    const error = await insecure.sha256(text("abc")).catch((reason: unknown) => reason);
    expect(ModelwrightError.is(error, "UNSUPPORTED") && error.message).toContain("https");
  });
});

describe("parseDigest", () => {
  it("answers a digest as it is", () => {
    expect(node.parseDigest(empty)).toBe(empty);
    expect(node.isDigest(empty)).toBe(true);
  });

  it.each([
    "",
    "sha256:",
    empty.slice(0, -1),
    `${empty}0`,
    `${empty}\n`,
    `\n${empty}`,
    ` ${empty}`,
    empty.toUpperCase(),
    empty.replace("e3", "E3"),
    empty.replace("sha256:", "sha512:"),
    empty.replace("sha256:", "sha256/"),
    empty.replace("e3b0", "../."),
    empty.replace("e3b0", "e3b\u0000"),
    empty.replace("e3b0", "e3b\u0660"),
    "__proto__",
  ])("refuses %j", (hostile) => {
    expect(node.isDigest(hostile)).toBe(false);
    expect(() => node.parseDigest(hostile)).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
  });

  it("refuses a very long text with a short message", () => {
    expect(() => node.parseDigest("x".repeat(1_000_000))).toThrow(/^.{1,200}$/);
  });

  it("refuses what only turns into a digest as text", () => {
    expect(node.isDigest([empty] as never)).toBe(false);
    expect(node.isDigest({ toString: () => empty } as never)).toBe(false);
  });
});

describe("concatBytes", () => {
  it("joins the parts in order into bytes of its own", () => {
    fc.assert(
      fc.property(chunked, ({ bytes, parts }) => {
        const joined = node.concatBytes(parts);
        expect(joined).toEqual(bytes);
        expect(joined.buffer).not.toBe(bytes.buffer);
        expect(joined.buffer.byteLength).toBe(bytes.length);
      }),
    );
  });
});
