import * as z from "zod";
import { parseOptions, passed } from "../../core/options.ts";
import { type Random, seeded } from "../../core/random.ts";
import { studentTSf, studentTUpperQuantile } from "../../stats/distributions/student-t.ts";
import type { Interval } from "../port.ts";
import { Design } from "./design.ts";
import { sampleRows, shuffledIndices } from "./folds.ts";
import { componentsFor, principalComponents, reconstructionErrors } from "./principal-components.ts";
import { type CellRow, type Column, checkedColumns } from "./rows.ts";

/** Options of {@link pcaReconstruction}. */
export interface PcaReconstructionOptions {
  /** Names and kinds of the columns. By default as the values are, named "column 0" and so on. */
  readonly columns?: readonly Column[];
  /** Share of the reference's variance that the kept components hold at least, in (0, 1]. @defaultValue 0.65 */
  readonly varianceRetained?: number;
  /** Share of the reference rows that components are learned from; the others are compared. In [0.2, 0.8]. @defaultValue 0.5 */
  readonly learnShare?: number;
  /** Most rows taken of each sample, by chance; an integer in [100, 100 000]. @defaultValue 10 000 */
  readonly maxRows?: number;
  /** Draws the sample and those learned from. @defaultValue one of fixed seed, so that equal input gives an equal result */
  readonly random?: Random;
}

/** What {@link pcaReconstruction} finds. */
export type PcaReconstructionResult =
  | {
      readonly status: "ok";
      /** Mean reconstruction error of the reference rows that components were not learned from. */
      readonly reference: number;
      /** Mean reconstruction error of the current rows, by the same components. */
      readonly current: number;
      /** `current` less `reference`. Either sign is drift: below 0, columns move together more closely than they did. */
      readonly difference: number;
      /** Of 0.95 confidence for `difference`. */
      readonly interval: Interval;
      /** Welch's statistic: the difference in standard errors. */
      readonly statistic: number;
      /** Two-sided: probability of a difference at least as great when both samples are of one distribution. */
      readonly pValue: number;
      /** Components kept. */
      readonly components: number;
      /** Rows used of each sample. */
      readonly rows: { readonly reference: number; readonly current: number };
    }
  | {
      /** One of the samples has fewer than 30 rows. */
      readonly status: "insufficient_data";
      readonly rows: { readonly reference: number; readonly current: number };
    };

const MIN_ROWS = 30;

const optionsSchema = z.strictObject({
  columns: z.custom<readonly Column[]>().optional(),
  varianceRetained: z.number().gt(0).max(1).default(0.65),
  learnShare: z.number().min(0.2).max(0.8).default(0.5),
  maxRows: z.int().min(100).max(100_000).default(10_000),
  random: passed<Random>(
    "a source of random numbers",
    (value) => typeof (value as Random | null)?.uint32 === "function",
  ).optional(),
});

/**
 * Tells whether columns still move together as they did: it learns the directions in which the reference varies most (principal
 * components), and compares how far rows of both samples are from what these components can say of them.
 *
 * Components fit the rows that they were learned from better than fresh ones, so errors of the reference measured on itself would be too
 * small, and every window would seem to drift. Therefore they are learned from one part of the reference, and errors of the other part
 * are compared with those of the current rows by Welch's test: given the components, these are two independent samples. (Folds would use more rows, but the errors of each depend on the others: 7 to 9 % false alarms where 5 % are due.)
 *
 * It overlooks what moves along the kept components only, such as a shift of one dominant column: watch single columns as well.
 * O(rows · numbers² + numbers³), where a numeric column gives 2 numbers and each category one.
 *
 * @param reference - rows of cells, all of one length
 * @param current - rows of the same columns
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for rows that do not fit the columns, `CONFIG_INVALID` for wrong options or
 * more than 1000 numbers a row
 * @source I. T. Jolliffe, "Principal Component Analysis", 2nd ed. (2002); B. L. Welch, "The generalization of 'Student's' problem when
 * several different population variances are involved", Biometrika 34 (1947)
 */
export function pcaReconstruction(
  reference: readonly CellRow[],
  current: readonly CellRow[],
  options: PcaReconstructionOptions = {},
): PcaReconstructionResult {
  const parsed = parseOptions(optionsSchema, options, "pcaReconstruction");
  const { varianceRetained, learnShare, maxRows, random = seeded(1) } = parsed;
  const columns = checkedColumns("pcaReconstruction", parsed.columns, { reference, "current sample": current });
  const before = sampleRows(reference, maxRows, random);
  const after = sampleRows(current, maxRows, random);
  const rows = { reference: before.length, current: after.length };
  if (Math.min(rows.reference, rows.current) < MIN_ROWS) return { status: "insufficient_data", rows };

  const order = Array.from(shuffledIndices(before.length, random), (i) => before[i]!);
  const learned = order.slice(0, Math.round(learnShare * order.length));
  const design = Design.learn(columns, learned);
  const model = principalComponents(design.matrix(learned));
  const components = componentsFor(model, varianceRetained);
  const errorsOf = (sample: readonly CellRow[]) => reconstructionErrors(model, components, design.matrix(sample));
  return { status: "ok", ...welch(errorsOf(order.slice(learned.length)), errorsOf(after)), components, rows };
}

function welch(reference: Float64Array, current: Float64Array) {
  const a = moments(reference);
  const b = moments(current);
  const difference = b.mean - a.mean;
  // Errors of constant columns do not vary. The floor keeps the statistic finite, and rounding of equal errors from becoming evidence.
  const floor = 1e-9 * Math.max(a.mean, b.mean);
  const [ofA, ofB] = [a.variance / reference.length, b.variance / current.length];
  const error = Math.max(floor, Math.sqrt(ofA + ofB));
  const statistic = error === 0 ? 0 : difference / error;
  const df =
    ofA + ofB > 0
      ? (ofA + ofB) ** 2 / (ofA ** 2 / (reference.length - 1) + ofB ** 2 / (current.length - 1))
      : reference.length + current.length - 2;
  const half = studentTUpperQuantile(0.025, df) * error;
  return {
    reference: a.mean,
    current: b.mean,
    difference,
    interval: [difference - half, difference + half] as const,
    statistic,
    pValue: Math.min(1, 2 * studentTSf(Math.abs(statistic), df)),
  };
}

function moments(values: Float64Array): { readonly mean: number; readonly variance: number } {
  let mean = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const gap = values[i]! - mean;
    mean += gap / (i + 1);
    squares += gap * (values[i]! - mean);
  }
  return { mean, variance: squares / (values.length - 1) };
}
