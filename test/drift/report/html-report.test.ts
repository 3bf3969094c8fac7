import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import type { Multivariate } from "../../../src/drift/index.ts";
import { type DriftHtmlOptions, renderDriftHtml } from "../../../src/drift/report/index.ts";
import { anyHistory, anyReport, bigReport, bin, feature, HOSTILE, report } from "./sample-reports.ts";

const bytes = (html: string) => new TextEncoder().encode(html).length;

/** Text between tags on one line each, entities kept. */
const textOf = (html: string) =>
  html
    .replace(/<style>.*?<\/style>/s, "")
    .replaceAll(/<[^>]*>/g, "\n")
    .replaceAll(/\n+/g, "\n");

/** Why the markup is not well-formed, as XML has it; undefined when it is. */
function malformed(html: string): string | undefined {
  const open: string[] = [];
  const tags = /<!DOCTYPE html>|<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s[\w:-]+="[^"<]*")*)\s?(\/?)>|[<]/g;
  for (const [tag, closes, name, , empty] of html.trim().matchAll(tags)) {
    if (tag === "<!DOCTYPE html>") continue;
    if (name === undefined) return "a bracket that is no tag";
    if (closes === "/" && open.pop() !== name) return `${tag} closes another tag`;
    if (closes === "" && empty === "") open.push(name);
  }
  if (/&(?!(?:amp|lt|gt|quot|#\d+);)/.test(html)) return "an ampersand that is no entity";
  return open.length === 0 ? undefined : `${open} not closed`;
}

const multivariate: Multivariate = {
  domainClassifier: {
    status: "ok",
    auc: 0.875,
    interval: [0.85, 0.9],
    statistic: 20,
    pValue: 0,
    columns: [{ name: "amount", share: 0.75 }],
    rows: { reference: 500, current: 500 },
  },
  pcaReconstruction: { status: "insufficient_data", rows: { reference: 500, current: 10 } },
  mmd: { statistic: 0.125, pValue: 0.005, bandwidth: 1 },
};

const historyOf = (length: number, names: readonly string[]) =>
  Array.from({ length }, (_, t) => ({
    until: Date.UTC(2026, 0, 1) + t * 3_600_000,
    features: Object.fromEntries(names.map((name, i) => [name, 0.1 * i + 0.001 * t])),
  }));

describe("renderDriftHtml", () => {
  it("shows verdict, features, causes and numbers, and is the same for the same report", () => {
    const amount = feature("amount", { confirmed: "moderate", importance: 2 });
    const page = renderDriftHtml(report([amount, feature("quiet", { level: "none", confirmed: "none", hints: [] })]));
    const text = textOf(page);
    expect(text).toContain("Significant drift");
    expect(text).toContain("1 of 2 features has moved.");
    expect(text).toContain("confirmed: moderate");
    expect(text).toContain("25.0 % of the rows of amount have no value");
    expect(text).toMatch(/PSI, debiased\n0\.400 \n95 % interval 0\.300 to 0\.500/);
    expect(text).toContain("2 Jan 2026, 03:04 – 3 Jan 2026, 03:04 UTC");
    expect(page.match(/<details class="card" open="">/g)).toHaveLength(1);
    expect(page.match(/<details class="card">/g)).toHaveLength(1);
    expect(malformed(page)).toBeUndefined();
    expect(renderDriftHtml(report([amount, feature("quiet", { level: "none", confirmed: "none", hints: [] })]))).toBe(page);
  });

  it("loads and runs nothing: no scripts, handlers, addresses, inline style or images, and a policy that forbids them", () => {
    const page = renderDriftHtml(
      bigReport((i) => `feature ${i}`),
      { history: historyOf(9, ["feature 1 1"]), multivariate },
    );
    expect(page).toContain(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"/>`,
    );
    expect(page).not.toMatch(/<(?:script|img|iframe|object|embed|link|form|a|use|image|foreignObject)\b/i);
    expect(page).not.toMatch(/\s(?:on\w+|style|src|href)=/i);
    expect(page).not.toMatch(/https?:|@import|url\((?!#)/i);
  });

  it("stays below 150 kB for 200 features of 50 cells, and counts what is left out", () => {
    const big = bigReport((i) => `feature_${i}`);
    const page = renderDriftHtml(big, {
      history: historyOf(
        300,
        big.features.map(({ feature }) => feature),
      ),
      multivariate,
    });
    expect(bytes(page)).toBeLessThan(150_000);
    const full = page.match(/<details class="card"/g)!.length;
    expect(full).toBeGreaterThanOrEqual(4);
    const rows = /(\d+) features, the worst first/.exec(page)!;
    const left = / (\d+) more are left out, to keep this page small/.exec(page.replaceAll(/<[^>]*>/g, " "));
    expect(full + Number(rows[1]) + Number(left?.[1] ?? 0)).toBe(200);
    expect(page).toContain("124 more that moved explain less");
    expect(page).toContain("192 more features are not drawn");
    expect(page).toMatch(/\d+ more features are left out, to keep this page small/);
    expect(page).toContain("12 more warnings are left out");
    expect(malformed(page)).toBeUndefined();
  });

  it("says so when features that moved are left out, and shows all of few features", () => {
    const many = Array.from({ length: 3000 }, (_, i) => feature(`f${i}`, { level: i < 1000 ? "moderate" : "none" }));
    const page = renderDriftHtml(report(many), { maxFeatures: 1 });
    expect(bytes(page)).toBeLessThan(150_000);
    const [, left, moved] = /([\d,]+) more are left out, to keep this page small; ([\d,]+) of them have moved/.exec(page)!;
    const rows = Number(/([\d,]+) features, the worst first/.exec(page)![1]);
    expect(1 + rows + Number(left!.replace(",", ""))).toBe(3000);
    expect(Number(moved)).toBe(1000 - 1 - rows);

    const few = renderDriftHtml(report([feature("a"), feature("b")]));
    expect(few.match(/<details class="card"/g)).toHaveLength(2);
    expect(few).not.toMatch(/left out|Other features/);
  });

  it("shows hostile names, labels, hints, segments, warnings and titles as text, and stays small", () => {
    const big = bigReport((i) => HOSTILE[i % HOSTILE.length]!);
    const history = historyOf(
      200,
      big.features.map(({ feature }) => feature),
    );
    const weights = { ...multivariate.domainClassifier, columns: HOSTILE.map((name) => ({ name, share: 0.1 })) } as const;
    const page = renderDriftHtml(big, {
      title: HOSTILE[3],
      history,
      multivariate: { ...multivariate, domainClassifier: weights },
    });
    expect(bytes(page)).toBeLessThan(150_000);
    expect(malformed(page)).toBeUndefined();
    expect(page).not.toMatch(/<script|<img|\son\w+="/i);
    expect(page).toContain("&lt;script&gt;globalThis.ran = true&lt;/script&gt;");
    // Control characters but the new line, marks of direction, halves of pairs.
    expect(page.match(/(?!\n)\p{Cc}|\p{Surrogate}|[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe]/u)).toBeNull();
    expect(page).toContain("a b c d 4");
    expect(page).toContain("�evil�");
    expect(/<bdi title="x{119}…">x{30,60}…<\/bdi>/.test(page)).toBe(true);
  });

  it("still shows the worst feature in full when its labels are as long and as costly as they can be", () => {
    const bins = Array.from({ length: 500 }, () => bin('"'.repeat(3000), 0.001, 0.003));
    for (const kind of ["categorical", "text"] as const) {
      const page = renderDriftHtml(report([feature('"'.repeat(3000), { kind, bins })]));
      expect(bytes(page)).toBeLessThan(150_000);
      expect(page.match(/<details class="card"/g)).toHaveLength(1);
      expect(page).toMatch(/\d+ more cells are left out/);
      const missing = Array.from({ length: 5000 }, () => bin("missing", 0.001, 0.003));
      expect(bytes(renderDriftHtml(report([feature("a", { kind, bins: missing })])))).toBeLessThan(40_000);
      expect(page).toContain(kind === "text" ? "436 more cells are not drawn" : "489 others");
    }
  });

  it("draws columns whose heights are the shares, and apart from them the missing values", () => {
    const page = renderDriftHtml(report([feature("amount")]));
    const heights = (side: string) =>
      [...new RegExp(`<g class="${side}">(.*?)</g>`).exec(page)![1]!.matchAll(/height="([\d.]+)"/g)].map(([, height]) =>
        Number(height),
      );
    // The scale ends at 60 %, in 150 pixels.
    expect(heights("re")).toEqual([150 * (0.5 / 0.6), 62.5, 62.5, 0].map((height) => expect.closeTo(height, 1)));
    expect(heights("cu")).toEqual([31.25, 125, 31.25, 62.5].map((height) => expect.closeTo(height, 1)));
    expect(page.match(/class="ha"/g)).toHaveLength(1);
    expect(page).toContain(">1.5</text>");
    expect(page).toContain(">missing</text>");
    expect(page).toContain("<title>(1.5, 2]: reference 25.0 %, current 50.0 %</title>");
  });

  it("draws bars of categories whose lengths are the shares, the greatest as long as the plot", () => {
    const bins = [bin("CH", 0.5, 0.25), bin("DE", 0.5, 0.5), bin("unseen", 0, 0.25)];
    const page = renderDriftHtml(report([feature("country", { kind: "categorical", bins })]));
    const plot = /<svg class="bars".*?<\/svg>/.exec(page)![0];
    const widths = (side: string) =>
      [...plot.matchAll(new RegExp(`class="${side}"[^>]*? width="([\\d.]+)%"`, "g"))].map(([, width]) => Number(width));
    expect(widths("re")).toEqual([100, 100, 0]);
    expect(widths("cu")).toEqual([50, 100, 50]);
    expect(plot).toContain('<text class="it" y="91">unseen</text>');
  });

  it("draws history in the order of time with both thresholds, gaps where there is none, and roots where it is steep", () => {
    const history = [
      { until: 3000, features: { a: 0.5 } },
      { until: 1000, features: { a: 0.25, b: 1 } },
      { until: 2000, features: { a: Number.NaN } },
    ];
    const page = renderDriftHtml(report([feature("a")]), { history, thresholds: { psiModerate: 0.2, psiSignificant: 0.4 } });
    const [a] = [...page.matchAll(/<path class="l l(\d)" d="([^"]*)"/g)].filter(([, , d]) => d !== "M0 7H34");
    expect(a![2]).toBe("M0 167.5h3M1000 115h3");
    expect(page).toContain(">moderate 0.2</text>");
    expect(page).toContain(">significant 0.4</text>");
    expect(page).not.toContain("square roots");
    const steep = renderDriftHtml(report([feature("a")]), {
      history: [{ until: 1, features: { a: 9, toString: 1 } as Record<string, number> }],
    });
    expect(steep).toContain("The scale is that of square roots.");
    expect(renderDriftHtml(report([feature("a")]), { history: [] })).not.toContain("PSI over time");
  });

  it("keeps the greatest of neighbours where a line has too many points", () => {
    const history = historyOf(5000, ["a"]).map((point, t) => ({ ...point, features: { a: t === 2345 ? 1 : 0 } }));
    const page = renderDriftHtml(report([feature("a")]), { history });
    const d = /<path class="l l0" d="(M[^"]*L[^"]*)"/.exec(page)![1]!;
    expect(d.split(/[ML]/).length - 1).toBe(100);
    expect(d).toContain("L469.1 10");
  });

  it("looks right without enough rows, without features and without cells", () => {
    const warnings = ["A verdict needs 30 rows on both sides"];
    const given = {
      verdict: "insufficient_data",
      confirmed: "insufficient_data",
      since: null,
      until: null,
      rows: 0,
      roles: {},
    } as const;
    const empty = renderDriftHtml(report([], { ...given, warnings }));
    expect(textOf(empty)).toMatch(/Insufficient data\nThere are too few rows .*\nNote\nA verdict needs 30 rows on both sides\n/);
    expect(textOf(empty)).toContain("no rows");
    expect(empty).not.toMatch(/<h2>|–/);
    expect(malformed(empty)).toBeUndefined();
    expect(renderDriftHtml(report([feature("a", { bins: [], hints: [] })]))).toContain("No cells hold rows.");
  });

  it("has segments, agreement of methods and what the features show together", () => {
    const segments = [
      {
        segment: "web",
        verdict: "significant",
        rows: 10,
        referenceRows: 20,
        features: ["a", "b", "c", "d"].map((name) => feature(name)),
      },
      { segment: "", verdict: "insufficient_data", rows: 1, referenceRows: 20, features: [] },
    ] as const;
    const agreement = [
      {
        feature: "a",
        votes: { none: 1, moderate: 0, significant: 1 },
        majority: "significant",
        agreement: 0.5,
        findings: [
          { method: "psi", statistic: 1, effect: 0.5, pValue: 0, adjusted: 0, level: "significant" },
          { method: "welch", statistic: 1, effect: 0.01, pValue: 1, adjusted: 1, level: "none" },
        ],
      },
    ] as const;
    const text = textOf(renderDriftHtml({ ...report([feature("a")], { segments }), agreement }, { multivariate }));
    expect(text).toContain("1 of 1 feature has moved in all rows; something has moved in 1 of 2 segments.");
    expect(text).toMatch(/web\nsignificant\n10\n20\n0\.400\na\n, \nb\n, \nc\n and 1 more/);
    expect(text).toMatch(/empty\ninsufficient data\n1\n20\n–\n–/);
    expect(text).toMatch(/Feature\nMajority\npsi\nwelch\na\nsignificant\n 50 %\nS 0\.500\n0\.010\n/);
    expect(text).toMatch(/0\.875\narea under the ROC curve/);
    expect(text).toContain("Too few rows in the samples.");
  });

  it("shows e-values where they are the evidence, even beyond the greatest number", () => {
    const page = renderDriftHtml(
      report([feature("a", { logEValue: 5000 }), feature("b", { logEValue: 50 })], { evidence: "e-value" }),
      {
        maxFeatures: 0,
      },
    );
    expect(textOf(page)).toMatch(/\na\n.*\n1E2171\n/s);
    expect(textOf(page)).toMatch(/\nb\n.*\n5E21\n/s);
    expect(page).not.toContain("Adjusted p<");
  });

  it("has text of contrast 4.5 and marks of contrast 3, light and dark", () => {
    const page = renderDriftHtml(report([]));
    const [light, dark] = [...page.matchAll(/:root\{(color-scheme:[^}]*)\}/g)].map(([, block]) =>
      Object.fromEntries([...block!.matchAll(/--([\w-]+):(#[0-9a-f]+)/g)].map(([, name, colour]) => [name!, colour!])),
    );
    for (const colours of [light!, dark!]) {
      const pairs = [
        "ink bg",
        "ink card",
        "ink soft",
        "ink m-in",
        "mu bg",
        "mu card",
        "mu soft",
        "link card",
        "s s-in",
        "m m-in",
        "n n-in",
        "i i-in",
      ];
      const lines = Array.from({ length: 8 }, (_, i) => `l${i} card`);
      for (const pair of [...pairs, ...lines]) expect([pair, contrast(colours, pair) >= 4.5]).toEqual([pair, true]);
      for (const pair of ["ref card", "cur card", "cur soft"]) expect([pair, contrast(colours, pair) >= 3]).toEqual([pair, true]);
    }
  });

  it("writes numbers and times as the locale has them", () => {
    const page = renderDriftHtml(report([feature("a")]), { locale: "de-DE", generatedAt: Date.UTC(2026, 6, 1, 12) });
    expect(page).toContain("1.234");
    expect(page).toContain("01.07.2026, 12:00");
  });

  it.each<[string, DriftHtmlOptions]>([
    ["locale", { locale: "not a locale" }],
    ["maxFeatures", { maxFeatures: -1 }],
    ["generatedAt", { generatedAt: Number.NaN }],
    ["history", { history: [{ until: Number.NaN, features: {} }] }],
    ["history", { history: [{ until: 1, features: null as never }] }],
    ["thresholds", { thresholds: { psiModerate: 0.5, psiSignificant: 0.1 } }],
    ["colour", { colour: "red" } as never],
  ])("refuses a wrong %s", (option, options) => {
    const error = (() => {
      try {
        renderDriftHtml(report([]), options);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(ModelwrightError.is(error, "CONFIG_INVALID") && error.message).toContain(option);
  });

  it("renders any report to well-formed markup without a number that is none", () => {
    fc.assert(
      fc.property(anyReport, anyHistory, fc.nat(5), (any, history, maxFeatures) => {
        const page = renderDriftHtml(any, { history, maxFeatures });
        expect(malformed(page)).toBeUndefined();
        expect(page).not.toMatch(/NaN|undefined|Infinity/);
        expect(bytes(page)).toBeLessThan(150_000);
        for (const [, value] of page.matchAll(/\s(?:[xy][12]?|c[xy]|d[xy]|r|width|height)="([^"]*)"/g)) {
          expect(value).toMatch(/^-?(?:\d+|\d*\.\d+)(?:%|em)?$/);
        }
        for (const [, d] of page.matchAll(/\sd="([^"]*)"/g))
          expect(d).toMatch(/^(?:[MLHVh]-?\d+(?:\.\d+)?(?: -?\d+(?:\.\d+)?)?)+$/);
      }),
      { numRuns: 60 },
    );
  });
});

/** @source W3C, "Web Content Accessibility Guidelines 2.2", definition of contrast ratio */
function contrast(colours: Readonly<Record<string, string>>, pair: string): number {
  const [a, b] = pair
    .split(" ")
    .map((name) => luminance(colours[name]!))
    .sort((x, y) => y - x);
  return (a! + 0.05) / (b! + 0.05);
}

function luminance(colour: string): number {
  const wide = colour.length === 4 ? colour.replaceAll(/[0-9a-f]/g, "$&$&") : colour;
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(wide.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
