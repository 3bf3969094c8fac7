import * as z from "zod";
import { parseOptions, passed } from "../../core/options.ts";
import { type Random, seeded } from "../../core/random.ts";
import { normalSf } from "../../stats/distributions/normal.ts";
import type { Interval } from "../port.ts";
import { type AucVariance, aucVariance } from "./auc-variance.ts";
import { Design } from "./design.ts";
import { assignFolds, rowsWhere, sampleRows } from "./folds.ts";
import { fitLogisticRegression, type LogisticModel, logOdds } from "./logistic-regression.ts";
import { columnDeviations, type Matrix, takeRows } from "./matrix.ts";
import { type CellRow, type Column, checkedColumns } from "./rows.ts";
import { type OwnedMatrix, type Terms, withTerms } from "./terms.ts";

/** Options of {@link domainClassifier}. */
export interface DomainClassifierOptions {
  /** Names and kinds of the columns. By default as the values are, named "column 0" and so on. */
  readonly columns?: readonly Column[];
  /**
   * What the classifier may use of numeric columns: their values; also their squares, for changes of spread; also all products, for
   * changes of correlation. Products cost most: 20 columns have 190.
   *
   * @defaultValue "squares"
   */
  readonly terms?: Terms;
  /** Parts of the rows, each scored by a model of the others; an integer in [2, 10]. @defaultValue 5 */
  readonly folds?: number;
  /** Weight of the squared penalty on coefficients, in [1e-6, 1e6]. @defaultValue 1 */
  readonly l2?: number;
  /** Most rows taken of each sample, by chance; an integer in [100, 100 000]. @defaultValue 5000 */
  readonly maxRows?: number;
  /** Draws the sample and the folds. @defaultValue one of fixed seed, so that equal input gives an equal result */
  readonly random?: Random;
}

/** How much a column helps to tell the samples apart. */
export interface ColumnWeight {
  readonly name: string;
  /** Share of the column in the classifier, in [0, 1]; shares of all columns add up to 1, or are all 0. */
  readonly share: number;
}

/** What {@link domainClassifier} finds. */
export type DomainClassifierResult =
  | {
      readonly status: "ok";
      /** How well the classifier ranks rows that it has not seen: ½ when the samples look alike, 1 when it tells them apart. */
      readonly auc: number;
      /** Of 0.95 confidence for `auc`. */
      readonly interval: Interval;
      /** Standard score of the forward test; grows with the evidence. */
      readonly statistic: number;
      /** Probability of a statistic at least as great when both samples are of one distribution. */
      readonly pValue: number;
      /** Columns in the order of their weight, the greatest first: where to look for the cause. */
      readonly columns: readonly ColumnWeight[];
      /** Rows used of each sample. */
      readonly rows: { readonly reference: number; readonly current: number };
    }
  | {
      /** One of the samples has fewer than 30 rows. */
      readonly status: "insufficient_data";
      readonly rows: { readonly reference: number; readonly current: number };
    };

/** Fewest rows of each sample. */
const MIN_ROWS = 30;

const Z_95 = 1.959963984540054;

const optionsSchema = z.strictObject({
  columns: z.custom<readonly Column[]>().optional(),
  terms: z.enum(["linear", "squares", "products"]).default("squares"),
  folds: z.int().min(2).max(10).default(5),
  l2: z.number().min(1e-6).max(1e6).default(1),
  maxRows: z.int().min(100).max(100_000).default(5000),
  random: passed<Random>(
    "a source of random numbers",
    (value) => typeof (value as Random | null)?.uint32 === "function",
  ).optional(),
});

/**
 * Tells whether two samples of rows differ in any way that a logistic regression can see: it learns to tell reference from current
 * rows, and is asked about rows that it has not seen. It sees what single columns hide, such as two columns that no longer move
 * together (with `terms: "products"`).
 *
 * `auc` averages over the folds the area within each, scored by a model of all other folds. Such areas depend on each other, for each
 * fold also teaches the models of the others; without drift their mean varies up to twice as much as independent ones would, and
 * tests that overlook this raise false alarms. So the interval allows for twice the variance, and the p-value comes from a second
 * pass forward: fold k is scored by a model of the folds before it alone. Given those, and without drift, the labels of fold k are in
 * random order, so its standard score has mean 0 and variance 1 exactly; the scores are differences of a martingale, and their sum,
 * weighted by the root of the number of folds learned from, is normal in the limit. Columns are scaled, and categories chosen, by both
 * samples alike: if only one of them had a say, a column of rare categories would tell the samples apart without any drift.
 *
 * O(rows · numbers²), where each numeric column gives up to 3 numbers (without products) and each category one.
 *
 * @param reference - rows of cells, all of one length
 * @param current - rows of the same columns
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for rows that do not fit the columns, `CONFIG_INVALID` for wrong options or
 * more than 1000 numbers a row, terms included
 * @source D. Lopez-Paz, M. Oquab, "Revisiting Classifier Two-Sample Tests", ICLR (2017); for the forward pass A. P. Dawid, "Statistical
 * Theory: The Prequential Approach", J. R. Stat. Soc. A 147 (1984)
 */
export function domainClassifier(
  reference: readonly CellRow[],
  current: readonly CellRow[],
  options: DomainClassifierOptions = {},
): DomainClassifierResult {
  const {
    columns: told,
    terms,
    folds,
    l2,
    maxRows,
    random = seeded(1),
  } = parseOptions(optionsSchema, options, "domainClassifier");
  const columns = checkedColumns("domainClassifier", told, { reference, "current sample": current });
  const before = sampleRows(reference, maxRows, random);
  const after = sampleRows(current, maxRows, random);
  const rows = { reference: before.length, current: after.length };
  if (Math.min(rows.reference, rows.current) < MIN_ROWS) return { status: "insufficient_data", rows };

  const all = [...before, ...after];
  const design = Design.learn(columns, all);
  const owned = withTerms(design, design.matrix(all), terms);
  const labels = Uint8Array.from(all, (_, i) => (i < before.length ? 0 : 1));
  const { areas, models, statistic } = crossFit(owned.matrix, labels, assignFolds(labels, folds, random), folds, l2);
  const auc = areas.reduce((sum, area) => sum + area.auc, 0) / folds;
  const error = Math.sqrt((2 * areas.reduce((sum, area) => sum + area.variance, 0)) / folds ** 2);
  return {
    status: "ok",
    auc,
    interval: [Math.max(0, auc - Z_95 * error), Math.min(1, auc + Z_95 * error)],
    statistic,
    pValue: normalSf(statistic),
    columns: rankColumns(design.columns, owned, models),
    rows,
  };
}

interface CrossFit {
  /** Area within each fold, scored by a model of all others. */
  readonly areas: readonly AucVariance[];
  readonly models: readonly LogisticModel[];
  readonly statistic: number;
}

function crossFit(x: Matrix, labels: Uint8Array, assigned: Int32Array, folds: number, l2: number): CrossFit {
  // The minimum of each fit is unique: that the search starts at a fit to all rows saves time, and tells a model nothing of other folds.
  const start = fitLogisticRegression(x, labels, l2, 1e-3);
  const modelOf = (rows: Uint32Array) => {
    const own = Uint8Array.from(rows, (i) => labels[i]!);
    return fitLogisticRegression(takeRows(x, rows), own, l2, 1e-7, start);
  };
  const models: LogisticModel[] = [];
  const areas: AucVariance[] = [];
  let sum = 0;
  let weights = 0;
  for (let k = 0; k < folds; k++) {
    const rows = rowsWhere(assigned, (fold) => fold === k);
    const model = modelOf(rowsWhere(assigned, (fold) => fold !== k));
    models.push(model);
    areas.push(areaOf(x, labels, rows, model));
    if (k === 0) continue;
    // Before the last fold lie all others, so its model serves both passes.
    const forward = k === folds - 1 ? model : modelOf(rowsWhere(assigned, (fold) => fold < k));
    const { auc, nullVariance } = areaOf(x, labels, rows, forward);
    if (nullVariance === 0) continue;
    sum += (Math.sqrt(k) * (auc - 0.5)) / Math.sqrt(nullVariance);
    weights += k;
  }
  return { areas, models, statistic: weights === 0 ? 0 : sum / Math.sqrt(weights) };
}

function areaOf(x: Matrix, labels: Uint8Array, rows: Uint32Array, model: LogisticModel): AucVariance {
  const scores: [number[], number[]] = [[], []];
  for (const row of rows) scores[labels[row]! as 0 | 1].push(logOdds(model, x, row));
  return aucVariance(scores[1], scores[0]);
}

/** The norm of each column's mean coefficients, in standard deviations of what they multiply, as a share. Two owners share a product. */
function rankColumns(
  names: readonly string[],
  { matrix, owners }: OwnedMatrix,
  models: readonly LogisticModel[],
): ColumnWeight[] {
  const deviations = columnDeviations(matrix);
  const squares = new Float64Array(names.length);
  owners.forEach((own, j) => {
    const mean = models.reduce((sum, { coefficients }) => sum + coefficients[j]!, 0) / models.length;
    for (const owner of own) squares[owner]! += (mean * deviations[j]!) ** 2 / own.length;
  });
  const norms = squares.map(Math.sqrt);
  const total = norms.reduce((sum, norm) => sum + norm, 0);
  return names.map((name, i) => ({ name, share: total > 0 ? norms[i]! / total : 0 })).sort((a, b) => b.share - a.share);
}
