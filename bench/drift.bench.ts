import * as z from "zod";
import { randomNormal, seeded } from "../src/core/random.ts";
import { DriftDetector } from "../src/drift/index.ts";
import { hold } from "./goal.ts";
import { compare, record } from "./measure.ts";

const FEATURES = 50;
const CATEGORICAL = 10;
const ROWS = 4096;

const random = seeded(1);
const names = Array.from({ length: FEATURES }, (_, i) => `f${i}`);
const schema = z.object(Object.fromEntries(names.map((name, i) => [name, i < CATEGORICAL ? z.string() : z.number()])));
const rows = Array.from({ length: ROWS }, () =>
  Object.fromEntries(
    names.map((name, i) => [name, i < CATEGORICAL ? `c${Math.floor(20 * random.next())}` : randomNormal(random)]),
  ),
);
const columns = Object.fromEntries(
  names.map((name, i) => [
    name,
    i < CATEGORICAL ? rows.map((row) => row[name]) : Float64Array.from(rows, (row) => row[name] as number),
  ]),
);

const detector = new DriftDetector({ schema, validate: "never" });
detector.fit(rows);
const strict = new DriftDetector({ schema, reference: detector.reference });
const counter = detector.counter();

/** Counts in an object of maps and a search among ten edges: what one would write by hand. */
const edges = names.map((_, i) => (i < CATEGORICAL ? [] : [-1.28, -0.84, -0.52, -0.25, 0, 0.25, 0.52, 0.84, 1.28]));
const byHand = names.map(() => new Map<string | number, number>());
function countByHand(row: Record<string, unknown>): void {
  for (let i = 0; i < FEATURES; i++) {
    const value = row[names[i]!] as string | number;
    const bin = i < CATEGORICAL ? value : edges[i]!.findIndex((edge) => (value as number) <= edge);
    byHand[i]!.set(bin, (byHand[i]!.get(bin) ?? 0) + 1);
  }
}

let at = 0;
const next = () => rows[at++ % ROWS]!;
const results = [
  await compare(`observe a row of ${FEATURES} features | maps by hand`, {
    ours: () => detector.observe(next()),
    reference: () => countByHand(next()),
    callsPerRound: 4000,
  }),
  await compare(`the cells of a row alone | maps by hand`, {
    ours: () => counter.observe(next()),
    reference: () => countByHand(next()),
    callsPerRound: 4000,
  }),
  await compare(`observe a row with its schema | the schema alone`, {
    ours: () => strict.observe(next()),
    reference: () => schema.parse(next()),
    callsPerRound: 2000,
  }),
  await compare(`observeColumns of ${ROWS} rows | maps by hand, row by row`, {
    ours: () => detector.observeColumns(columns as never),
    reference: () => {
      for (const row of rows) countByHand(row);
    },
    unit: "ms",
    callsPerRound: 1,
  }),
  await compare(`check of ${FEATURES} features | JSON of its report`, {
    ours: () => detector.check(),
    reference: () => JSON.stringify(detector.check()),
    unit: "ms",
    callsPerRound: 2,
  }),
];
hold({ name: `a row of ${FEATURES} features`, measured: results[0]!.ours, unit: "us", at: "most", goal: 5, limit: 15 });
hold({ name: "a row of the columns", measured: (1000 * results[3]!.ours) / ROWS, unit: "us", at: "most", goal: 5, limit: 15 });
await record("drift", results);
