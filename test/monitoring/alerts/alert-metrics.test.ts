import { describe, expect, it } from "vitest";
import { memoryKeyValues } from "../../../src/adapters/memory/index.ts";
import { Metrics } from "../../../src/core/metrics.ts";
import { prometheusText } from "../../../src/core/prometheus.ts";
import { AlertRules } from "../../../src/monitoring/index.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";

describe("the metrics of alert rules", () => {
  it("say what fires, what was delivered and what failed", async () => {
    const clock = new FakeClock({ startMs: 1e12 });
    const metrics = new Metrics();
    let value: number | Error = 5;
    let taken = true;
    await using rules = await AlertRules.open(
      {
        name: "set",
        metrics,
        source: {
          samples: async () => {
            if (value instanceof Error) throw value;
            return [{ labels: { version: "1" }, value, count: 10 }];
          },
        },
        store: memoryKeyValues(),
        channels: [
          {
            spec: "alert-channel/1",
            name: "pager",
            deliver: async () => {
              if (!taken) throw new Error("down");
            },
          },
        ],
        rules: [{ name: "high", metric: "m", above: { warning: 1, critical: 10 } }],
      },
      { clock },
    );
    await rules.evaluate();
    const lines = () =>
      prometheusText(metrics)
        .split("\n")
        .filter((line) => !line.startsWith("#") && line !== "");
    expect(lines()).toContain('modelwright_alerts_firing{rule_set="set",severity="warning"} 1');
    expect(lines()).toContain('modelwright_alerts_notices_total{rule_set="set",channel="pager",outcome="delivered"} 1');
    taken = false;
    value = 20;
    clock.advance(60_000);
    await rules.evaluate();
    expect(lines()).toContain('modelwright_alerts_firing{rule_set="set",severity="warning"} 0');
    expect(lines()).toContain('modelwright_alerts_firing{rule_set="set",severity="critical"} 1');
    expect(lines()).toContain('modelwright_alerts_notices_total{rule_set="set",channel="pager",outcome="failed"} 1');
    value = new Error("no source");
    await rules.evaluate();
    await expect(rules.evaluate({ signal: AbortSignal.abort(new Error("stop")) })).rejects.toThrow("stop");
    expect(lines()).toContain('modelwright_alerts_unreadable_total{rule_set="set"} 1');
    expect(lines()).toContain('modelwright_alerts_evaluations_total{rule_set="set",outcome="ok"} 3');
  });
});
