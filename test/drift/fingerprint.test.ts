import { expect, it } from "vitest";
import { fnv1a64 } from "../../src/drift/profile/fingerprint.ts";

it("equals the published FNV-1a hashes (RFC 9923, appendix)", () => {
  expect(["", "a", "foobar"].map(fnv1a64)).toEqual(["cbf29ce484222325", "af63dc4c8601ec8c", "85944171f73967e8"]);
});
