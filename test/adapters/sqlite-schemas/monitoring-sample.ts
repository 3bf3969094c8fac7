import type { SqliteStores } from "../../../src/adapters/sqlite/index.ts";
import { all } from "../../all.ts";

const START = 1_750_000_000_000;
const SPAN = { from: START - 10, to: START + 10 };

/** Writes what monitoring keeps since 0004. */
export async function writeMonitoringSample({ monitoring }: SqliteStores): Promise<void> {
  await monitoring.addPredictions("fraud", [
    { id: "p1", version: "7", at: START, segment: null, output: 0.1 + 0.2 },
    { id: "p2", version: "7", at: START, segment: "eu", output: "spam" },
    { id: "p3", version: "8", at: START + 2, segment: "us", output: { ["__proto__"]: 0.25, "a\u0000b": 5e-324 } },
    { id: "naïve 模型 'quoted'", version: "8", at: START + 1, segment: null, output: -Number.MAX_VALUE },
  ]);
  await monitoring.addLabels(
    "fraud",
    [
      { id: "p1", label: 1, at: START + 3, replaces: false },
      { id: "p2", label: "ham", at: START + 4, replaces: false },
      { id: "p2", label: "spam \u0000 \ud800", at: START + 5, replaces: true },
    ],
    { windowMs: 1000 },
  );
  await monitoring.putBuckets("fraud", [
    { series: "7", at: START, writer: "w1", content: Uint8Array.from({ length: 256 }, (_, i) => i) },
    { series: "7", at: START, writer: "w2", content: new Uint8Array() },
    { series: "8", at: START + 1, writer: "w1", content: new Uint8Array([1, 2, 3]) },
  ]);
}

/** Everything that the port answers of the sample. */
export async function readMonitoringSample({ monitoring }: SqliteStores) {
  return {
    predictions: (await monitoring.predictions("fraud", { ...SPAN, limit: 10 })).predictions,
    labelled: (await monitoring.predictions("fraud", { ...SPAN, limit: 1, labelled: true })).predictions,
    outcomes: await monitoring.addLabels("fraud", [{ id: "p1", label: 0, at: START, replaces: false }], { windowMs: 0 }),
    buckets: await all(monitoring.buckets("fraud", SPAN)),
  };
}
