import { memoryKeyValues } from "../../../src/adapters/memory/index.ts";
import { silentLogger } from "../../../src/core/logger.ts";
import {
  type AlertChannel,
  type AlertNotice,
  type AlertRule,
  AlertRules,
  type AlertRulesOptions,
  type MetricSample,
  type MetricSource,
} from "../../../src/monitoring/alerts/index.ts";
import type { KeyValueStore } from "../../../src/storage/port.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";

export const MINUTE = 60_000;

/** A channel that keeps what it got, and fails on demand. */
export interface RecordingChannel extends AlertChannel {
  readonly notices: AlertNotice[];
  /** Notices of every attempt, those that failed among them. */
  readonly attempts: AlertNotice[];
  failWith: ((notice: AlertNotice) => unknown) | undefined;
}

export function recordingChannel(name = "chat"): RecordingChannel {
  const channel: RecordingChannel = {
    spec: "alert-channel/1",
    name,
    notices: [],
    attempts: [],
    failWith: undefined,
    async deliver(notice) {
      channel.attempts.push(notice);
      const failure = await channel.failWith?.(notice);
      if (failure !== undefined) throw failure;
      channel.notices.push(notice);
    },
  };
  return channel;
}

/** Alert rules at a clock that stands still, with a source that answers what the test says. */
export class AlertBench implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly chat = recordingChannel();
  readonly store: KeyValueStore;
  samples: readonly MetricSample[] = [];
  readonly source: MetricSource = { samples: async () => this.samples };
  readonly options: Omit<AlertRulesOptions, "store" | "source" | "name">;
  rules!: AlertRules;

  constructor(options: Omit<AlertRulesOptions, "store" | "source" | "name">, store: KeyValueStore = memoryKeyValues()) {
    this.options = options;
    this.store = store;
  }

  static async open(
    rules: readonly AlertRule[],
    options: Partial<Omit<AlertRulesOptions, "store" | "source">> = {},
    store?: KeyValueStore,
  ): Promise<AlertBench> {
    const bench = new AlertBench({ rules, ...options }, store);
    bench.rules = await bench.engine();
    return bench;
  }

  /** Another one on the same store, with the options changed. */
  engine(changes: Partial<AlertRulesOptions> = {}, clock: FakeClock = this.clock): Promise<AlertRules> {
    const { store, source, options, chat } = this;
    return AlertRules.open(
      { name: "fraud", store, source, channels: [chat], ...options, ...changes },
      { clock, logger: silentLogger },
    );
  }

  /** Ends the rules and opens them again, as a restart of the process does. */
  async restart(changes: Partial<AlertRulesOptions> = {}): Promise<void> {
    await this.rules.close();
    this.rules = await this.engine(changes);
  }

  /** Sets the value of the series without labels; undefined for no sample, null for no value. */
  set(value: number | null | undefined, count = 1000): void {
    this.samples = value === undefined ? [] : [{ labels: {}, value, count }];
  }

  /** Sets the values of series with the label `model`. */
  setModels(values: Readonly<Record<string, number | null>>): void {
    this.samples = Object.entries(values).map(([model, value]) => ({ labels: { model }, value, count: 1000 }));
  }

  /** Evaluates, then lets a minute pass. */
  async step(value?: number | null): Promise<void> {
    if (value !== undefined) this.set(value);
    await this.rules.evaluate();
    this.clock.advance(MINUTE);
  }

  /**
   * Plays values a minute apart, `_` for no value and `x` for no sample, and answers what the alert was after each: `.` inactive or unknown,
   * `p` pending, `r` resolved, and of those that fire the first letter of the severity.
   */
  async play(values: string): Promise<string> {
    const phases: string[] = [];
    for (const value of values.split(" ")) {
      this.set(value === "x" ? undefined : value === "_" ? null : Number(value));
      await this.rules.evaluate();
      const [alert] = await this.rules.alerts();
      phases.push(alert === undefined || alert.state === "inactive" ? "." : (alert.severity ?? alert.state)[0]!);
      this.clock.advance(MINUTE);
    }
    return phases.join(" ");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rules.close();
    await this.store[Symbol.asyncDispose]();
  }
}

/** What a notice tells, in short: `firing drift{a} warning`. */
export function told(notices: readonly AlertNotice[]): readonly string[] {
  return notices.map(({ alerts }) =>
    alerts
      .map(({ news, rule, severity, labels }) => `${news} ${rule}{${Object.values(labels).join(",")}} ${severity}`)
      .join("; "),
  );
}

/** A rule with one threshold of 10. */
export function ruleAbove(changes: Partial<AlertRule> = {}): AlertRule {
  return { name: "drift", metric: "psi", severity: "warning", above: 10, ...changes };
}
