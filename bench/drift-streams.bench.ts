// An update of each stream detector against the sum of the same values, a thousand a call: microseconds a call are nanoseconds
// each. Plain Python's DDM and ADWIN are printed beside them where there is a python3.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { seeded } from "../src/core/random.ts";
import { Adwin, Cusum, Ddm, EDetector, Eddm, HddmA, HddmW, Kswin, PageHinkley } from "../src/drift/stream/index.ts";
import { hold } from "./goal.ts";
import { type Comparison, compare, record } from "./measure.ts";

const COUNT = 1000;
const random = seeded(42);
/** Errors of a rate that stays: no detector is spared work by beginning anew. Many calls, so that none is learnt by heart. */
const errors = Float64Array.from({ length: 64 * COUNT }, () => (random.next() < 0.1 ? 1 : 0));
let start = 0;
const next = () => {
  start = (start + COUNT) % errors.length;
  return start;
};

const ddm = new Ddm();
const eddm = new Eddm();
const hddmA = new HddmA();
const hddmW = new HddmW();
const pageHinkley = new PageHinkley();
const cusum = new Cusum();
const eDetector = new EDetector({ baseline: { errors: 1000, rows: 10_000 } });
const adwin = new Adwin();
const kswin = new Kswin();

// Each has its own function, so that one's update is compiled for one class.
const goals = [
  { name: "Ddm", isDrift: (value: number) => ddm.update(value).drift, goal: 50, limit: 150 },
  { name: "Eddm", isDrift: (value: number) => eddm.update(value).drift, goal: 50, limit: 150 },
  { name: "HddmA", isDrift: (value: number) => hddmA.update(value).drift, goal: 50, limit: 150 },
  { name: "HddmW", isDrift: (value: number) => hddmW.update(value).drift, goal: 50, limit: 150 },
  { name: "PageHinkley", isDrift: (value: number) => pageHinkley.update(value).drift, goal: 50, limit: 150 },
  { name: "Cusum", isDrift: (value: number) => cusum.update(value).drift, goal: 50, limit: 150 },
  { name: "EDetector", isDrift: (value: number) => eDetector.update(value).drift, goal: 50, limit: 150 },
  { name: "Adwin", isDrift: (value: number) => adwin.update(value).drift, goal: 1000, limit: 2000 },
  { name: "Kswin", isDrift: (value: number) => kswin.update(value).drift, goal: 10_000, limit: 30_000 },
] as const;

const comparisons: Comparison[] = [];
for (const { name, isDrift, goal, limit } of goals) {
  const comparison = await compare(`1000 × ${name}.update, against a sum`, {
    ours() {
      const from = next();
      let drifts = 0;
      for (let i = 0; i < COUNT; i++) if (isDrift(errors[from + i]!)) drifts += 1;
      return drifts;
    },
    reference() {
      const from = next();
      let sum = 0;
      for (let i = 0; i < COUNT; i++) sum += errors[from + i]!;
      return sum;
    },
    callsPerRound: name === "Kswin" ? 5 : 50,
  });
  hold({ name: `${name}.update`, measured: comparison.ours, unit: "ns", at: "most", goal, limit });
  comparisons.push(comparison);
}
await record("drift-streams", comparisons);

try {
  const script = new URL("python/drift_streams.py", import.meta.url).pathname;
  const { stdout } = await promisify(execFile)("python3", [script]);
  const python = JSON.parse(stdout) as { readonly ddm: number; readonly adwin: number };
  console.log(`  plain Python: DDM ${Math.round(python.ddm)} ns, ADWIN ${Math.round(python.adwin)} ns an update`);
} catch (error) {
  console.log(`  plain Python: not measured (${error instanceof Error ? error.message.split("\n")[0] : String(error)})`);
}
