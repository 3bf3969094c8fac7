import { describe, expect, it } from "vitest";
import { z } from "zod";
import { seeded } from "../../../src/core/random.ts";
import { DriftDetector, renderDriftReport } from "../../../src/drift/index.ts";
import { payment, payments } from "../rows.ts";
import { feature, HOSTILE, report } from "./sample-reports.ts";

describe("renderDriftReport", () => {
  const detector = new DriftDetector({ schema: payment });
  detector.fit(payments(seeded(50), 1000));

  it("shows the verdict, an aligned Markdown table, the worst feature first, and causes, without rows", () => {
    detector.observe(payments(seeded(51), 80, { mean: 1.5, missing: 0.2, countries: ["CH", "DE", "FR", "IT"] }));
    const lines = renderDriftReport(detector.check({ reset: true })).split("\n");
    expect(lines[0]).toBe("Drift: significant in 1 of 3 features (80 rows against 1000 reference rows)");
    expect(lines[1]).toBe("Confirmed over windows: none");
    expect(lines[2]).toMatch(/^Note: Fewer than 100 rows/);
    const table = lines.slice(4, 9);
    expect(table.every((line) => line.startsWith("| "))).toBe(true);
    expect(new Set(table.map((line) => line.length)).size).toBe(1);
    expect(table[0]).toMatch(
      /^\| feature +\| level +\| +PSI \| +95 % interval \| adjusted p \| +KS D \| adjusted p \| +missing \|$/,
    );
    expect(table[1]).toMatch(/^\| -+ \| -+ \| -+: \|/);
    expect(table[2]).toMatch(/^\| amount +\| significant \|/);
    expect(lines.slice(9, 12)).toEqual(["", "Explained by:", ""]);
    expect(lines[12]).toMatch(/^- (?:100\.0|9\d\.\d) % amount: \d+\.\d % of the rows have no value/);
    expect(lines.join("\n")).not.toContain("CH");
  });

  it("says why there is no verdict", () => {
    const text = renderDriftReport(detector.check());
    expect(text).toBe(
      "Drift: insufficient data (0 rows against 1000 reference rows)\n" +
        "Note: A verdict needs 30 rows on both sides, but there are 0 against 1000 reference rows",
    );
  });

  it("keeps to the worst five of many quiet features, and keeps a name from breaking the table", () => {
    const names = ["a|b", "c\nd", ...Array.from({ length: 10 }, (_, i) => `f${i}`)];
    const schema = z.object(Object.fromEntries(names.map((name) => [name, z.number()])));
    const rows = Array.from({ length: 50 }, (_, i) => Object.fromEntries(names.map((name) => [name, i])));
    const quiet = new DriftDetector({ schema });
    quiet.fit(rows);
    quiet.observe(rows);
    const lines = renderDriftReport(quiet.check()).split("\n");
    expect(lines.at(-1)).toBe("7 more without drift");
    expect(lines.filter((line) => line.startsWith("|"))).toHaveLength(7);
    expect(lines.some((line) => line.startsWith("| a\\|b "))).toBe(true);
    expect(lines.some((line) => line.startsWith("| c d "))).toBe(true);
  });

  it("says what is confirmed, the roles, the segments, and how many causes and segments it leaves out", () => {
    const features = Array.from({ length: 7 }, (_, i) =>
      feature(`f${i}`, { confirmed: "moderate", hints: [], psiDebiased: 1 - i / 10 }),
    );
    const segments = Array.from({ length: 22 }, (_, i) => ({
      segment: i === 0 ? "" : `s${i}`,
      verdict: i === 1 ? ("insufficient_data" as const) : ("significant" as const),
      rows: i,
      referenceRows: 10 * i,
      features: i === 1 ? [] : features.slice(0, 3),
    }));
    const prediction = feature("score", { role: "prediction", level: "none", confirmed: "none" });
    const text = renderDriftReport(
      report([...features, prediction], { confirmed: "moderate", segments, roles: { data: "significant", prediction: "none" } }),
    );
    const lines = text.split("\n");
    expect(lines[1]).toBe("Confirmed over windows: moderate");
    expect(lines[2]).toBe("By role: data significant, prediction none");
    expect(text).toContain("| significant (confirmed: moderate) |");
    expect(text).toMatch(
      /- 14\.3 % f4\n- 2 more\n\nSegments:\n\n- significant in the empty segment \(0 against 0 reference rows\), f0 and 2 more/,
    );
    expect(text).toContain("- insufficient data in s1 (1 against 10 reference rows)\n");
    expect(lines.at(-1)).toBe("- 2 more");
  });

  it("shows the e-value where it is the evidence, and no number where there is none", () => {
    const text = renderDriftReport(
      report([feature("a", { logEValue: 12.34, psiDebiased: Number.NaN })], { evidence: "e-value" }),
    );
    expect(text).toMatch(/\| +ln e \|/);
    expect(text).toMatch(/\| +- \| 0\.300 to 0\.500 \| +12\.3 \|/);
  });

  it("shows hostile text as text, on one line", () => {
    const names = [...HOSTILE, "https://evil.example", "www.evil.example", "**bold** _it_ snake_case ~~no~~ [a](b) $x$"];
    const segments = names.map((segment) => ({ segment, verdict: "none" as const, rows: 1, referenceRows: 1, features: [] }));
    const quiet = report(names.map((name) => feature(name)));
    const text = renderDriftReport({ ...quiet, segments, warnings: names });
    expect(text).not.toMatch(/[<>](?! )/);
    expect(text.match(/(?!\n)\p{Cc}|[\u2028\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/u)).toBeNull();
    expect(text).not.toMatch(/:\/\/|www\.|(?<!\\)[`*[\]~$]/);
    expect(text).toContain("\\*\\*bold\\*\\* \\_it\\_ snake_case");
    const rows = text.split("\n").filter((line) => line.startsWith("|"));
    expect(rows).toHaveLength(names.length + 2);
    for (const row of rows) expect(row.match(/(?<!\\)\|/g)).toHaveLength(9);
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThan(1000);
  });
});
