import { parseOptions } from "../../core/options.ts";
import { betaQuantile, betaUpperQuantile } from "../distributions/beta.ts";
import { normalUpperQuantile } from "../distributions/normal.ts";
import { type ConfidenceOptions, confidenceOptions } from "./confidence.ts";
import { assertSuccessCounts, type SuccessCounts } from "./success-counts.ts";

/**
 * Wilson's score interval for a proportion: the proportions that a z-test without continuity correction would not reject. Never
 * leaves [0, 1] and is not empty at 0 or n successes; the usual choice. It covers the truth at the stated rate on average, not
 * for every proportion; {@link clopperPearsonInterval} never covers less.
 *
 * @param successes - a whole number in [0, n]
 * @param n - a whole number of at least 1
 * @returns lower and upper limit, in [0, 1]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other counts, `CONFIG_INVALID` for wrong options
 * @source E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927),
 * doi:10.1080/01621459.1927.10502953
 */
export function wilsonInterval(
  successes: number,
  n: number,
  options: ConfidenceOptions = {},
): readonly [low: number, high: number] {
  const { confidence } = parseOptions(confidenceOptions, options, "wilsonInterval");
  assertSuccessCounts("wilsonInterval", { successes, n });
  return scoreInterval(successes, n, normalUpperQuantile((1 - confidence) / 2));
}

/**
 * Clopper and Pearson's interval for a proportion, from the exact binomial tails: covers the truth at least at the stated rate,
 * whatever it is, and is therefore wider than {@link wilsonInterval}.
 *
 * @param successes - a whole number in [0, n]
 * @param n - a whole number of at least 1
 * @returns lower and upper limit, in [0, 1]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other counts, `CONFIG_INVALID` for wrong options
 * @source C. J. Clopper, E. S. Pearson, "The Use of Confidence or Fiducial Limits", Biometrika 26 (1934),
 * doi:10.1093/biomet/26.4.404
 */
export function clopperPearsonInterval(
  successes: number,
  n: number,
  options: ConfidenceOptions = {},
): readonly [low: number, high: number] {
  const { confidence } = parseOptions(confidenceOptions, options, "clopperPearsonInterval");
  assertSuccessCounts("clopperPearsonInterval", { successes, n });
  const tail = (1 - confidence) / 2;
  const low = successes === 0 ? 0 : betaQuantile(tail, successes, n - successes + 1);
  const high = successes === n ? 1 : betaUpperQuantile(tail, successes + 1, n - successes);
  return [low, high];
}

/**
 * Newcombe's hybrid score interval (his method 10) for the difference of two independent proportions, b less a, from the Wilson
 * interval of each. Stays within [−1, 1] and has a width also where no or all trials succeed.
 *
 * @param a - the control; at least one trial
 * @param b - the treatment; at least one trial
 * @returns lower and upper limit of p(b) − p(a), in [−1, 1]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for wrong counts, `CONFIG_INVALID` for wrong options
 * @source R. G. Newcombe, "Interval Estimation for the Difference Between Independent Proportions", Statist. Med. 17 (1998),
 * doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I
 */
export function newcombeInterval(
  a: SuccessCounts,
  b: SuccessCounts,
  options: ConfidenceOptions = {},
): readonly [low: number, high: number] {
  const { confidence } = parseOptions(confidenceOptions, options, "newcombeInterval");
  assertSuccessCounts("the first counts of newcombeInterval", a);
  assertSuccessCounts("the second counts of newcombeInterval", b);
  const z = normalUpperQuantile((1 - confidence) / 2);
  const [lowA, highA] = scoreInterval(a.successes, a.n, z);
  const [lowB, highB] = scoreInterval(b.successes, b.n, z);
  const shareA = a.successes / a.n;
  const shareB = b.successes / b.n;
  const difference = shareB - shareA;
  return [
    Math.max(-1, difference - Math.hypot(shareB - lowB, highA - shareA)),
    Math.min(1, difference + Math.hypot(highB - shareB, shareA - lowA)),
  ];
}

/**
 * Wilson's limits for a normal quantile: the roots of (n + z²) p² − (2 successes + z²) p + successes² / n. The lower one is the
 * product of the roots over the upper one, which does not cancel.
 */
export function scoreInterval(successes: number, n: number, z: number): readonly [low: number, high: number] {
  const share = successes / n;
  const root = z * Math.sqrt(z * z + 4 * successes * (1 - share));
  const high = (2 * successes + z * z + root) / (2 * (n + z * z));
  return [successes === 0 ? 0 : (successes * share) / ((n + z * z) * high), successes === n ? 1 : high];
}
