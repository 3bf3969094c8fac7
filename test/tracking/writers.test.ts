import { join } from "node:path";
import { expect, it } from "vitest";
import { logTogether } from "../soak/log-together.ts";
import { temporaryFolder } from "../soak/temporary-folder.ts";
import { expectNothingLost } from "../soak/tracking-invariants.ts";

it("loses nothing of 4 processes that log to one run at once, and writes nothing of a batch twice or in part", {
  timeout: 60_000,
}, async () => {
  expect.hasAssertions();
  using folder = temporaryFolder();
  expectNothingLost(await logTogether(join(folder.path, "runs.db"), 4, 4), 4, 4);
});
