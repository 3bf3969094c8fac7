// The main job, end to end, on real data. Run it with: npm run demo
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DriftDetector,
  type DriftReport,
  FeatureServer,
  featureView,
  HybridRouter,
  InferenceSession,
  ModelRegistry,
  onDemandFeature,
  type Predictor,
  renderDriftReport,
  seeded,
  sha256,
  shuffle,
} from "modelwright";
import { fs } from "modelwright/fs";
import { onnx } from "modelwright/onnx";
import { logisticModel } from "modelwright/onnx-format";
import { sqlite } from "modelwright/sqlite";
import { accuracy, logLoss, mcNemarTest, rocAuc } from "modelwright/stats";
import { z } from "zod";
import { drifted } from "./drift.ts";
import { loadSamples, type Measurement, measurements, type Sample } from "./load-data.ts";
import { trainLogistic } from "./train-logistic.ts";

const startedAt = performance.now();
const step = (title: string) => console.log(`\n${title}`);
const say = (text: string) => console.log(text.replaceAll(/^(?=.)/gm, "  "));
const percent = (ratio: number) => `${(100 * ratio).toFixed(1)} %`;
const random = seeded(2024);

const folder = await mkdtemp(join(tmpdir(), "modelwright-demo-"));
await using resources = new AsyncDisposableStack();
resources.defer(async () => {
  await rm(folder, { recursive: true, force: true });
  say(`Removed ${folder}. Done in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
});

step("1. State and data");
const db = resources.use(sqlite({ path: join(folder, "modelwright.db") }));
const blobs = resources.use(fs(join(folder, "artifacts")));
const samples = shuffle(random, await loadSamples());
const training = samples.slice(0, 230);
const usual = samples.slice(230, 330);
const changed = drifted(samples.slice(330), random);
say(`One SQLite file and one artifact folder in ${folder}`);
say(
  `Breast Cancer Wisconsin (Diagnostic): ${training.length} samples to train with, then ${usual.length} usual and ${changed.length} drifted ones`,
);

step("2. Features: 30 that are stored, 1 that is computed when it is asked for");
const cell = featureView({
  name: "cell",
  entity: "sample",
  schema: z.object(Object.fromEntries(measurements.map((name) => [name, z.number()])) as Record<Measurement, z.ZodNumber>),
});
const shape = onDemandFeature({
  name: "shape",
  inputs: { mean: cell.feature("mean_area"), worst: cell.feature("worst_area") },
  schema: z.object({ area_growth: z.number().nullable() }),
  compute: ({ mean, worst }) => ({ area_growth: mean === null || worst === null ? null : worst / mean }),
});
const features = resources.use(new FeatureServer({ views: [cell], onDemand: [shape], online: db.online }));
const columns = [...measurements.map((name) => `cell.${name}` as const), "shape.area_growth"] as const;

/** Writes samples to the store and reads the rows that the model takes back from it. */
async function served(of: readonly Sample[], prefix: string) {
  await features.write(
    cell,
    of.map(({ values }, i) => ({ key: `${prefix}-${i}`, values })),
  );
  const rows = await features.getMany(
    of.map((_, i) => ({ sample: `${prefix}-${i}` })),
    columns,
  );
  return rows.map(({ values }) => input.parse(values));
}
const input = z.object(
  Object.fromEntries(columns.map((name) => [name, z.number()])) as Record<(typeof columns)[number], z.ZodNumber>,
);
const output = z.object({ probability: z.number() });
type Row = z.infer<typeof input>;

const trainingRows = await served(training, "training");
const first = await features.get({ sample: "training-0" }, ["cell.mean_radius", "shape.area_growth"]);
say(
  `training-0: mean_radius ${first.values["cell.mean_radius"]} (${first.status["cell.mean_radius"]}), area_growth ${first.values["shape.area_growth"]?.toFixed(3)} (${first.status["shape.area_growth"]})`,
);
const missing = await features.get({ sample: "nobody" }, ["cell.mean_radius"]);
say(`nobody:     mean_radius ${missing.values["cell.mean_radius"]} (${missing.status["cell.mean_radius"]})`);

step("3. Train in TypeScript, export ONNX, register");
const registry = resources.use(new ModelRegistry({ store: db.registry, blobs }));
const labelsOf = (of: readonly Sample[]) => of.map(({ malignant }) => (malignant ? 1 : 0));

async function train(rows: readonly Row[], labels: readonly number[], parent?: string) {
  const model = trainLogistic(
    rows.map((row) => columns.map((name) => row[name])),
    labels,
  );
  const bytes = logisticModel({ columns, ...model });
  const inputs = await sha256(new TextEncoder().encode(JSON.stringify([rows, labels])));
  const version = await registry.register({
    name: "tumour",
    files: { "model.onnx": bytes },
    description: "Probability that a tumour is malignant",
    hyperparameters: { algorithm: "logistic regression", l2: 0.01 },
    metrics: { training_auc: rocAuc(labels, await score(bytes, rows)), training_rows: rows.length },
    lineage: [
      { kind: "dataset", ref: inputs },
      { kind: "feature-view", ref: "cell" },
      ...(parent === undefined ? [] : [{ kind: "parent" as const, ref: parent }]),
    ],
  });
  say(
    `${version.name}@${version.version}: ${version.files[0]?.digest}, training AUC ${version.metrics["training_auc"]?.toFixed(4)}`,
  );
  return version;
}

/** Probabilities of the positive class, in one batch. */
async function score(model: Uint8Array, rows: readonly Row[]): Promise<number[]> {
  await using session = await InferenceSession.open({ model, providers: [onnx()], input, output });
  const predictions = await session.predictMany(rows);
  return predictions.map((prediction) => prediction.output.probability);
}

const champion = await train(trainingRows, labelsOf(training));
for (const stage of ["staging", "production"]) {
  const { moved } = await registry.transition(`tumour@${champion.version}`, stage);
  say(`tumour@${moved.version} is now in ${moved.stage}`);
}

step("4. Serve through a router whose edge target fails half-way");
const open = (ref: string) => InferenceSession.open({ model: registry.source(ref), providers: [onnx()], input, output });
const cloud = resources.use(await open("tumour@production"));
const session = resources.use(await open("tumour@production"));
let edgeIsDown = false;
const edge: Predictor<Row, { probability: number }> = {
  spec: "predictor/1",
  name: "edge",
  predict: (row, call) => (edgeIsDown ? Promise.reject(new Error("the device does not answer")) : session.predict(row, call)),
};
const router = resources.use(
  new HybridRouter({
    targets: { edge: { predictor: edge, timeoutMs: 50 }, cloud: { predictor: cloud } },
    policy: { deadlineMs: 1000 },
  }),
);
let fallbacks = 0;
router.onFallback(({ target, attempts }) => {
  if (fallbacks++ === 0) say(`edge ${attempts[0]?.outcome} (${attempts[0]?.message}); ${target} answered`);
});
const detector = new DriftDetector({ schema: input });
detector.fit(trainingRows);

const answeredBy = { edge: 0, cloud: 0 };
async function ask(row: Row): Promise<number> {
  const result = await router.predict(row);
  answeredBy[result.route.target] += 1;
  detector.observe(result.input);
  return result.output.probability;
}

const usualRows = await served(usual, "usual");
const usualScores: number[] = [];
for (const [i, row] of usualRows.entries()) {
  edgeIsDown = i >= usualRows.length / 2;
  usualScores.push(await ask(row));
}
say(
  `${usualRows.length} answers, none lost: ${answeredBy.edge} by edge, ${answeredBy.cloud} by cloud; accuracy ${percent(
    accuracy(
      labelsOf(usual),
      usualScores.map((p) => (p >= 0.5 ? 1 : 0)),
    ),
  )}`,
);
edgeIsDown = false;

step("5. Watch for drift");
say(`usual data:   ${detector.check({ reset: true }).verdict} after ${usualRows.length} rows`);
say("Drift is made: mean_area in another unit, noise on mean_texture and worst_smoothness, two of three benign samples left out");
const changedRows = await served(changed, "changed");
// Windows of a fixed size, each checked once: whoever looks at a growing window again and again finds drift by chance.
let seen = 0;
let report: DriftReport;
do {
  const window = changedRows.slice(seen, seen + 30);
  for (const row of window) await ask(row);
  seen += window.length;
  report = detector.check({ reset: true });
} while (report.verdict !== "significant" && seen < changedRows.length);
say(`drifted data: ${report.verdict} after ${seen} rows\n`);
say(renderDriftReport(report));

step("6. Retrain on the training data and the drifted rows seen so far");
const recent = changed.slice(0, seen);
const challenger = await train(
  [...trainingRows, ...changedRows.slice(0, seen)],
  labelsOf([...training, ...recent]),
  `tumour@${champion.version}`,
);

step(`7. Compare champion and challenger on the ${changed.length - seen} drifted rows that neither has seen`);
const unseen = changedRows.slice(seen);
const labels = labelsOf(changed.slice(seen));
const candidates = [];
for (const version of [champion, challenger]) {
  const { files } = await registry.load(`tumour@${version.version}`);
  const scores = await score(files["model.onnx"]!, unseen);
  const right = scores.map((p, i) => p >= 0.5 === (labels[i] === 1));
  candidates.push({ version, right, accuracy: right.filter(Boolean).length / right.length, loss: logLoss(labels, scores) });
}
const [before, after] = candidates as [(typeof candidates)[number], (typeof candidates)[number]];
for (const { version, accuracy, loss } of candidates)
  say(`tumour@${version.version}: accuracy ${percent(accuracy)}, log loss ${loss.toFixed(3)}`);
const onlyRight = (a: typeof before, b: typeof before) => a.right.filter((right, i) => right && !b.right[i]).length;
const { pValue } = mcNemarTest({ b: onlyRight(before, after), c: onlyRight(after, before) });
say(`McNemar's test of equal accuracy: p = ${pValue.toExponential(1)}`);

step("8. Promote the winner");
if (after.accuracy > before.accuracy && pValue < 0.01) {
  await registry.transition(`tumour@${challenger.version}`, "staging");
  const { moved, displaced } = await registry.transition(`tumour@${challenger.version}`, "production");
  say(`tumour@${moved.version} is in ${moved.stage}; tumour@${displaced[0]?.version} moved to ${displaced[0]?.stage}`);
} else {
  say(`tumour@${champion.version} stays in production`);
}
for await (const version of registry.list({ name: "tumour" })) {
  say(
    `tumour@${version.version} ${version.stage.padEnd(10)} made from ${version.lineage.map(({ kind, ref }) => `${kind} ${ref.slice(0, 19)}`).join(", ")}`,
  );
}
console.log();
