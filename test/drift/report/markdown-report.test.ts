import { describe, expect, it } from "vitest";
import { z } from "zod";
import { seeded } from "../../../src/core/random.ts";
import { DriftDetector, renderDriftReport } from "../../../src/drift/index.ts";
import { payment, payments } from "../rows.ts";

describe("renderDriftReport", () => {
  const detector = new DriftDetector({ schema: payment });
  detector.fit(payments(seeded(50), 1000));

  it("shows the verdict and an aligned Markdown table, the worst feature first, without values", () => {
    detector.observe(payments(seeded(51), 80, { mean: 1.5, missing: 0.2, countries: ["CH", "DE", "FR", "IT"] }));
    const lines = renderDriftReport(detector.check({ reset: true })).split("\n");
    expect(lines[0]).toBe("Drift: significant in 1 of 3 features (80 rows against 1000 reference rows)");
    expect(lines[1]).toMatch(/^Note: Fewer than 100 rows/);
    const table = lines.slice(3);
    expect(table).toHaveLength(5);
    expect(new Set(table.map((line) => line.length)).size).toBe(1);
    expect(table[0]).toMatch(/^\| feature +\| level +\| +PSI \| adjusted p \| +KS D \| adjusted p \| +missing \|$/);
    expect(table[1]).toMatch(/^\| -+ \| -+ \| -+: \|/);
    expect(table[2]).toMatch(/^\| amount +\| significant \|/);
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
});
