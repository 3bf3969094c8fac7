import { describe, expect, it } from "vitest";
import { killWhileRegistering } from "../soak/kill-while-registering.ts";
import { temporaryFolder } from "../soak/temporary-folder.ts";
import { writeTogether } from "../soak/write-together.ts";

// The same proofs at full length are in test/soak.
describe("a registry of SQLite and files", () => {
  it("has no version half registered or lost after kills", async () => {
    using folder = temporaryFolder();
    const report = await killWhileRegistering(folder.path, 3);
    expect(report.kills).toBe(3);
  }, 120_000);

  it("gives every number once to 4 processes that register at once", async () => {
    using folder = temporaryFolder();
    const { answered, stored } = await writeTogether(folder.path, 4, 5);
    expect(answered.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(stored).toEqual(Array.from({ length: 20 }, (_, i) => 20 - i));
  }, 120_000);
});
