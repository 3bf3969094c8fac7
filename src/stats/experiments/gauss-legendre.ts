/** Nodes in (−1, 1) and their weights. */
interface QuadratureRule {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/**
 * The Gauss–Legendre rule of `order` nodes: exact for polynomials of degree 2 · order − 1 on (−1, 1).
 *
 * @source M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964), 25.4.29; nodes by Newton's method on the
 * Legendre recurrence 22.7.10
 */
export function gaussLegendre(order: number): QuadratureRule {
  const nodes = new Float64Array(order);
  const weights = new Float64Array(order);
  for (let i = 0; i < order; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (order + 0.5));
    let slope = 1;
    for (let round = 0; round < 6; round++) {
      let before = 1;
      let value = x;
      for (let k = 2; k <= order; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
      slope = (order * (x * value - before)) / (x * x - 1);
      x -= value / slope;
    }
    nodes[order - 1 - i] = x;
    weights[order - 1 - i] = 2 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}
