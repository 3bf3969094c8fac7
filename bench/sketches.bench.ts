// What a value costs each sketch, in blocks of 100 000 values, next to the cheapest thing that one would do with it: the fixed histogram
// of the core, for which all but HyperLogLog and TopK stand in, or a set or map that grows with the values.
import { Histogram } from "../src/core/histogram.ts";
import { randomNormal, seeded } from "../src/core/random.ts";
import { BinCounts, HyperLogLog, KllSketch, LogHistogram, Moments, TopK } from "../src/stats/index.ts";
import { hold } from "./goal.ts";
import { type Comparison, compare, record } from "./measure.ts";

const VALUES = 100_000;

const random = seeded(42);
const positive = Float64Array.from({ length: VALUES }, () => Math.exp(randomNormal(random)));
const signed = Float64Array.from(positive, (value) => value - 1.5);
const names = Array.from({ length: VALUES }, () => `category ${Math.floor(5000 * random.next() ** 3)}`);

const intoHistogram = () => {
  const histogram = new Histogram();
  for (let i = 0; i < VALUES; i++) histogram.record(positive[i]!);
  return histogram;
};

const comparisons: Comparison[] = [];

async function measure(name: string, ours: () => unknown, reference: () => unknown): Promise<number> {
  const found = await compare(name, { ours, reference, rounds: 15 });
  comparisons.push(found);
  return (found.ours * 1000) / VALUES;
}

const log = await measure(
  "LogHistogram, values one by one",
  () => {
    const sketch = new LogHistogram();
    for (let i = 0; i < VALUES; i++) sketch.add(positive[i]!);
    return sketch;
  },
  intoHistogram,
);
hold({ name: "LogHistogram takes a value in", measured: log, unit: "ns", at: "most", goal: 40, limit: 60 });

const bins = BinCounts.learn(signed.subarray(0, 10_000), { bins: 20 }).toJSON();
await measure("LogHistogram, values of both signs", () => new LogHistogram().addAll(signed), intoHistogram);
await measure("Moments", () => new Moments().addAll(signed), intoHistogram);
await measure("BinCounts, 20 bins, a typed array", () => BinCounts.fromJSON(bins).addAll(signed), intoHistogram);
await measure("KllSketch", () => new KllSketch({ seed: 1 }).addAll(signed), intoHistogram);
await measure(
  "HyperLogLog, numbers, against a Set",
  () => new HyperLogLog().addAll(signed),
  () => new Set(signed),
);
await measure(
  "HyperLogLog, texts, against a Set",
  () => new HyperLogLog().addAll(names),
  () => new Set(names),
);
await measure(
  "TopK, texts, against a Map",
  () => new TopK().addAll(names),
  () => {
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts;
  },
);
await record("sketches", comparisons);
