/**
 * Numbers in (0, 1) without a tie, the same to the last bit as those that `scripts/reference-stats` makes: MINSTD, a linear congruence.
 *
 * @param seed - in [1, 2^31 − 2]
 */
export function uniforms(n: number, seed: number): Float64Array {
  const values = new Float64Array(n);
  for (let i = 0, x = seed; i < n; i++) {
    // Below 2^47, and so exact.
    x = (x * 48_271) % 2_147_483_647;
    values[i] = x / 2_147_483_647;
  }
  return values;
}
