/** A trained logistic regression on standardised columns. */
export interface Logistic {
  readonly weights: readonly number[];
  readonly bias: number;
  readonly scaling: { readonly mean: readonly number[]; readonly scale: readonly number[] };
}

/**
 * Logistic regression with an L2 penalty, by full-batch gradient descent with momentum.
 *
 * @param rows - one array of column values per sample
 * @param labels - 1 for the positive class, 0 for the other
 */
export function trainLogistic(
  rows: readonly (readonly number[])[],
  labels: readonly number[],
  { l2 = 0.01, steps = 600 } = {},
): Logistic {
  const columns = rows[0]?.length ?? 0;
  const mean = Array.from({ length: columns }, (_, j) => rows.reduce((sum, row) => sum + row[j]!, 0) / rows.length);
  const scale = mean.map((m, j) => Math.sqrt(rows.reduce((sum, row) => sum + (row[j]! - m) ** 2, 0) / rows.length) || 1);
  const standardised = rows.map((row) => row.map((value, j) => (value - mean[j]!) / scale[j]!));

  const weights = new Array<number>(columns).fill(0);
  const velocity = new Array<number>(columns + 1).fill(0);
  let bias = 0;
  for (let step = 0; step < steps; step++) {
    const gradient = new Array<number>(columns + 1).fill(0);
    standardised.forEach((row, i) => {
      const score = row.reduce((sum, value, j) => sum + value * weights[j]!, bias);
      const error = 1 / (1 + Math.exp(-score)) - labels[i]!;
      row.forEach((value, j) => {
        gradient[j]! += error * value;
      });
      gradient[columns]! += error;
    });
    for (let j = 0; j <= columns; j++) {
      const penalty = j < columns ? l2 * weights[j]! : 0;
      velocity[j] = 0.9 * velocity[j]! - 0.1 * (gradient[j]! / rows.length + penalty);
      if (j < columns) weights[j]! += velocity[j]!;
      else bias += velocity[j]!;
    }
  }
  return { weights, bias, scaling: { mean, scale } };
}
