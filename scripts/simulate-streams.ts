/**
 * Prints how often each stream detector is wrong and how soon it is right, for three rises of an error rate.
 *
 *     node scripts/simulate-streams.ts [runs]
 *
 * Each cell: false alarms per 5000 errors before the change / median delay / share of changes missed within 5000.
 */
import { type Random, seeded } from "../src/core/random.ts";
import {
  Adwin,
  Cusum,
  Ddm,
  EDetector,
  Eddm,
  HddmA,
  HddmW,
  Kswin,
  PageHinkley,
  type StreamDetector,
  simulateStream,
} from "../src/drift/stream/index.ts";

const runs = Number(process.argv[2] ?? 40);
const falseAlarmEvery = 50_000;
const baselineRows = 1000;

/** Makes a detector for streams of a rate that is known to the few that need one. */
const rows: readonly [name: string, make: (rate: number, random: Random) => StreamDetector][] = [
  ["DDM, compat", () => new Ddm({ compat: true })],
  ["DDM", () => new Ddm()],
  ["EDDM, compat", () => new Eddm({ compat: true })],
  ["EDDM", () => new Eddm()],
  ["HDDM_A", () => new HddmA()],
  ["HDDM_W", () => new HddmW()],
  ["ADWIN", () => new Adwin()],
  ["Page-Hinkley, up", () => new PageHinkley({ mode: "up" })],
  ["KSWIN", () => new Kswin()],
  ["CUSUM, up", () => new Cusum({ mode: "up" })],
  ["e-detector, rate known", (rate) => new EDetector({ upperMean: rate, falseAlarmEvery })],
  [
    `e-detector, ${baselineRows} rows known`,
    (rate, random) => {
      let errors = 0;
      for (let row = 0; row < baselineRows; row++) if (random.next() < rate) errors += 1;
      return new EDetector({ baseline: { errors, rows: baselineRows }, falseAlarmEvery });
    },
  ],
];

const changes = [
  [0.01, 0.03],
  [0.05, 0.1],
  [0.2, 0.3],
] as const;

console.log(`| detector | ${changes.map(([before, after]) => `${before} -> ${after}`).join(" | ")} |`);
console.log(`|---|${changes.map(() => "---|").join("")}`);
for (const [name, make] of rows) {
  const cells = changes.map(([before, after]) => {
    const random = seeded(42);
    const result = simulateStream(() => make(before, random), {
      generator: (source, changed) => (source.next() < (changed ? after : before) ? 1 : 0),
      runs,
      random,
    });
    const alarms = Number(result.falseAlarmsPer5000.toPrecision(2));
    return `${alarms} / ${result.delay.median ?? "-"} / ${Math.round(100 * result.missedShare)} %`;
  });
  console.log(`| ${name} | ${cells.join(" | ")} |`);
}
