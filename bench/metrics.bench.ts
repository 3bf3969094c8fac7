// Counter.inc and Histogram.record against the increment of a plain array, a thousand a call: microseconds a call are
// nanoseconds each. The goal is 30 ns a record.
import { Histogram } from "../src/core/histogram.ts";
import { Metrics } from "../src/core/metrics.ts";
import { randomNormal, seeded } from "../src/core/random.ts";
import { type Comparison, compare, record } from "./measure.ts";

const COUNT = 1000;

const random = seeded(42);
/** Latencies in seconds, log-normal around 10 ms: no two in the same bucket by habit, as branch predictors would learn. */
const seconds = Float64Array.from({ length: COUNT }, () => 0.01 * Math.exp(randomNormal(random)));
const cells = new Float64Array(64);
const histogram = new Histogram();
const counter = new Metrics().counter({ name: "calls_total", help: "Calls." }).with({});
const calls = new Metrics().counter({ name: "calls_total", help: "Calls.", labels: { target: ["edge", "cloud"] } });

const reference = () => {
  for (let i = 0; i < COUNT; i++) cells[i & 63]! += seconds[i]!;
  return cells[0];
};

const comparisons: Comparison[] = [
  await compare("1000 × Histogram.record, against array increments", {
    ours() {
      for (let i = 0; i < COUNT; i++) histogram.record(seconds[i]!);
    },
    reference,
  }),
  await compare("1000 × Counter.inc, against array increments", {
    ours() {
      for (let i = 0; i < COUNT; i++) counter.inc();
    },
    reference,
  }),
  await compare("1000 × with(labels).inc, against array increments", {
    ours() {
      for (let i = 0; i < COUNT; i++) calls.with({ target: "edge" }).inc();
    },
    reference,
    callsPerRound: 50,
  }),
];
await record("metrics", comparisons);
