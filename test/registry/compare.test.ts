import "../property-seed.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { metricOverVersions } from "../../src/registry/compare-metric.ts";
import { compareVersions } from "../../src/registry/compare-versions.ts";
import type { VersionRecord } from "../../src/registry/port.ts";
import { renderComparison } from "../../src/registry/render-comparison.ts";
import { sampleVersion } from "./sample-version.ts";

const file = (path: string, digit: string, sizeBytes: number) => ({
  path,
  digest: `sha256:${digit.repeat(64)}` as const,
  sizeBytes,
});
const rowOf = <R extends { readonly key: string }>(rows: readonly R[], key: string): R => rows.find((row) => row.key === key)!;
const changes = (rows: readonly { readonly key: string; readonly changes: readonly string[] }[]) =>
  Object.fromEntries(rows.map((row) => [row.key, row.changes]));

describe("compareVersions", () => {
  it("puts what each version says under one key side by side", () => {
    const versions = [
      sampleVersion(1, { hyperparameters: { depth: 3, rate: { a: 1, b: [2] }, loss: null }, tags: { team: "x" } }),
      sampleVersion(2, { hyperparameters: { depth: 4, rate: { b: [2], a: 1 } }, tags: { team: "x", note: "" } }),
    ];
    const { columns, baseline, params, tags } = compareVersions(versions);
    expect([columns, baseline]).toEqual([["fraud@1", "fraud@2"], 0]);
    expect(params).toEqual([
      { key: "depth", cells: [{ value: 3 }, { value: 4 }], equal: false },
      { key: "loss", cells: [{ value: null }, null], equal: false },
      { key: "rate", cells: [{ value: { a: 1, b: [2] } }, { value: { b: [2], a: 1 } }], equal: true },
    ]);
    expect(tags).toEqual([
      { key: "note", cells: [null, { value: "" }], equal: false },
      { key: "team", cells: [{ value: "x" }, { value: "x" }], equal: true },
    ]);
  });

  it("says by how much a metric differs from the baseline, and whether for the better", () => {
    const directions = { auc: "maximize", loss: "minimize" } as const;
    const versions = [
      sampleVersion(1, { metrics: { auc: 0.5, loss: 2, time: 7 }, directions }),
      sampleVersion(2, { metrics: { auc: 0.75, loss: 3, time: 5 }, directions: {} }),
      sampleVersion(3, { metrics: { auc: 0.5, loss: 1, only: 1 }, directions: {} }),
    ];
    expect(compareVersions(versions).metrics).toEqual([
      {
        key: "auc",
        direction: "maximize",
        equal: false,
        cells: [
          { value: 0.5, delta: 0, verdict: "equal" },
          { value: 0.75, delta: 0.25, verdict: "better" },
          { value: 0.5, delta: 0, verdict: "equal" },
        ],
      },
      {
        key: "loss",
        direction: "minimize",
        equal: false,
        cells: [
          { value: 2, delta: 0, verdict: "equal" },
          { value: 3, delta: 1, verdict: "worse" },
          { value: 1, delta: -1, verdict: "better" },
        ],
      },
      { key: "only", direction: null, equal: false, cells: [null, null, { value: 1, delta: null, verdict: "unknown" }] },
      {
        key: "time",
        direction: null,
        equal: false,
        cells: [{ value: 7, delta: 0, verdict: "equal" }, { value: 5, delta: -2, verdict: "unknown" }, null],
      },
    ]);
  });

  it("does not judge where two versions declare contrary directions", () => {
    const versions = [
      sampleVersion(1, { metrics: { x: 1 }, directions: { x: "maximize" } }),
      sampleVersion(2, { metrics: { x: 2 }, directions: { x: "minimize" } }),
    ];
    expect(compareVersions(versions).metrics[0]).toMatchObject({
      direction: null,
      cells: [{}, { delta: 1, verdict: "unknown" }],
    });
  });

  it("compares with the version that it is told to", () => {
    const versions = [1, 2, 3].map((version) => sampleVersion(version, { metrics: { auc: version } }));
    const { baseline, metrics } = compareVersions(versions, { baseline: versions[2] });
    expect(baseline).toBe(2);
    expect(metrics[0]!.cells.map((cell) => [cell!.delta, cell!.verdict])).toEqual([
      [-2, "worse"],
      [-1, "worse"],
      [0, "equal"],
    ]);
  });

  it("shows what has one value, who has signed it, and no value as null", () => {
    const attestation = { payloadType: "", payload: "", signatures: [{ keyid: "k1", sig: "" }] };
    const { facts } = compareVersions([
      sampleVersion(1),
      sampleVersion(2, {
        label: "1.4.0",
        dataVersion: "d2",
        codeVersion: "c2",
        framework: "xgboost",
        description: "new",
        attestation,
      }),
    ]);
    const cells = Object.fromEntries(facts.map((row) => [row.key, row.cells.map((cell) => cell!.value)]));
    expect(cells).toMatchObject({
      label: [null, "1.4.0"],
      dataVersion: [null, "d2"],
      codeVersion: [null, "c2"],
      framework: ["scikit-learn 1.5", "xgboost"],
      description: ["", "new"],
      flavor: ["onnx", "onnx"],
      signedBy: [null, ["k1"]],
      createdAt: ["2026-01-01T05:17:31.634Z", "2026-01-02T05:17:31.634Z"],
    });
    expect(rowOf(facts, "flavor").equal).toBe(true);
  });

  it("says which inputs and outputs came, went or changed", () => {
    const input = (name: string, type: string, dims: readonly (number | string)[] | null) => ({ name, type, dims });
    const of = (inputs: readonly ReturnType<typeof input>[], outputs: readonly ReturnType<typeof input>[]) => ({
      signature: { inputs, outputs },
    });
    const { inputs, outputs } = compareVersions([
      sampleVersion(
        1,
        of([input("a", "float32", ["n", 2]), input("b", "int64", [1]), input("d", "string", null)], [input("y", "bool", [])]),
      ),
      sampleVersion(
        2,
        of([input("a", "float32", ["n", 3]), input("c", "int64", [1]), input("d", "string", null)], [input("y", "int8", [])]),
      ),
      sampleVersion(3, { signature: null }),
    ]);
    expect(changes(inputs)).toEqual({
      a: ["same", "changed", "unknown"],
      b: ["same", "removed", "unknown"],
      c: ["same", "added", "unknown"],
      d: ["same", "same", "unknown"],
    });
    expect(changes(outputs)).toEqual({ y: ["same", "changed", "unknown"] });
    expect(inputs.map(({ equal }) => equal)).toEqual([false, false, false, false]);
  });

  it("says which files came, went or changed, and by how many bytes", () => {
    const { files } = compareVersions([
      sampleVersion(1, { files: [file("model.onnx", "a", 10), file("old", "b", 1), file("same", "c", 5)] }),
      sampleVersion(2, { files: [file("model.onnx", "d", 7), file("new", "b", 1), file("same", "c", 5)] }),
    ]);
    expect(files.map(({ key, changes, sizeDeltas, equal }) => [key, changes, sizeDeltas, equal])).toEqual([
      ["model.onnx", ["same", "changed"], [0, -3], false],
      ["new", ["same", "added"], [null, null], false],
      ["old", ["same", "removed"], [0, null], false],
      ["same", ["same", "same"], [0, 0], true],
    ]);
  });

  it("refuses no versions, and a baseline that is not among them", () => {
    expect(() => compareVersions([])).toThrow(/at least one version/);
    expect(() => compareVersions([sampleVersion(1)], { baseline: { name: "fraud", version: 2 } })).toThrow(
      /baseline fraud@2 among/,
    );
  });

  const key = fc.oneof(
    fc.constantFrom("__proto__", "constructor", "toString", "hasOwnProperty", ""),
    fc.string({ unit: "binary" }),
  );
  // -0 is the one finite number that JSON does not carry.
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
  const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)));
  const metrics = fc.dictionary(key, finite, { maxKeys: 5 });
  const others = fc.record({
    metrics,
    hyperparameters: fc.dictionary(key, json, { maxKeys: 5 }),
    tags: fc.dictionary(key, fc.string(), { maxKeys: 5 }),
    directions: fc.dictionary(key, fc.constantFrom("maximize" as const, "minimize" as const), { maxKeys: 5 }),
  });
  const versions = fc
    .array(others, { minLength: 1, maxLength: 5 })
    .map((all) => all.map((given, i) => sampleVersion(i + 1, given as Partial<VersionRecord>)));

  it("survives JSON, whatever the names are, and has a row for each of them", () => {
    fc.assert(
      fc.property(versions, (given) => {
        const comparison = compareVersions(given);
        expect(JSON.parse(JSON.stringify(comparison))).toEqual(comparison);
        expect(comparison.metrics.map((row) => row.key)).toEqual(
          [...new Set(given.flatMap((v) => Object.keys(v.metrics)))].sort(),
        );
        expect(comparison.tags.every((row) => row.cells.length === given.length)).toBe(true);
      }),
    );
  });

  it("gives each version the same cells in any order of the versions", () => {
    fc.assert(
      fc.property(versions, fc.nat(), fc.nat(), (given, first, second) => {
        const baseline = given[first % given.length]!;
        const turn = second % given.length;
        const turned = [...given.slice(turn), ...given.slice(0, turn)];
        const straight = compareVersions(given, { baseline });
        const other = compareVersions(turned, { baseline });
        for (const part of ["metrics", "params", "tags"] as const) {
          const back = other[part].map((row) => {
            const cells = given.map((_, i) => row.cells[(i - turn + given.length) % given.length]);
            return { ...row, cells };
          });
          expect(back).toEqual(straight[part]);
        }
      }),
    );
  });

  it("turns differences and verdicts around with the baseline", () => {
    const turned = { better: "worse", worse: "better", equal: "equal", unknown: "unknown" };
    fc.assert(
      fc.property(fc.tuple(others, others), (given) => {
        const [a, b] = given.map((each, i) => sampleVersion(i + 1, each as Partial<VersionRecord>)) as [
          VersionRecord,
          VersionRecord,
        ];
        const there = compareVersions([a, b], { baseline: a }).metrics;
        const back = compareVersions([a, b], { baseline: b }).metrics;
        for (const [i, row] of there.entries()) {
          const [to, from] = [row.cells[1], back[i]!.cells[0]];
          if (!to || !from) continue;
          expect(from.verdict).toBe(turned[to.verdict]);
          expect(from.delta).toBe(to.delta === null ? null : 0 - to.delta);
        }
      }),
    );
  });

  it("finds nothing that differs between a version and itself", () => {
    fc.assert(
      fc.property(versions, ([version]) => {
        const { columns: _, baseline: __, ...parts } = compareVersions([version!, version!]);
        expect(
          Object.values(parts)
            .flat()
            .every((row) => row.equal),
        ).toBe(true);
      }),
    );
  });
});

describe("metricOverVersions", () => {
  it("goes from version to version, past those that lack the metric", () => {
    const series = metricOverVersions(
      [
        sampleVersion(4, { metrics: { auc: 0.5 } }),
        sampleVersion(1, { metrics: { auc: 0.5 } }),
        sampleVersion(2, { metrics: {} }),
        sampleVersion(3, { metrics: { auc: 0.75 } }),
      ],
      "auc",
    );
    expect(series).toMatchObject({ name: "fraud", metric: "auc", direction: "maximize", best: 3 });
    expect(series.points.map(({ version, metric }) => [version, metric])).toEqual([
      [1, { value: 0.5, delta: null, verdict: "unknown" }],
      [2, null],
      [3, { value: 0.75, delta: 0.25, verdict: "better" }],
      [4, { value: 0.5, delta: -0.25, verdict: "worse" }],
    ]);
  });

  it("names the earliest of the best, and none without a direction", () => {
    const versions = [1, 2, 3].map((version) =>
      sampleVersion(version, { metrics: { loss: version === 1 ? 2 : 1 }, directions: { loss: "minimize" } }),
    );
    expect(metricOverVersions(versions, "loss").best).toBe(2);
    expect(
      metricOverVersions(
        versions.map((each) => ({ ...each, directions: {} })),
        "loss",
      ).best,
    ).toBeNull();
    expect(metricOverVersions(versions, "constructor")).toMatchObject({
      direction: null,
      best: null,
      points: [{ metric: null }, {}, {}],
    });
  });

  it("refuses versions of several models, and none", () => {
    expect(() => metricOverVersions([sampleVersion(1), sampleVersion(1, { name: "spam" })], "auc")).toThrow(
      /those of fraud, spam/,
    );
    expect(() => metricOverVersions([], "auc")).toThrow(/got none/);
  });
});

describe("renderComparison", () => {
  const rendered = (...given: readonly Partial<VersionRecord>[]) =>
    renderComparison(compareVersions(given.map((each, i) => sampleVersion(i + 1, each))));

  it("is a table for each part, with the baseline and the equal rows marked", () => {
    const comparison = compareVersions([
      sampleVersion(1, { metrics: { auc: 0.9, n: 5 }, files: [file("model.onnx", "a", 10)] }),
      sampleVersion(2, {
        metrics: { auc: 0.875, n: 5 },
        files: [file("model.onnx", "b", 12)],
        signature: { inputs: [], outputs: [] },
      }),
    ]);
    const markdown = renderComparison(comparison);
    expect(markdown.split("\n").slice(0, 7)).toEqual([
      "## Metrics",
      "",
      "|  |  | fraud@1 (baseline) | fraud@2 |",
      "| --- | --- | --- | --- |",
      "|  | auc | 0.9 | 0.875 (-0.025, worse) |",
      "| = | n | 5 | 5 |",
      "",
    ]);
    expect(markdown).toContain("|  | features | float32\\[batch, 2\\] | **removed** |");
    expect(markdown).toContain(
      "|  | model.onnx | 10 bytes sha256:aaaaaaaaaaaa | 12 bytes (+2) sha256:bbbbbbbbbbbb **changed** |",
    );
    expect(renderComparison(comparison, { onlyDifferences: true })).not.toContain("| n |");
  });

  it("says so when nothing differs", () => {
    const version = sampleVersion(1);
    expect(renderComparison(compareVersions([version, version]), { onlyDifferences: true })).toBe(
      "No differences between fraud@1, fraud@1\n",
    );
  });

  it("renders comparisons of other things by the parts that they have", () => {
    const row = { key: "lr", cells: [{ value: "0.1" }, null], equal: false };
    const markdown = renderComparison({
      columns: ["run a", "run b"],
      baseline: 1,
      facts: [],
      params: [row],
      metrics: [],
      tags: [],
    });
    expect(markdown).toBe("## Parameters\n\n|  |  | run a | run b (baseline) |\n| --- | --- | --- | --- |\n|  | lr | 0.1 |  |\n");
  });

  it("renders the data sets and artifacts of runs", () => {
    const digest = `sha256:${"a".repeat(64)}` as const;
    const markdown = renderComparison({
      columns: ["a", "b"],
      baseline: 0,
      facts: [],
      params: [],
      metrics: [],
      tags: [],
      datasets: [{ key: "train", cells: [{ value: "d1" }, { value: "d1" }], equal: true }],
      artifacts: [
        { key: "plot.png", cells: [null, { value: { digest, sizeBytes: 3 } }], changes: ["same", "added"], equal: false },
      ],
    });
    expect(markdown).toContain(
      "## Data sets\n\n|  |  | a (baseline) | b |\n| --- | --- | --- | --- |\n| = | train | d1 | d1 |\n",
    );
    expect(markdown).toContain("|  | plot.png |  | 3 bytes sha256:aaaaaaaaaaaa **added** |");
  });

  it.each([
    ["a pipe", "a|b", "a\\|b"],
    ["a pipe that is escaped", "a\\|b", "a\\\\\\|b"],
    ["a line break", "a\r\n\n| b\u2028c\u0085d", "a \\| b c d"],
    ["HTML", '<img src=x onerror="y">&amp;', '&lt;img src=x onerror="y"&gt;&amp;amp;'],
    ["code", "`a`", "\\`a\\`"],
    ["a link", "[a](javascript:x)", "\\[a\\](javascript:x)"],
    ["an address", "see https://evil.example and WWW.evil.example", "see https&#58;//evil.example and WWW&#46;evil.example"],
    ["emphasis", "**a** _b_ ~~c~~ roc_auc", "\\*\\*a\\*\\* \\_b\\_ \\~\\~c\\~\\~ roc_auc"],
    ["text that turns around", "a\u202eb\u2066c\u0007d\ud800", "a\ufffdb\ufffdc\ufffdd\ufffd"],
    ["a long text", "x".repeat(500), `${"x".repeat(199)}…`],
  ])("shows %s as text", (_, tag, expected) => {
    expect(rendered({ tags: { t: tag } })).toContain(`| t | ${expected} |\n`);
    expect(rendered({ tags: { [tag]: "v" } })).toContain(`| ${expected} | v |\n`);
  });

  it("has as many cells in each line as its head, whatever the text", () => {
    const cells = (line: string) => line.replaceAll(/\\[\s\S]/g, "").split("|").length;
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })), (tags) => {
        const lines = rendered({ tags }, {})
          .split("\n")
          .filter((line) => line.startsWith("|"));
        expect(new Set(lines.map(cells))).toEqual(new Set([6]));
      }),
    );
  });
});
