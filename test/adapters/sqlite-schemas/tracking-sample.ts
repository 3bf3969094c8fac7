import type { SqliteStores } from "../../../src/adapters/sqlite/index.ts";
import type { RunBatch, RunDraft } from "../../../src/tracking/port.ts";

const START = 1_750_000_000_000;
const digest = `sha256:${"0123456789abcdef".repeat(4)}` as const;

function draft(id: string, given: Partial<RunDraft> = {}): RunDraft {
  const fixed = { experimentId: "e1", parentId: null, status: "running", createdBy: null, startedAt: START } as const;
  return { id, name: `run ${id}`, params: {}, tags: {}, ...fixed, ...given };
}

function batch(given: Partial<RunBatch>): RunBatch {
  return { metrics: [], params: {}, tags: {}, datasets: [], artifacts: [], ...given };
}

/** Writes what runs keep since 0003. */
export async function writeTrackingSample({ tracking }: SqliteStores): Promise<void> {
  await tracking.insertExperiment({ id: "e1", name: "churn", tags: { team: "risk" }, createdAt: START });
  await tracking.insertExperiment({ id: "e2", name: "naïve 模型 'quoted'", tags: {}, createdAt: START + 1 });
  await tracking.changeExperiment("e2", { deletedAt: START + 2 }, START + 2);
  await tracking.insertRun(draft("r1", { params: { rate: "0.1" }, tags: { team: "risk" }, createdBy: "ada" }));
  await tracking.insertRun(draft("r2", { parentId: "r1", startedAt: START + 5, status: "scheduled" }));
  const values = [0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MAX_VALUE, 5e-324];
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, -0.5];
  await tracking.logBatch(
    "r1",
    batch({
      metrics: [
        ...odd.map((value) => ({ key: "odd", value, step: 0, at: START })),
        ...values.flatMap((value, i) => [
          { key: "loss", value, step: i, at: START },
          { key: `m${i}`, value, step: Number.MIN_SAFE_INTEGER, at: START },
        ]),
      ],
      params: { constructor: "1", "layers/模型": "[64,32]" },
      tags: { empty: "" },
      datasets: [{ name: "train", digest: "ab", context: "training", source: { rows: [1, null], text: "\u0000" } }],
      artifacts: [{ path: "plots/roc.svg", digest, sizeBytes: Number.MAX_SAFE_INTEGER }],
    }),
  );
  await tracking.changeRun("r1", { status: "finished", endedAt: START + 9 });
  await tracking.changeRun("r2", { deletedAt: START + 9 });
}

/** Everything that the port answers of the sample. */
export async function readTrackingSample({ tracking }: SqliteStores) {
  const loss = { entity: "metric", key: "loss" } as const;
  return {
    experiments: (await tracking.searchExperiments({ limit: 10 })).items,
    runs: (await tracking.searchRuns({ limit: 10 })).items,
    found: (await tracking.searchRuns({ limit: 10, where: { op: "<", field: loss, value: 1 } })).items.map(({ id }) => id),
    history: (await tracking.metricHistory({ runId: "r1", key: "loss", limit: 100 })).items,
    odd: (await tracking.metricHistory({ runId: "r1", key: "odd", limit: 100 })).items,
    unreferenced: await tracking.claimBlobs([digest]),
  };
}
