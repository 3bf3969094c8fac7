import { fileURLToPath } from "node:url";
import fc from "fast-check";

// The same cases in every run, so that a failure is the change's and not the day's. Explore with: PROPERTY_SEED=1 PROPERTY_RUNS=2000 npm test
const { PROPERTY_SEED: seed = "20260101", PROPERTY_RUNS: runs } = process.env;
fc.configureGlobal({ seed: Number(seed), ...(runs !== undefined && { numRuns: Number(runs) }) });

// Processes and threads that tests start share what they have compiled of the sources: that halves their start.
process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(new URL("../node_modules/.cache/modelwright-tests", import.meta.url));
