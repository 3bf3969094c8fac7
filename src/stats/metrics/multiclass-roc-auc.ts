import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { invalidInput } from "../../core/schema.ts";
import type { ClassLabel } from "./class-labels.ts";
import {
  type ClassProbabilities,
  type ClassProbabilitiesOptions,
  classProbabilities,
  classProbabilitiesOptions,
  type ProbabilityRows,
} from "./class-probabilities.ts";
import { areaOfSorted } from "./ranked-counts.ts";
import { sortByClass } from "./sort-by-class.ts";

/** How {@link multiclassRocAuc} makes one number of several classes. */
export interface MulticlassRocAucOptions extends ClassProbabilitiesOptions {
  /** `macro`: mean over the classes; `weighted`: weighted by how many rows have each. @defaultValue "macro" */
  readonly average?: "macro" | "weighted";
}

const optionsSchema = z.strictObject({
  ...classProbabilitiesOptions.shape,
  average: z.enum(["macro", "weighted"]).default("macro"),
});

/**
 * Area under the receiver operating characteristic of each class against all others, averaged. Sorts the rows once for each class.
 *
 * @param labels - texts or finite numbers; every class is the truth of at least one row, and none of all
 * @param probabilities - of every class for each label
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for a class without rows, or rows that do not fit the classes or do not add up
 * to 1; `CONFIG_INVALID` for wrong options
 * @source F. Provost, P. Domingos, "Well-Trained PETs: Improving Probability Estimation Trees", CeDER working paper IS-00-04 (2000)
 */
export function multiclassRocAuc(
  labels: ArrayLike<ClassLabel>,
  probabilities: ProbabilityRows,
  options: MulticlassRocAucOptions = {},
): number {
  const { average, ...rest } = parseOptions(optionsSchema, options, "multiclassRocAuc");
  const rows = classProbabilities("multiclassRocAuc", labels, probabilities, rest as ClassProbabilitiesOptions);
  const areas = areasByClass(rows);
  let sum = 0;
  areas.forEach((area, index) => {
    if (area === undefined) {
      throw invalidInput("multiclassRocAuc", [
        { path: ["labels"], message: `expected rows of every class and none of all, but not so class number ${index + 1}` },
      ]);
    }
    sum += area.value * (average === "macro" ? 1 : area.rows);
  });
  return sum / (average === "macro" ? areas.length : rows.indexes.length);
}

/** The area of each class against the others, and how many rows have it; undefined for a class of no row or of all. */
export function areasByClass({
  classes,
  indexes,
  values,
}: ClassProbabilities): readonly ({ readonly value: number; readonly rows: number } | undefined)[] {
  const labels = new Uint8Array(indexes.length);
  const scores = new Float64Array(indexes.length);
  return classes.map((_, index) => {
    let positives = 0;
    for (let i = 0; i < indexes.length; i++) {
      labels[i] = indexes[i] === index ? 1 : 0;
      positives += labels[i]!;
      scores[i] = values[i * classes.length + index]!;
    }
    if (positives === 0 || positives === indexes.length) return undefined;
    return { value: areaOfSorted(sortByClass({ labels, values: scores, positives })), rows: positives };
  });
}
