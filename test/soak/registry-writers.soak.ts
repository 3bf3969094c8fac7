import { expect, it } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";
import { writeTogether } from "./write-together.ts";

const versions = Number(process.env["SOAK_WRITERS_VERSIONS"] ?? 100);

it(`8 processes that register ${versions} versions each get every number once`, async () => {
  using folder = temporaryFolder();
  const startedAt = performance.now();
  const { answered, stored } = await writeTogether(folder.path, 8, versions);
  console.log(`${stored.length} versions in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  const expected = Array.from({ length: 8 * versions }, (_, i) => i + 1);
  expect(answered.flat().sort((a, b) => a - b)).toEqual(expected);
  expect(stored).toEqual(expected.reverse());
});
