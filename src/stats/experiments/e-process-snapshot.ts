/** What an e-process has found so far. */
export interface EProcessSnapshot {
  /** Natural logarithm of the e-value now: of the wealth of a bettor against the hypothesis who began with 1. */
  readonly logEValue: number;
  /** Always-valid p-value: min(1, 1 / the greatest e-value so far). */
  readonly pValue: number;
  /**
   * Whether an e-value has been at least 1 / alpha, now or before. If the hypothesis holds, this ever happens with probability at
   * most alpha.
   */
  readonly rejected: boolean;
}

/** @param greatest - the greatest logarithm of an e-value so far, at least 0 */
export function toSnapshot(logEValue: number, greatest: number, alpha: number): EProcessSnapshot {
  return { logEValue, pValue: Math.exp(-greatest), rejected: greatest >= -Math.log(alpha) };
}
