import type { CallOptions, Runtime } from "../../core/call.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { withDeadline } from "../../core/deadline.ts";
import { ModelwrightError } from "../../core/errors.ts";
import { Emitter, type Event } from "../../core/events.ts";
import { deepFreeze } from "../../core/freeze.ts";
import { uuidv7Generator } from "../../core/ids.ts";
import { keepAlive } from "../../core/keep-alive.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import { Limiter } from "../../core/limiter.ts";
import { defaultLogger, guarded, type Logger } from "../../core/logger.ts";
import type { Metrics } from "../../core/metrics.ts";
import { invalidConfig, parseOptions } from "../../core/options.ts";
import { systemRandom } from "../../core/random.ts";
import { traced } from "../../core/trace.ts";
import { AlertMetrics } from "./alert-metrics.ts";
import { type AlertRulesOptions, type AlertSettings, alertOptionsSchema } from "./alert-options.ts";
import type { AlertState, OutboxEntry } from "./alert-state.ts";
import { AlertStore } from "./alert-store.ts";
import { type Alert, type AlertTransition, showAlerts, showTransition } from "./alert-views.ts";
import { type Decision, decide } from "./decide.ts";
import { deliverAll } from "./deliverer.ts";
import { type MetricAnswers, readMetrics } from "./metric-reader.ts";
import { type DeliveryResult, isGivenUp, retryDelayMs, settle, toNotice } from "./outbox.ts";
import type { AlertNotice } from "./port.ts";
import { activeSilences, newSilence, type Silence, type SilenceInput, shownSilence, withSilence } from "./silences.ts";
import { Ticker, type TickerOptions } from "./ticker.ts";

/** What a rule could not look at in full. */
export interface AlertsLeftOut {
  readonly rule: string;
  /** Series that are bad, for which the rule has no room for an alert. */
  readonly alerts: number;
  /** Samples that are malformed, too many, double, or not what was asked for. */
  readonly samples: number;
}

/** What an evaluation has found and done. */
export interface AlertEvaluation {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly transitions: readonly AlertTransition[];
  readonly delivered: readonly AlertNotice[];
  /** Rules that the source has failed to answer; their alerts stay as they were. */
  readonly failures: readonly { readonly rule: string; readonly error: unknown }[];
  readonly leftOut: readonly AlertsLeftOut[];
}

/** A notice that a channel did not take. */
export interface DeliveryFailure {
  readonly notice: AlertNotice;
  readonly error: unknown;
  /** How often it has failed. */
  readonly attempts: number;
  /** An evaluation after so many milliseconds tries again; undefined when it is given up. */
  readonly retryInMs: number | undefined;
}

/**
 * Alerts on metrics: says when one is bad for long enough, tells channels so, once, and says when it is over.
 *
 * Each evaluation asks the source, moves the alerts of each rule and each series on, and delivers what is new. The state is kept in the
 * store: a restart changes nothing, whatever waits, and processes that share it act as one, so that each may evaluate whenever it likes. A
 * notice that cannot be delivered waits there; delivery is at least once, with a key by which a channel can tell what comes again.
 *
 * A rule that is changed goes on with the alerts that it has, judged by what it says now; those of a rule that is gone end after
 * `removedAfterMs`. Calls reject with `CLOSED` after `close()`, and as the store does when it fails; then nothing has changed, or all has,
 * and the next evaluation goes on from there.
 *
 * @example
 * ```ts
 * import { memoryKeyValues } from "modelwright";
 * import { AlertRules } from "modelwright/monitoring";
 *
 * await using store = memoryKeyValues();
 * await using alerts = await AlertRules.open({
 *   name: "fraud",
 *   store,
 *   source: { samples: async () => [{ labels: { feature: "amount" }, value: 0.31, count: 5000 }] },
 *   rules: [{ name: "drift", metric: "psi", above: { warning: 0.1, critical: 0.25 }, forMs: 600_000, minCount: 500 }],
 * });
 * alerts.onTransition(({ rule, labels, change }) => console.log(rule, labels.feature, change));
 * alerts.start({ everyMs: 60_000 });
 * ```
 */
export class AlertRules implements AsyncDisposable {
  readonly #settings: AlertSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #store: AlertStore;
  readonly #nextId: () => string;
  /** Names this object to others that share the store. */
  readonly #id: string;
  readonly #ticker: Ticker;
  readonly #turn = new Limiter({ concurrency: 1 });
  readonly #lifecycle = new Lifecycle("The alert rules");
  /** What came of deliveries, until the store knows; so that a store that fails for a while has nothing delivered twice. */
  #unsettled: { readonly createdAt: number; readonly results: readonly DeliveryResult[] } | undefined;
  /** Counters and gauges, for Prometheus text of the whole process. */
  readonly metrics: Metrics;
  readonly #series: AlertMetrics;
  readonly #transition: Emitter<AlertTransition>;
  readonly #delivered: Emitter<AlertNotice>;
  readonly #deliveryFailed: Emitter<DeliveryFailure>;
  readonly #evaluated: Emitter<AlertEvaluation>;
  readonly #evaluationFailed: Emitter<unknown>;
  /** Fires after an alert has moved and that has been stored; in one of the processes that share the store. */
  readonly onTransition: Event<AlertTransition>;
  /** Fires after a channel has taken a notice. */
  readonly onDelivered: Event<AlertNotice>;
  /** Fires after a channel has not taken a notice, which waits or is given up. */
  readonly onDeliveryFailed: Event<DeliveryFailure>;
  /** Fires after an evaluation, also with what it could not look at. */
  readonly onEvaluated: Event<AlertEvaluation>;
  /** Fires with the error after an evaluation that was begun by {@link AlertRules.start} has failed. */
  readonly onEvaluationFailed: Event<unknown>;

  /** Reads the state once, so that one that cannot be used is found here. Use this in place of a constructor. */
  static async open(options: AlertRulesOptions, runtime: Runtime = {}, call?: CallOptions): Promise<AlertRules> {
    const rules = new AlertRules(parseOptions(alertOptionsSchema, options, "AlertRules"), runtime);
    await rules.#run(call, (signal) => rules.#store.read(signal));
    return rules;
  }

  private constructor(settings: AlertSettings, { clock = systemClock, random = systemRandom, logger = defaultLogger }: Runtime) {
    this.#settings = settings;
    this.#clock = clock;
    this.#logger = guarded(logger);
    this.#store = new AlertStore(settings.store, settings.name, clock);
    this.#nextId = uuidv7Generator({ clock, random });
    this.#id = this.#nextId();
    this.metrics = settings.metrics;
    const channels = settings.channels.map(({ channel }) => channel.name);
    this.#series = new AlertMetrics(settings.metrics, settings.name, channels);
    this.#ticker = new Ticker(clock, () => this.#tick());
    this.#transition = new Emitter(logger);
    this.onTransition = this.#transition.event;
    this.#delivered = new Emitter(logger);
    this.onDelivered = this.#delivered.event;
    this.#deliveryFailed = new Emitter(logger);
    this.onDeliveryFailed = this.#deliveryFailed.event;
    this.#evaluated = new Emitter(logger);
    this.onEvaluated = this.#evaluated.event;
    this.#evaluationFailed = new Emitter(logger);
    this.onEvaluationFailed = this.#evaluationFailed.event;
  }

  /** Asks the source, moves the alerts on and delivers what is due. Calls run one after the other. */
  evaluate(call?: CallOptions): Promise<AlertEvaluation> {
    return this.#run(call, (signal) =>
      traced(
        "monitoring.alerts.evaluate",
        () => ({ ruleSet: this.#settings.name, rules: this.#settings.rules.length }),
        () => this.#turn.run(() => this.#counted(signal), { signal }),
      ),
    );
  }

  /**
   * Evaluates now and every so often until it is disposed of or the rules are closed, never two at once: where one takes longer, the next
   * follows it. What fails is told by {@link AlertRules.onEvaluationFailed}, and the next one comes all the same. Does not keep the
   * process alive.
   *
   * @throws a `ModelwrightError` with code `CONFIG_INVALID` for bad options, and `CLOSED`; a `TypeError` when it was started already
   */
  start(options: TickerOptions): Disposable {
    this.#lifecycle.assertOpen();
    return this.#ticker.start(options);
  }

  /** The alerts as they were at the last evaluation of any process: those that fire first, the most severe of them before the others. */
  alerts(call?: CallOptions): Promise<readonly Alert[]> {
    return this.#run(call, async (signal) => showAlerts(await this.#store.read(signal), this.#settings, this.#now()));
  }

  /** What has become of alerts, the newest first, as much as is kept. */
  history(call?: CallOptions): Promise<readonly AlertTransition[]> {
    return this.#run(call, async (signal) => (await this.#store.read(signal)).history.map(showTransition).reverse());
  }

  /**
   * Keeps alerts from being told of for some time. They go on meanwhile; what is so at the end of it and has not been told is told then.
   * Notices that wait to be delivered are not held back. A repeated call after a failure may add a second silence.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for a silence without a condition, or of a time that is over, and for more
   * than 500
   */
  silence(input: SilenceInput, call?: CallOptions): Promise<Silence> {
    return this.#run(call, async (signal) => {
      const silence = newSilence(input, this.#nextId(), this.#now());
      await this.#store.update((state, now) => ({ state: withSilence(state, silence, now) }), signal);
      return deepFreeze(shownSilence(silence));
    });
  }

  /** Ends a silence; whether there was one. */
  async removeSilence(id: string, call?: CallOptions): Promise<boolean> {
    const { removed } = await this.#run(call, (signal) =>
      this.#store.update((state, now) => {
        const removed = activeSilences(state, now).some((silence) => silence.id === id);
        const silences = removed ? state.silences.filter((silence) => silence.id !== id) : state.silences;
        return { state: removed ? { ...state, silences } : state, removed };
      }, signal),
    );
    return removed;
  }

  /** Silences that have not ended, those that are still to begin among them, in the order of adding. */
  silences(call?: CallOptions): Promise<readonly Silence[]> {
    return this.#run(call, async (signal) =>
      deepFreeze(activeSilences(await this.#store.read(signal), this.#now()).map(shownSilence)),
    );
  }

  /** Ends the evaluations that were started, lets one that runs finish, then lets later calls fail with `CLOSED`. The store and the channels stay open. */
  async close(): Promise<void> {
    this.#ticker.stop();
    const held = keepAlive();
    try {
      await this.#lifecycle.close();
    } finally {
      held[Symbol.dispose]();
    }
  }

  /** Calls `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #counted(signal: AbortSignal | undefined): Promise<AlertEvaluation> {
    try {
      return await this.#evaluate(signal);
    } catch (error) {
      this.#series.failed();
      throw error;
    }
  }

  async #evaluate(signal: AbortSignal | undefined): Promise<AlertEvaluation> {
    const { rules, source, queryTimeoutMs } = this.#settings;
    const answers = await readMetrics(rules, source, queryTimeoutMs, this.#clock, signal);
    const decision = await this.#store.update(
      (state, now) => decide(this.#settled(state), this.#settings, answers.samples, this.#id, now),
      signal,
    );
    this.#unsettled = undefined;
    const at = this.#now();
    const transitions = decision.transitions.map(showTransition);
    for (const transition of transitions) this.#transition.emit(transition);
    for (const entry of decision.dropped) this.#tellDropped(decision, entry);
    const delivered = await this.#deliver(decision, signal);
    const leftOut = this.#leftOut(decision, answers);
    const evaluation = Object.freeze({ at, transitions, delivered, failures: answers.failures, leftOut });
    for (const failure of answers.failures)
      this.#logger.warn("A metric could not be read; its alerts stay as they were", { ...failure });
    for (const left of leftOut) this.#logger.warn("Series of a metric were left out", { ...left });
    this.#series.evaluated(showAlerts(decision.state, this.#settings, at), answers.failures.length);
    this.#evaluated.emit(evaluation);
    return evaluation;
  }

  async #deliver(decision: Decision, signal: AbortSignal | undefined): Promise<readonly AlertNotice[]> {
    const { name, channels, delivery } = this.#settings;
    if (decision.claimed.length === 0) return [];
    const parcels = decision.claimed.map((entry) => ({ entry, notice: toNotice(decision.state, name, entry) }));
    const byName = new Map(channels.map(({ channel }) => [channel.name, channel]));
    const results = await deliverAll(parcels, byName, delivery, this.#clock, signal);
    this.#unsettled = { createdAt: decision.state.createdAt, results };
    const outcomes = new Map(results.map((result) => [result.seq, result]));
    const delivered: AlertNotice[] = [];
    for (const { entry, notice } of parcels) {
      const { outcome, error, at } = outcomes.get(entry.seq)!;
      if (outcome === "delivered") {
        delivered.push(notice);
        this.#series.notice(notice.channel, "delivered");
        this.#delivered.emit(notice);
      } else if (outcome === "failed") {
        const attempts = entry.attempts + 1;
        const retryInMs = isGivenUp(entry, delivery, at) ? undefined : retryDelayMs(attempts, delivery);
        this.#tellFailed({ notice, error, attempts, retryInMs });
      }
    }
    // Not under the caller's signal: what has been delivered is to be delivered once where that can be had.
    await this.#store.update((state) => ({ state: this.#settled(state) }), undefined);
    this.#unsettled = undefined;
    return delivered;
  }

  /** The state after the deliveries of this object that it has not heard of. */
  #settled(state: AlertState): AlertState {
    const { createdAt, results } = this.#unsettled ?? { results: [] };
    // Another one has taken the place of a state that was deleted, and its numbers are those of other notices.
    return createdAt === state.createdAt ? settle(state, results, this.#id, this.#settings.delivery) : state;
  }

  #tellDropped(decision: Decision, entry: OutboxEntry): void {
    const notice = toNotice(decision.state, this.#settings.name, entry);
    const error = invalidConfig("AlertRules", [
      { path: ["channels"], message: `no channel is named ${JSON.stringify(entry.channel)}` },
    ]);
    this.#tellFailed({ notice, error, attempts: entry.attempts, retryInMs: undefined });
  }

  #tellFailed(failure: DeliveryFailure): void {
    const { notice, error, attempts, retryInMs } = failure;
    this.#series.notice(notice.channel, retryInMs === undefined ? "given_up" : "failed");
    const facts = { channel: notice.channel, key: notice.key, error, attempts, retryInMs };
    this.#logger.warn(retryInMs === undefined ? "A notice was given up" : "A notice could not be delivered, and waits", facts);
    this.#deliveryFailed.emit(Object.freeze(failure));
  }

  #leftOut(decision: Decision, { samples }: MetricAnswers): readonly AlertsLeftOut[] {
    return this.#settings.rules.flatMap(({ name: rule }) => {
      const left = { rule, alerts: decision.leftOut.get(rule) ?? 0, samples: samples.get(rule)?.refused ?? 0 };
      return left.alerts + left.samples > 0 ? [left] : [];
    });
  }

  async #tick(): Promise<void> {
    try {
      await this.evaluate();
    } catch (error) {
      if (!this.#lifecycle.open && ModelwrightError.is(error, "CLOSED")) return;
      this.#logger.warn("Alert rules could not be evaluated", { error });
      this.#evaluationFailed.emit(error);
    }
  }

  #run<T>(call: CallOptions | undefined, work: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    return withDeadline(call, (signal) => this.#lifecycle.run(() => work(signal)), this.#clock);
  }

  #now(): number {
    return Math.floor(this.#clock.now());
  }
}
