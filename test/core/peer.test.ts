import { describe, expect, it } from "vitest";
import { peer } from "../../src/core/peer.ts";

const absent: string = "modelwright-no-such-package";
const broken: string = new URL("./fixtures/broken-peer.ts", import.meta.url).href;

describe("peer", () => {
  it("answers the library that was handed in, without an import", async () => {
    const load = () => Promise.reject(new Error("must not be called"));
    expect(await peer("library", "given", load)).toBe("given");
  });

  it("imports the library when none was handed in", async () => {
    const zod = await peer("zod", undefined, () => import("zod"));
    expect(zod.z.string().parse("x")).toBe("x");
  });

  it("tells what to install when the package is not there", async () => {
    const failure = peer(absent, undefined, () => import(/* @vite-ignore */ absent));
    await expect(failure).rejects.toMatchObject({
      code: "MISSING_PEER",
      message: `${absent} is not installed; run: npm install ${absent}`,
      details: { peer: absent, install: `npm install ${absent}` },
      cause: expect.any(Error),
    });
  });

  it("tells a package that is there but fails to load from one that is not", async () => {
    const failure = peer("broken-peer", undefined, () => import(/* @vite-ignore */ broken));
    await expect(failure).rejects.toMatchObject({
      code: "MISSING_PEER",
      message: expect.stringMatching(/broken-peer is installed but could not be loaded \(the binary is for another platform\)/),
      cause: new Error("the binary is for another platform"),
    });
  });

  it("does not take a file that is missing inside a package for a missing package", async () => {
    const cause = Object.assign(
      new Error("Cannot find module './binding.node' imported from /app/node_modules/library/index.js"),
      {
        code: "ERR_MODULE_NOT_FOUND",
      },
    );
    await expect(peer("library", undefined, () => Promise.reject(cause))).rejects.toMatchObject({
      message: expect.stringContaining("installed but could not be loaded"),
      cause,
    });
  });
});
