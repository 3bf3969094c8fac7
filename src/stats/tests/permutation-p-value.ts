import { type Random, randomInt } from "../../core/random.ts";

/**
 * Share of random relabellings whose statistic is at least the observed one, the observed one among them: (k + 1) / (n + 1). Never 0,
 * and below α with probability at most α when both samples are exchangeable, however few relabellings there are.
 *
 * @param labels - which sample each value is from; shuffled in place, and handed to `statistic` after every shuffle
 * @param observed - what `statistic` says of the labels as they are
 * @source B. Phipson, G. K. Smyth, "Permutation P-values Should Never Be Zero", Stat. Appl. Genet. Mol. Biol. 9 (2010)
 */
export function permutationPValue(
  labels: Uint8Array,
  statistic: (labels: Uint8Array) => number,
  observed: number,
  permutations: number,
  random: Random,
): number {
  // Sums of the same terms in another order differ in their last digits, and must not make an equal statistic a smaller one.
  const bound = observed - 1e-10 * Math.abs(observed) - 1e-14;
  let atLeast = 0;
  for (let run = 0; run < permutations; run++) {
    for (let i = labels.length - 1; i > 0; i--) {
      const j = randomInt(random, i + 1);
      const label = labels[i]!;
      labels[i] = labels[j]!;
      labels[j] = label;
    }
    if (statistic(labels) >= bound) atLeast += 1;
  }
  return (atLeast + 1) / (permutations + 1);
}
