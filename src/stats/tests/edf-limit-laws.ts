/** Nodes of each integral: enough for a factor exp(−x·s²/2) of any x whose tail is no zero. */
const NODES = 256;

/**
 * Probability that the limit variate of Cramér and von Mises, Σ z² / (kπ)² of standard normal z over k = 1, 2, …, exceeds `x`.
 * Relative error below 1e-12 down to 1e-300.
 *
 * @source N. V. Smirnov, "On the distribution of Mises' ω² criterion", Mat. Sb. 2 (1937): the tail of a sum of weighted χ² variates
 * as integrals between its poles, here by Gauss–Chebyshev quadrature
 */
export function cramerVonMisesSf(x: number): number {
  if (x < 0.003) return 1;
  // Between the poles s = (2k − 1)π and 2kπ, in c = (s − (2k − ½)π) / (π/2).
  return alternating((k, c) => {
    const s = Math.PI * (2 * k - 0.5 + c / 2);
    return Math.exp((-x * s * s) / 2) * Math.sqrt((Math.PI * Math.PI) / s);
  });
}

/**
 * Probability that the limit variate of Anderson and Darling, Σ z² / (k(k + 1)) of standard normal z over k = 1, 2, …, exceeds `x`.
 * Relative error below 1e-12 down to 1e-300.
 *
 * @source T. W. Anderson, D. A. Darling, "Asymptotic Theory of Certain 'Goodness of Fit' Criteria Based on Stochastic Processes",
 * Ann. Math. Statist. 23 (1952), for the law; Smirnov (1937) for its tail
 */
export function andersonDarlingSf(x: number): number {
  if (x < 0.03) return 1;
  // Between the poles r = 4k − 1 and 4k + 1 of r² = 1 + 4y, in c = r − 4k.
  return alternating((k, c) => {
    const r = 4 * k + c;
    return Math.exp((-x * (r * r - 1)) / 8) * r * Math.sqrt(Math.PI / (r * r - 1));
  });
}

/**
 * Σ (−1)^(k+1) / π · ∫ f(k, c) / √cos(πc/2) dc over c in [−1, 1]. The integrand's roots at both ends are those of Chebyshev's weight.
 */
function alternating(f: (k: number, c: number) => number): number {
  let sum = 0;
  for (let k = 1; ; k++) {
    let integral = 0;
    for (let i = 0; i < NODES; i++) {
      const angle = ((i + 0.5) * Math.PI) / NODES;
      const c = Math.cos(angle);
      // cos(πc/2) = sin(π(1 − |c|)/2), and 1 − cos θ = 2 sin²(θ/2) keeps its accuracy at the ends.
      const rest = 2 * Math.sin(Math.min(angle, Math.PI - angle) / 2) ** 2;
      integral += (f(k, c) * Math.sin(angle)) / Math.sqrt(Math.sin((Math.PI * rest) / 2));
    }
    const term = integral / NODES;
    sum += k % 2 === 1 ? term : -term;
    if (!(term > sum * 1e-17)) return Math.min(1, Math.max(0, sum));
  }
}
