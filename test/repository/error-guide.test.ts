import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");

describe("the guide to errors", () => {
  it("has a row for each code, in the order of the source", async () => {
    const codes = [...(await read("src/core/errors.ts")).matchAll(/^ {2}([A-Z][A-Z_]+): \{/gm)].map(([, code]) => code);
    const rows = [...(await read("docs/guides/errors.md")).matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(20);
    expect(rows).toEqual(codes);
  });
});
