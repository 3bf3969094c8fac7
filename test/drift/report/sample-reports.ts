import fc from "fast-check";
import type { ComprehensiveReport } from "../../../src/drift/comprehensive.ts";
import type { DriftBin, DriftReport, FeatureDrift } from "../../../src/drift/index.ts";

/** Text that would be markup, or turn its surroundings around, if it were let. */
export const HOSTILE: readonly string[] = [
  "<script>globalThis.ran = true</script>",
  '"><img src=x onerror="globalThis.ran = true">',
  "' onmouseover='globalThis.ran = true",
  "</style></title></svg><script>globalThis.ran = true</script>",
  "a\nb\r\nc\u2028d",
  "\u202Eevil\u2066",
  "\u0000\u0007\u001B[31m\uFFFE",
  "half a pair \uD800",
  "&lt;b&gt;&amp;",
  "x".repeat(5000),
  "👩‍👩‍👧‍👦".repeat(80),
  "](javascript:alert(1)) | `code`",
  "",
];

/** A cell. */
export function bin(label: string, reference: number, current: number): DriftBin {
  return { label, reference, current, contribution: Math.abs(current - reference) };
}

/** A numeric feature that moved, but for what is given. */
export function feature(name: string, given: Partial<FeatureDrift> = {}): FeatureDrift {
  return {
    feature: name,
    kind: "numeric",
    role: "data",
    importance: 1,
    level: "significant",
    confirmed: "significant",
    psi: 0.42,
    psiDebiased: 0.4,
    psiInterval: [0.3, 0.5],
    pValue: 1e-9,
    adjusted: 2e-9,
    logEValue: 21,
    ks: { statistic: 0.25, interval: [0.2, 0.3], pValue: 1e-8, adjusted: 2e-8 },
    wasserstein: { statistic: 0.5, interval: [0.4, 0.6] },
    moments: { reference: { mean: 1, deviation: 2 }, current: { mean: 3, deviation: 4 } },
    missing: { reference: 0, current: 0.25, pValue: 0 },
    bins: [bin("<= 1.5", 0.5, 0.125), bin("(1.5, 2]", 0.25, 0.5), bin("> 2", 0.25, 0.125), bin("missing", 0, 0.25)],
    hints: [{ hint: "missing_values", message: `25.0 % of the rows of ${name} have no value` }],
    ...given,
  };
}

/** A report over features. */
export function report(features: readonly FeatureDrift[], given: Partial<DriftReport> = {}): DriftReport {
  const moved = features.filter(({ level }) => level !== "none");
  const verdict = moved.some(({ level }) => level === "significant") ? "significant" : moved.length > 0 ? "moderate" : "none";
  return {
    schemaVersion: 1,
    verdict,
    confirmed: verdict,
    evidence: "p-value",
    rows: 1234,
    referenceRows: 5678,
    since: Date.UTC(2026, 0, 2, 3, 4),
    until: Date.UTC(2026, 0, 3, 3, 4),
    driftedShare: features.length === 0 ? 0 : moved.length / features.length,
    roles: verdict === "none" ? {} : { data: verdict },
    features,
    rootCause: moved.map(({ feature, level, bins, hints }) => ({
      feature,
      level,
      share: 1 / moved.length,
      cells: bins.slice(0, 3),
      hints,
    })),
    segments: [],
    warnings: [],
    ...given,
  };
}

/** 200 features of 50 cells, a third of them significant, with all that a report may have. */
export function bigReport(text: (i: number) => string): ComprehensiveReport {
  const features = Array.from({ length: 200 }, (_, i) => {
    const categorical = i % 2 === 0;
    const label = (cell: number) => (categorical ? `${text(cell)} ${cell}` : `(${cell}.25, ${cell + 1}.25]`);
    const bins = Array.from({ length: 50 }, (_, cell) => bin(label(cell), 0.02, (0.04 * ((cell * 7 + i) % 11)) / 10));
    const level = (["significant", "moderate", "none"] as const)[i % 3]!;
    return feature(`${text(i)} ${i}`, { kind: categorical ? "categorical" : "numeric", level, psiDebiased: 3 / (1 + i), bins });
  });
  const segments = Array.from({ length: 21 }, (_, i) => ({
    segment: `${text(i)} segment`,
    verdict: "significant" as const,
    rows: 100,
    referenceRows: 200,
    features: features.slice(0, 10),
  }));
  const warnings = Array.from({ length: 20 }, (_, i) => text(i));
  const agreement = features.map(({ feature, level }) => ({
    feature,
    votes: { none: 1, moderate: 2, significant: 8 },
    majority: level,
    agreement: 8 / 11,
    findings: (["psi", "hellinger", "g-test", "welch"] as const).map((method, i) => ({
      method,
      statistic: i,
      effect: i / 10,
      pValue: 0.01,
      adjusted: 0.02,
      level,
    })),
  }));
  return { ...report(features, { segments, warnings }), agreement };
}

const text = fc
  .oneof(fc.string({ unit: "binary", maxLength: 30 }), fc.constantFrom(...HOSTILE))
  .filter((s) => !/NaN|undefined|Infinity/.test(s));
const number = fc.oneof(fc.double({ min: -1, max: 2, noNaN: true }), fc.double());
const level = fc.constantFrom("none", "moderate", "significant");
const interval = fc.tuple(number, number);
const bins = fc.array(
  fc.record({
    label: fc.oneof(text, fc.constantFrom("missing", "unseen", "invalid", "(1, 2]", "> 3", "<= 1", "< 1")),
    reference: number,
    current: number,
    contribution: number,
  }),
  { maxLength: 6 },
);
const hints = fc.array(fc.record({ hint: fc.constant("constant" as const), message: text }), { maxLength: 2 });

const anyFeature: fc.Arbitrary<FeatureDrift> = fc.record(
  {
    feature: text,
    kind: fc.constantFrom("numeric", "categorical", "boolean", "text", "timestamp", "embedding"),
    role: fc.constantFrom("data", "prediction", "target"),
    importance: number,
    level,
    confirmed: level,
    psi: number,
    psiDebiased: number,
    psiInterval: interval,
    pValue: number,
    adjusted: number,
    logEValue: number,
    ks: fc.record({ statistic: number, interval, pValue: number, adjusted: number }),
    wasserstein: fc.record({ statistic: number, interval }),
    mmd: fc.record({ statistic: number, pValue: number, adjusted: number, rows: fc.nat() }),
    moments: fc.record({ reference: fc.constant(null), current: fc.record({ mean: number, deviation: number }) }),
    missing: fc.record({ reference: number, current: number, pValue: number }),
    bins,
    hints,
  },
  {
    requiredKeys: [
      "feature",
      "kind",
      "role",
      "importance",
      "level",
      "confirmed",
      "psi",
      "psiDebiased",
      "psiInterval",
      "pValue",
      "adjusted",
      "logEValue",
      "missing",
      "bins",
      "hints",
    ],
  },
);

/** Any report, whatever its numbers and its text, with any history. */
export const anyReport = fc
  .record({
    features: fc.array(anyFeature, { maxLength: 4 }),
    verdict: fc.constantFrom("none", "moderate", "significant", "insufficient_data"),
    confirmed: fc.constantFrom("none", "moderate", "significant", "insufficient_data"),
    evidence: fc.constantFrom("p-value", "e-value"),
    rows: fc.nat(),
    since: fc.option(number),
    until: fc.option(fc.double()),
    driftedShare: number,
    warnings: fc.array(text, { maxLength: 3 }),
    segments: fc.array(
      fc.record({
        segment: text,
        verdict: fc.constantFrom("none", "moderate", "significant", "insufficient_data"),
        rows: fc.nat(),
        referenceRows: fc.nat(),
        features: fc.array(anyFeature, { maxLength: 2 }),
      }),
      { maxLength: 2 },
    ),
    rootCause: fc.array(fc.record({ feature: text, share: number, level, cells: bins, hints }), { maxLength: 3 }),
  })
  .map(({ features, ...given }) => report(features, given));

/** History of few features, in any order of time. */
export const anyHistory = fc.array(
  fc.record({
    until: fc.double({ noNaN: true, noDefaultInfinity: true }),
    features: fc.dictionary(text, number, { maxKeys: 3 }),
  }),
  { maxLength: 5 },
);
