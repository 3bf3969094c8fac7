/** Debiased PSI of features in one window. */
export interface DriftHistoryPoint {
  /** End of the window, milliseconds since the epoch. */
  readonly until: number;
  /** Debiased PSI by the name of the feature. One that is not there, or is no finite number, leaves a gap. */
  readonly features: Readonly<Record<string, number>>;
}

/** A feature over time. */
export interface PsiLine {
  readonly feature: string;
  /** In the order of time; null where the window has no number. */
  readonly points: readonly { readonly at: number; readonly psi: number | null }[];
  readonly last: number;
  readonly greatest: number;
}

/** Most points of a line; more are joined, the greatest of neighbours standing for them. */
const MAX_POINTS = 100;

/**
 * Lines of `first`, in its order, then of other features by their greatest index.
 *
 * @param first - names of the features that matter most now
 */
export function psiLines(history: readonly DriftHistoryPoint[], first: readonly string[]): readonly PsiLine[] {
  const ordered = [...history].sort((a, b) => a.until - b.until);
  const names = new Set(ordered.flatMap(({ features }) => Object.keys(features)));
  const known = first.filter((name) => names.has(name));
  const wanted = new Set(known);
  const rest = [...names].filter((name) => !wanted.has(name)).map((name) => lineOf(ordered, name));
  return [...known.map((name) => lineOf(ordered, name)), ...rest.sort((a, b) => b.greatest - a.greatest)].filter(({ points }) =>
    points.some(({ psi }) => psi !== null),
  );
}

function lineOf(history: readonly DriftHistoryPoint[], feature: string): PsiLine {
  const all = history.map(({ until, features }) => {
    const psi = Object.hasOwn(features, feature) ? features[feature] : null;
    return { at: until, psi: typeof psi === "number" && Number.isFinite(psi) ? psi : null };
  });
  const values = all.flatMap(({ psi }) => (psi === null ? [] : [psi]));
  const size = Math.ceil(all.length / MAX_POINTS);
  const points = Array.from({ length: Math.ceil(all.length / size) }, (_, i) => {
    const run = all.slice(i * size, (i + 1) * size);
    return run.reduce((a, b) => ((b.psi ?? Number.NEGATIVE_INFINITY) > (a.psi ?? Number.NEGATIVE_INFINITY) ? b : a));
  });
  return { feature, points, last: values.at(-1) ?? 0, greatest: values.reduce((a, b) => Math.max(a, b), 0) };
}
