// A model at work: predictions, labels that come a day later, drift, an alert, and the dashboard of it all.
// node examples/monitoring.ts

import { writeFileSync } from "node:fs";
import { DriftDetector, renderDriftReport, seeded } from "modelwright";
import { renderDriftHtml } from "modelwright/drift";
import { type AlertChannel, AlertRules, ModelMonitor, monitorSource, psiHistory } from "modelwright/monitoring";
import { sqlite } from "modelwright/sqlite";
import { FakeClock } from "modelwright/testing";
import { z } from "zod";

const HOUR = 3_600_000;
const random = seeded(7);
const clock = new FakeClock({ startMs: 1.7e12 }); // days pass in a moment; leave it out in a service

const input = z.object({ amount: z.number(), hour: z.number(), country: z.string() });
type Payment = z.infer<typeof input>;

/** Payments; from some day on one partner sends cents instead of euros. */
const payment = (inCents: boolean): Payment => {
  const euros = 20 + 80 * random.next() ** 2;
  const country = ["CH", "DE", "FR"][Math.floor(3 * random.next())]!;
  return { amount: inCents && country === "FR" ? 100 * euros : euros, hour: Math.floor(24 * random.next()), country };
};
const score = ({ amount, hour }: Payment) => 1 / (1 + Math.exp(3 - 0.03 * amount - (hour < 6 ? 1 : 0)));

const drift = new DriftDetector({ schema: input, validate: "never" });
drift.fit(Array.from({ length: 5000 }, () => payment(false)));

await using db = sqlite({ path: ":memory:" });
await using monitor = new ModelMonitor(
  { model: "fraud", task: "binary", store: db.monitoring, drift, sla: { latencyP99Ms: 20, errorRatio: 0.01 } },
  { clock },
);

const pager: AlertChannel = {
  spec: "alert-channel/1",
  name: "pager",
  deliver: async ({ severity, alerts }) => console.log(severity.toUpperCase(), alerts.map(({ summary }) => summary).join("; ")),
};
await using alerts = await AlertRules.open(
  {
    name: "fraud",
    source: monitorSource(monitor),
    store: db.keyValues,
    channels: [pager],
    rules: [
      {
        name: "drift",
        metric: "psi",
        above: { warning: 0.1, critical: 0.25 },
        windowMs: 6 * HOUR,
        forMs: 2 * HOUR,
        minCount: 500,
        summary: "{labels.feature} has moved: PSI {value}",
      },
      { name: "failures", metric: "errorRatio", severity: "critical", above: 0.05, windowMs: HOUR, minCount: 100 },
    ],
  },
  { clock },
);

for (let hour = 0; hour < 48; hour++) {
  for (let i = 0; i < 200; i++) {
    const row = payment(hour >= 30);
    const fraud = random.next() < score(row);
    const id = monitor.record({
      version: "7",
      output: score(row),
      input: row,
      latencyMs: 2 + 3 * random.next(),
      segment: row.country,
    });
    if (i % 4 === 0) await monitor.label(id, fraud ? 1 : 0);
    clock.advance(HOUR / 200);
  }
  await alerts.evaluate();
}

const { traffic, performance, sla, drift: history } = await monitor.dashboard({ from: clock.now() - 48 * HOUR, everyMs: HOUR });
const { auc } = performance.total.metrics;
console.log(
  `${traffic.total.requests} predictions, ${performance.total.labelled} labelled, p99 ${traffic.total.latency?.p99Ms.toFixed(1)} ms`,
);
console.log(
  `AUC ${auc?.value?.toFixed(3)}, between ${auc?.interval?.map((limit) => limit.toFixed(3)).join(" and ")}; SLA met: ${sla.met}`,
);

const [comparison] = history.comparisons as [(typeof history.comparisons)[0]];
console.log(renderDriftReport(comparison.report));
if (process.argv[2])
  writeFileSync(process.argv[2], renderDriftHtml(comparison.report, { title: "Payments", history: psiHistory(comparison) })); // a page to look at
