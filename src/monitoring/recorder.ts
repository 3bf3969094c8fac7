import type { Clock } from "../core/clock.ts";
import type { Issue } from "../core/errors.ts";
import type { Histogram } from "../core/histogram.ts";
import type { Logger } from "../core/logger.ts";
import type { Counter } from "../core/metrics.ts";
import { invalidInput } from "../core/schema.ts";
import type { OpenBucket } from "./bucket/open-bucket.ts";
import { MAX_CODES } from "./bucket/open-bucket.ts";
import type { OpenBuckets } from "./bucket/open-buckets.ts";
import { copied, outputIssue, topClass } from "./checked-answer.ts";
import type { MonitorMetrics } from "./monitor-metrics.ts";
import type { MonitorSettings } from "./monitor-options.ts";
import { isText, textIssue } from "./monitor-text.ts";
import type { PredictionOutput } from "./port.ts";
import type { PredictionLog } from "./prediction-log.ts";
import { isSampled } from "./sampled-ids.ts";

/** A prediction that was answered. */
export interface PredictionInput {
  /** Unique for the model; its label comes under it. One that comes again is counted, but keeps its first record. @defaultValue a new UUID of version 7 */
  readonly id?: string | undefined;
  /** Of the model, 1 to 128 characters. */
  readonly version: string;
  /** The probability of the positive class, a class, a probability for each class, or a number, as the task has it. */
  readonly output: PredictionOutput;
  /** What the model was given, for drift; not kept. @defaultValue none, and drift is not counted */
  readonly input?: unknown;
  /** How long the answer took, ms. */
  readonly latencyMs?: number | undefined;
  /** A part of the traffic that is looked at by itself, 1 to 128 characters. @defaultValue none */
  readonly segment?: string | null | undefined;
  /** When it was made, whole milliseconds since the epoch. One more than a minute ahead is taken for now. @defaultValue now */
  readonly at?: number | undefined;
}

/** A request that got no answer. */
export interface ErrorInput {
  /** Of the model, 1 to 128 characters. */
  readonly version: string;
  /** What went wrong, from a bounded set, for example `DEADLINE_EXCEEDED`; 1 to 128 characters. */
  readonly code: string;
  /** How long it took to fail, ms. */
  readonly latencyMs?: number | undefined;
  /** When it was, whole milliseconds since the epoch. One more than a minute ahead is taken for now. @defaultValue now */
  readonly at?: number | undefined;
}

/** What a {@link Recorder} needs. */
export interface RecorderOptions {
  readonly settings: MonitorSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nextId: () => string;
  readonly log: PredictionLog;
  readonly buckets: OpenBuckets;
  readonly metrics: MonitorMetrics;
  /** Hears after each record that something waits; `urgent` when half of the room for records or for buckets is taken. */
  readonly onRecorded: (urgent: boolean) => void;
}

/** What is at hand of one version. */
interface VersionState {
  readonly version: string;
  readonly predictions: Counter;
  readonly seconds: Histogram;
  readonly errors: Map<string, Counter>;
  bucket: OpenBucket | undefined;
}

/** Versions at hand; one more lets go of the one that came first. */
const MAX_VERSIONS = 200;

/** How far clocks may disagree. */
const MAX_AHEAD_MS = 60_000;

/** Counts and logs each prediction as it comes, without waiting for anything. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #task: MonitorSettings["task"];
  readonly #threshold: number;
  readonly #sampling: number;
  readonly #urgentAt: number;
  readonly #versions = new Map<string, VersionState>();
  #last: VersionState | undefined;
  #isDropping = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    const { task, threshold, sampling, buffer } = options.settings;
    this.#task = task;
    this.#threshold = task === "binary" ? threshold : Number.POSITIVE_INFINITY;
    this.#sampling = sampling;
    this.#urgentAt = buffer.maxRecords / 2;
  }

  record(given: PredictionInput): string {
    const { id, version, output: answer, input, latencyMs, segment, at } = asObject(given, "The prediction");
    const output = copied(answer); // what is checked is what is kept
    const answered = this.#isAnswer(output);
    if (
      answered === false ||
      !isVersion(version, this.#last) ||
      !isDuration(latencyMs) ||
      !isTime(at) ||
      !(segment === undefined || segment === null || isText(segment)) ||
      !(id === undefined || isText(id))
    ) {
      throw invalidInput("The prediction", this.#issues({ id, version, output, latencyMs, segment, at }));
    }
    const time = this.#timeOf(at);
    const state = this.#stateOf(version);
    const bucket = this.#bucketOf(state, time);
    bucket.predictions += 1;
    bucket.touch(time);
    if (typeof output === "number") {
      bucket.outputs.add(output);
      if (output >= this.#threshold) bucket.positives += 1;
    } else {
      bucket.classes.add(answered as string);
      if (typeof output === "object") bucket.outputs.add(output[answered as string]!);
    }
    state.predictions.inc();
    if (latencyMs !== undefined) {
      bucket.latency.add(latencyMs);
      state.seconds.record(latencyMs / 1000);
    }
    if (input !== undefined) this.#observe(bucket, input);
    const kept = id ?? this.#options.nextId();
    bucket.fates[this.#log(kept, version, time, segment ?? null, output)] += 1;
    this.#recorded();
    return kept;
  }

  recordError(given: ErrorInput): void {
    const { version, code, latencyMs, at } = asObject(given, "The failed request");
    if (!isVersion(version, this.#last) || !isText(code) || !isDuration(latencyMs) || !isTime(at)) {
      const issues = this.#issues({ version, latencyMs, at });
      throw invalidInput("The failed request", isText(code) ? issues : [...issues, textIssue(["code"])]);
    }
    const time = this.#timeOf(at);
    const state = this.#stateOf(version);
    const bucket = this.#bucketOf(state, time);
    bucket.touch(time);
    bucket.countError(code, latencyMs);
    let counter = state.errors.get(code);
    if (counter === undefined) {
      counter = this.#options.metrics.errors(version, code);
      if (state.errors.size < MAX_CODES) state.errors.set(code, counter);
    }
    counter.inc();
    this.#recorded();
  }

  #recorded(): void {
    const { log, buckets, onRecorded } = this.#options;
    onRecorded(log.size >= this.#urgentAt || buckets.crowded);
  }

  /** The class that was answered; true for a number; false for what is no answer of the task. */
  #isAnswer(output: PredictionOutput): string | boolean {
    if (this.#task === "binary") return typeof output === "number" && output >= 0 && output <= 1;
    if (this.#task === "regression") return Number.isFinite(output);
    if (typeof output === "string") return isText(output) && output;
    return typeof output === "object" && output !== null && !Array.isArray(output) && (topClass(output) ?? false);
  }

  /** Keeps a record of the prediction, if it is in the sample and there is room. */
  #log(id: string, version: string, at: number, segment: string | null, output: PredictionOutput) {
    const { log, metrics, logger } = this.#options;
    if (!isSampled(id, this.#sampling)) {
      metrics.notSampled.inc();
      return "notSampled";
    }
    if (!log.hasRoom) {
      metrics.dropped.inc();
      if (!this.#isDropping) logger.warn("Records of predictions are dropped: the buffer is full", { records: log.size });
      this.#isDropping = true;
      return "dropped";
    }
    this.#isDropping = false;
    log.push({ id, version, at, segment, output });
    metrics.buffered.add(1);
    return "logged";
  }

  /** A source that fails does not fail the prediction. */
  #observe(bucket: OpenBucket, input: unknown): void {
    try {
      bucket.observe(input);
    } catch {
      this.#options.metrics.driftFailures.inc();
    }
  }

  #timeOf(at: number | undefined): number {
    const now = Math.floor(this.#options.clock.now());
    if (at === undefined) return now;
    if (at <= now + MAX_AHEAD_MS) return at;
    this.#options.metrics.clockAhead.inc();
    return now;
  }

  #bucketOf(state: VersionState, at: number): OpenBucket {
    const { bucket } = state;
    if (bucket?.open && at >= bucket.opening.at && at < bucket.end) return bucket;
    state.bucket = this.#options.buckets.at(state.version, at);
    return state.bucket;
  }

  #stateOf(version: string): VersionState {
    if (this.#last?.version === version) return this.#last;
    let state = this.#versions.get(version);
    if (state === undefined) {
      if (this.#versions.size >= MAX_VERSIONS) {
        for (const first of this.#versions.keys()) {
          this.#versions.delete(first);
          break;
        }
      }
      state = { version, ...this.#options.metrics.version(version), errors: new Map(), bucket: undefined };
      this.#versions.set(version, state);
    }
    this.#last = state;
    return state;
  }

  /** What is wrong, looked for only when something is. */
  #issues(given: {
    readonly id?: unknown;
    readonly version: unknown;
    readonly output?: PredictionOutput;
    readonly latencyMs: unknown;
    readonly segment?: unknown;
    readonly at: unknown;
  }): readonly Issue[] {
    const issues: Issue[] = [];
    for (const name of ["id", "version", "segment"] as const) {
      const value = given[name];
      const mayLack = name === "version" ? false : value === undefined || (name === "segment" && value === null);
      if (!(mayLack || isText(value)) && name in given) issues.push(textIssue([name]));
    }
    if ("output" in given && this.#isAnswer(given.output!) === false) issues.push(outputIssue(this.#task));
    if (!isDuration(given.latencyMs)) issues.push({ path: ["latencyMs"], message: "expected milliseconds, at least 0" });
    if (!isTime(given.at)) issues.push({ path: ["at"], message: "expected whole milliseconds since the epoch" });
    return issues;
  }
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` unless it is an object */
function asObject<T extends object>(given: T, subject: string): T {
  if (typeof given === "object" && given !== null) return given;
  throw invalidInput(subject, [{ path: [], message: "expected an object" }]);
}

/** A version that was used last has been checked. */
function isVersion(version: unknown, last: VersionState | undefined): boolean {
  return version === last?.version ? last !== undefined : isText(version);
}

function isDuration(value: unknown): boolean {
  return value === undefined || (typeof value === "number" && value >= 0 && value < Number.POSITIVE_INFINITY);
}

/** Whether a value is a time, or left out. */
export function isTime(value: unknown): boolean {
  return value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0);
}
