import { z } from "zod";
import { type Random, randomNormal, seeded } from "../../src/core/random.ts";
import { DriftDetector } from "../../src/drift/index.ts";

/** One number that was simulated. */
interface SimulatedLine {
  readonly what: string;
  readonly found: string;
  readonly expected: string;
  readonly holds: boolean;
}

/** A table of them. */
export interface Simulation {
  readonly title: string;
  readonly lines: readonly SimulatedLine[];
}

const ALPHA = 0.05;
const REFERENCE = 20_000;

const word = z.object({ word: z.string() });
const number = z.object({ x: z.number().nullable() });

/** What chance alone and single odd values do to a detector, `runs` windows for each line. */
export function simulations(runs: number): Simulation[] {
  return [
    withoutDrift(runs),
    manyCategories(Math.max(20, Math.round(runs / 4))),
    peeking(Math.max(20, Math.round(runs / 5))),
    odd(Math.max(20, Math.round(runs / 5))),
  ];
}

/** P-values of undrifted windows below 5 %: equally and unequally frequent categories, and numbers. */
function withoutDrift(runs: number): Simulation {
  const lines: SimulatedLine[] = [];
  for (const rows of [100, 500, 5000]) {
    for (const bins of [3, 10, 50]) {
      // 50 categories do not fit a window of 100 rows: those expected less than five times are joined, and the law is that of fewer.
      const random = seeded(rows + bins);
      const rounds = rows === 5000 ? Math.ceil(runs / 2) : runs;
      const draw = (length: number) => Array.from({ length }, () => `w${Math.floor(bins * random.next())}`);
      let rejected = 0;
      // The reference is drawn anew again and again: its own chance counts, too.
      for (let run = 0; run < rounds; ) {
        const detector = new DriftDetector({ schema: word, validate: "never" });
        detector.fit(draw(REFERENCE).map((text) => ({ word: text })));
        for (let i = 0; i < 10 && run < rounds; i++, run++) {
          detector.observeColumns({ word: draw(rows) });
          if (detector.check({ reset: true }).features[0]!.pValue < ALPHA) rejected += 1;
        }
      }
      const share = rejected / rounds;
      lines.push(line(`${rows} rows, ${bins} bins`, share, "3 to 7 %", within(share, 0.03, 0.07, rounds)));
    }
  }
  return { title: `Without drift: p < ${ALPHA} in a share of the windows`, lines };
}

/** More categories than bins, so that those with a bin are chosen: what is chosen and counted on the same rows looks as if it had fallen. */
function manyCategories(runs: number): Simulation {
  const lines = (
    [
      [1000, 1000, 300, 1],
      [2000, 2000, 300, 2.5],
      [10_000, 2000, 200, 1],
    ] as const
  ).map(([reference, rows, categories, power]) => {
    const random = seeded(reference + categories);
    const draw = (length: number) =>
      Array.from({ length }, () => ({ word: `w${Math.floor(categories * random.next() ** power)}` }));
    const found = share(runs, () => {
      const detector = new DriftDetector({ schema: word, validate: "never" });
      detector.fit(draw(reference));
      detector.observe(draw(rows));
      return detector.check().features[0]!.pValue < ALPHA;
    });
    const law = power === 1 ? "as frequent" : "of unlike frequency";
    return line(
      `${categories} categories ${law}, ${rows} rows against ${reference}`,
      found,
      "at most 7 %",
      within(found, 0, 0.07, runs),
    );
  });
  return { title: `Without drift, more categories than bins: p < ${ALPHA}`, lines };
}

/** A window that grows, checked a hundred times. */
function peeking(runs: number): Simulation {
  const lines = [3, 10, 50].flatMap((bins) =>
    (["e-value", "p-value"] as const).map((evidence) => {
      const random = seeded(bins);
      const thresholds = { psiModerate: 1e-9, psiSignificant: 10, psiAlpha: ALPHA, ksStatistic: 1 };
      const draw = (length: number) => Array.from({ length }, () => `w${Math.floor(bins * random.next() ** 1.5)}`);
      let alarmed = 0;
      for (let run = 0; run < runs; run++) {
        const detector = new DriftDetector({ schema: word, validate: "never", evidence, thresholds });
        detector.fit(draw(5000).map((text) => ({ word: text })));
        for (let look = 1; look <= 100; look++) {
          detector.observeColumns({ word: draw(100) });
          if (detector.check().verdict === "none") continue;
          alarmed += 1;
          break;
        }
      }
      const share = alarmed / runs;
      const counts = evidence === "e-value";
      return line(
        `${bins} bins, ${evidence}s`,
        share,
        counts ? "at most 5 %" : "more: no bound",
        !counts || within(share, 0, ALPHA, runs),
      );
    }),
  );
  return { title: "Without drift: an alarm in any of 100 looks at a growing window, 100 rows between them", lines };
}

function odd(runs: number): Simulation {
  const random = seeded(1);
  const numbers = numeric(random, () => (random.next() < 0.02 ? null : randomNormal(random)));
  const shifted = Array.from({ length: 1000 }, () => randomNormal(random) + 0.7).sort((a, b) => a - b);
  const [plain, outlier] = [shifted, shifted.with(0, 1e6)].map((x) => numbers.check(x).psi);
  const moved = Math.abs(outlier! / plain! - 1);
  const alarms = (rows: number, missing: number) =>
    share(
      runs,
      () =>
        numbers.check(Array.from({ length: rows }, () => (random.next() < missing ? null : randomNormal(random)))).level !==
        "none",
    );
  const [many, fewer, unchanged] = [alarms(500, 0.2), alarms(100, 0.2), alarms(500, 0.02)];

  const words = new DriftDetector({ schema: word, validate: "never" });
  const draw = (length: number) => Array.from({ length }, () => `w${Math.floor(8 * random.next())}`);
  words.fit(draw(10_000).map((text) => ({ word: text })));
  const unseen = share(runs, () => {
    words.observeColumns({ word: draw(1000).with(0, "new") });
    return words.check({ reset: true }).verdict !== "none";
  });
  const constant = numeric(random, () => 7).check(Array.from({ length: 500 }, () => 7)).pValue;
  return {
    title: "Odd values",
    lines: [
      line("one outlier of 1e6 in 1000 values changes PSI by", moved, "at most 5 %", moved <= 0.05),
      line("missing values 2 -> 20 %, 500 rows: alarms", many, "at least 95 %", many >= 0.95),
      line("missing values 2 -> 20 %, 100 rows: alarms", fewer, "at least 80 %", fewer >= 0.8),
      line("missing values 2 -> 2 %, 500 rows: alarms", unchanged, "at most 5 %", within(unchanged, 0, 0.05, runs)),
      line("one unseen category in 1000 rows: alarms", unseen, "at most 5 %", within(unseen, 0, 0.05, runs)),
      { what: "a constant column: p-value", found: `${constant}`, expected: "1", holds: constant === 1 },
    ],
  };
}

function numeric(random: Random, draw: (random: Random) => number | null) {
  const detector = new DriftDetector({ schema: number, validate: "never" });
  detector.fit(Array.from({ length: 10_000 }, () => ({ x: draw(random) })));
  return {
    check: (x: readonly (number | null)[]) => {
      detector.observeColumns({ x });
      return detector.check({ reset: true }).features[0]!;
    },
  };
}

function share(runs: number, alarms: () => boolean): number {
  let count = 0;
  for (let run = 0; run < runs; run++) if (alarms()) count += 1;
  return count / runs;
}

/** Whether a share is within bounds, but for three standard errors of a simulation of so many runs at 5 %. */
function within(found: number, low: number, high: number, runs: number): boolean {
  const slack = runs >= 2000 ? 0 : 3 * Math.sqrt((0.05 * 0.95) / runs);
  return found >= low - slack && found <= high + slack;
}

function line(what: string, found: number, expected: string, holds: boolean): SimulatedLine {
  return { what, found: `${(100 * found).toFixed(2)} %`, expected, holds };
}
