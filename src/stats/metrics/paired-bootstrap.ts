import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { seeded } from "../../core/random.ts";
import { invalidInput } from "../../core/schema.ts";
import { assertFunction, assertList, assertObject } from "../assert-sample.ts";
import { Bootstrap, type BootstrapOptions, type BootstrapResult, bootstrapShape } from "../bootstrap.ts";

/** What two models answered for the same rows. */
export interface PairedRows<L extends number | string, P extends number | string> {
  readonly labels: ArrayLike<L>;
  /** What the first one answered. */
  readonly a: ArrayLike<P>;
  /** What the second one answered. */
  readonly b: ArrayLike<P>;
}

/** How {@link pairedBootstrap} draws and what it concludes. */
export interface PairedBootstrapOptions extends BootstrapOptions {
  /**
   * Whether every resample has as many rows of each label as the rows themselves. For labels that are classes, of which some is rare:
   * no resample then lacks one, as an AUC cannot do without.
   *
   * @defaultValue false
   */
  readonly stratified?: boolean;
}

/** What {@link pairedBootstrap} finds. */
export interface PairedBootstrapResult extends Omit<BootstrapResult, "estimate"> {
  /** The metric of the first model. */
  readonly a: number;
  /** The metric of the second model. */
  readonly b: number;
  /** `a` less `b`, of which the interval and the standard error are. */
  readonly difference: number;
  /**
   * Twice the share of resamples whose difference is not on the side of the more frequent sign, counting the sample itself as one:
   * never 0, and about 1 when both are equally good. It belongs to the percentile interval.
   */
  readonly pValue: number;
}

const optionsSchema = z.strictObject({ ...bootstrapShape, stratified: z.boolean().default(false) });

/**
 * Compares two models on the same rows by any metric: draws rows with replacement, and takes the metric of both models on the same
 * ones, so that what makes rows hard for both cancels. Needs independent rows. Time grows with `resamples` times twice that of the
 * metric: a second or so for the AUC of a few thousand rows; for AUC alone, `deLongTest` is faster, and for accuracy `mcNemarTest`.
 *
 * @param metric - a number of labels and predictions, which it must neither change nor keep, such as `rocAuc`, `f1` or
 * `meanAbsoluteError`; NaN where there is none
 * @param rows - at least two; numbers or texts
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for unequal lengths, too few rows, a difference that is not finite for all rows, or
 * not for half of the resamples; `CONFIG_INVALID` for wrong options; and what the metric throws
 * @source B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), chapters 8 and 13
 *
 * @example
 * ```ts
 * import { f1, pairedBootstrap } from "modelwright/stats";
 *
 * declare const labels: Uint8Array;
 * declare const champion: Uint8Array;
 * declare const challenger: Uint8Array;
 *
 * const { difference, interval, pValue } = pairedBootstrap(
 *   (truth, predictions) => f1(truth, predictions),
 *   { labels, a: challenger, b: champion },
 *   { resamples: 1000, stratified: true },
 * );
 * const better = interval[0] > 0; // challenger less champion
 * ```
 */
export function pairedBootstrap<L extends number | string, P extends number | string>(
  metric: (labels: ArrayLike<L>, predictions: ArrayLike<P>) => number,
  rows: PairedRows<L, P>,
  options: PairedBootstrapOptions = {},
): PairedBootstrapResult {
  const { seed, random = seeded(seed), stratified, ...rest } = parseOptions(optionsSchema, options, "pairedBootstrap");
  assertFunction("the metric of pairedBootstrap", metric);
  assertObject("the rows of pairedBootstrap", rows);
  const { labels, a, b } = rows;
  assertList("the labels of pairedBootstrap", labels);
  assertList("the first predictions of pairedBootstrap", a);
  assertList("the second predictions of pairedBootstrap", b);
  if (labels.length !== a.length || labels.length !== b.length) {
    const message = `expected as many labels as predictions, but got ${labels.length}, ${a.length} and ${b.length}`;
    throw invalidInput("pairedBootstrap", [{ path: [], message }]);
  }
  const [drawLabels, drawA, drawB] = [drawing(labels), drawing(a), drawing(b)];
  const difference = (drawn: Uint32Array) => {
    const truth = drawLabels(drawn);
    return metric(truth, drawA(drawn)) - metric(truth, drawB(drawn));
  };
  const plan = { ...rest, random };
  const bootstrap = new Bootstrap("pairedBootstrap", labels.length, difference);
  const replicates = bootstrap.replicate(plan, stratified ? strataOf(labels) : undefined);
  const { estimate, ...found } = bootstrap.conclude(plan, replicates);
  return { a: metric(labels, a), b: metric(labels, b), difference: estimate, pValue: signPValue(replicates), ...found };
}

/** Takes the items at the given rows into one array, which is used again as long as as many are asked for. */
function drawing<T extends number | string>(items: ArrayLike<T>): (rows: Uint32Array) => ArrayLike<T> {
  // Doubles, when all items are numbers: faster to copy, and to check for the metric.
  let numeric = true;
  for (let i = 0; i < items.length; i++) numeric &&= typeof items[i] === "number";
  const create = (length: number) =>
    (numeric ? new Float64Array(length) : new Array(length)) as { length: number; [i: number]: T };
  let drawn = create(items.length);
  return (rows) => {
    if (drawn.length !== rows.length) drawn = create(rows.length);
    for (let i = 0; i < rows.length; i++) drawn[i] = items[rows[i]!]!;
    return drawn;
  };
}

function strataOf(labels: ArrayLike<number | string>): readonly Uint32Array[] {
  const rows = new Map<number | string, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    const stratum = rows.get(label);
    if (stratum) stratum.push(i);
    else rows.set(label, [i]);
  }
  return Array.from(rows.values(), (stratum) => Uint32Array.from(stratum));
}

function signPValue(replicates: Float64Array): number {
  let notAbove = 0;
  let notBelow = 0;
  for (const value of replicates) {
    if (value <= 0) notAbove += 1;
    if (value >= 0) notBelow += 1;
  }
  return Math.min(1, (2 * (Math.min(notAbove, notBelow) + 1)) / (replicates.length + 1));
}
