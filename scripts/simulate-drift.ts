// Prints how often DriftDetector is wrong without drift and what it makes of an outlier, missing values and an unseen category:
// `node scripts/simulate-drift.ts [runs]`. test/soak/drift-false-alarms.soak.ts asserts the bounds.

import { parseArgs } from "node:util";
import * as z from "zod";
import { simulations } from "../test/soak/drift-simulations.ts";

const { positionals } = parseArgs({ allowPositionals: true });
const runs = z.coerce.number().int().min(10).default(1000).parse(positionals[0]);
for (const { title, lines } of simulations(runs)) {
  console.log(`\n${title}`);
  for (const { what, found, expected, holds } of lines) {
    console.log(`  ${what.padEnd(64)} ${found.padStart(10)}   ${expected.padEnd(14)} ${holds ? "yes" : "NO"}`);
  }
}
