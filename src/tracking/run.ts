import type { CallOptions } from "../core/call.ts";
import { ModelwrightError, messageOf } from "../core/errors.ts";
import type { FileContent } from "../storage/stored-files.ts";
import { LIMITS, storable } from "./limits.ts";
import type { RunArtifact, RunRecord } from "./port.ts";
import type { EndStatus, RunCalls } from "./run-calls.ts";
import type { DatasetInput, MetricInput, ParamValue, RunLog } from "./run-log.ts";
import type { EndRunOptions, RunOptions } from "./tracker-options.ts";

/** The tag that says why a run has failed. */
const ERROR_TAG = "error";

/**
 * A run that goes on: logs to it, and ends it. Made by {@link ExperimentTracker.startRun} and {@link ExperimentTracker.resume}.
 *
 * Every call is one batch that the store takes as a whole or not at all, safe to send from many places at once; what the store calls
 * retryable is sent again, up to three times. Calls reject with `INPUT_INVALID` for what is malformed, and with
 * `TRACKING_RUN_NOT_FOUND` when the run was deleted.
 *
 * With `await using`, a run that nobody has ended by the end of the block is finished. A block cannot see the exception that it is left
 * by, so that such a run is finished, too: use {@link ExperimentTracker.run}, which marks it as failed.
 */
export class Run implements AsyncDisposable {
  readonly id: string;
  readonly #runs: RunCalls;
  #record: RunRecord;
  #ended = false;

  /** Not called by hosts: a tracker makes runs. */
  constructor(record: RunRecord, runs: RunCalls) {
    this.id = record.id;
    this.#record = record;
    this.#runs = runs;
  }

  /** The run as this handle has read it last: when it was started, resumed, read or ended. What was logged since is not in it. */
  get record(): RunRecord {
    return this.#record;
  }

  /** The run as it is now. */
  async read(call?: CallOptions): Promise<RunRecord> {
    this.#record = await this.#runs.read(this.id, call);
    return this.#record;
  }

  /**
   * Logs metrics, params, tags, data sets and artifacts in one step: all of it or nothing. Artifacts are stored before the record, so
   * that a failure leaves bytes that nothing refers to, never the other way round.
   *
   * @throws a {@link ModelwrightError} with code `TRACKING_PARAM_IMMUTABLE` for a param that has another value already
   */
  async log(log: RunLog, call?: CallOptions): Promise<void> {
    await this.#runs.log(this.id, log, call);
  }

  /** Logs a value of a metric; NaN and infinities are data. */
  logMetric(key: string, value: number, options: Pick<RunLog, "step" | "at"> = {}, call?: CallOptions): Promise<void> {
    const { step, at } = options;
    return this.log({ metrics: [{ key, value }], step, at }, call);
  }

  /** Logs one value for each of several metrics, at most 1000. */
  logMetrics(
    metrics: Readonly<Record<string, number>>,
    options: Pick<RunLog, "step" | "at"> = {},
    call?: CallOptions,
  ): Promise<void> {
    const { step, at } = options;
    return this.log({ metrics, step, at }, call);
  }

  /**
   * Logs any number of points, 1000 in one step; answers how many. Not atomic as a whole: when it fails, some are logged. Points that
   * say their time may be sent again, they are kept once.
   *
   * @param call - the signal also ends the wait for the next point; the time limit holds for each batch
   * @throws a {@link ModelwrightError} with code `INPUT_INVALID` for what cannot be iterated over
   */
  logHistory(points: Iterable<MetricInput> | AsyncIterable<MetricInput>, call?: CallOptions): Promise<number> {
    return this.#runs.logHistory(this.id, points, call);
  }

  /**
   * Logs params, at most 100 at once. They are write-once; the same value again is accepted.
   *
   * @throws a {@link ModelwrightError} with code `TRACKING_PARAM_IMMUTABLE` for one that has another value already
   */
  logParams(params: Readonly<Record<string, ParamValue>>, call?: CallOptions): Promise<void> {
    return this.log({ params }, call);
  }

  /** Sets the tags that are given, at most 100 at once, and removes those that are null. */
  setTags(tags: Readonly<Record<string, string | null>>, call?: CallOptions): Promise<void> {
    return this.log({ tags }, call);
  }

  /** Says what data the run uses. One with the same name, digest and context replaces the earlier one. */
  logDataset(dataset: DatasetInput, call?: CallOptions): Promise<void> {
    return this.log({ datasets: [dataset] }, call);
  }

  /**
   * Stores a file that the run has made: bytes, a stream of them or the digest of a blob that is stored already. One with the same path
   * replaces the earlier one. Bytes must not be changed before the answer; a stream is read once.
   */
  async logArtifact(path: string, content: FileContent, call?: CallOptions): Promise<RunArtifact> {
    const [stored] = await this.#runs.log(this.id, { artifacts: Object.fromEntries([[path, content]]) }, call);
    return stored!;
  }

  /**
   * The verified bytes of an artifact.
   *
   * @throws a {@link ModelwrightError} with code `STORE_NOT_FOUND` when the run has none with this path, or `STORE_CORRUPT`
   */
  artifact(path: string, call?: CallOptions): Promise<Uint8Array> {
    return this.#runs.artifact(this.id, path, call);
  }

  /** Starts a run of the same experiment that is a part of this one. */
  async startRun(options: RunOptions = {}, call?: CallOptions): Promise<Run> {
    const { experimentId } = this.#record;
    return new Run(await this.#runs.start({ ...options, experiment: experimentId, parent: this.id }, call), this.#runs);
  }

  /** Ends the run as finished. */
  finish(options?: EndRunOptions): Promise<RunRecord> {
    return this.#end("finished", options);
  }

  /**
   * Ends the run as failed.
   *
   * @param error - what went wrong; its message becomes the tag `error`, cut to 8000 characters
   */
  async fail(error?: unknown, options?: EndRunOptions): Promise<RunRecord> {
    if (error !== undefined) {
      const { endedAt: _, ...call } = options ?? {};
      await this.setTags(Object.fromEntries([[ERROR_TAG, storable(messageOf(error), LIMITS.tag)]]), call);
    }
    return this.#end("failed", options);
  }

  /** Ends the run as killed: somebody has stopped it. */
  kill(options?: EndRunOptions): Promise<RunRecord> {
    return this.#end("killed", options);
  }

  /** Finishes the run unless it has been ended, by this handle or by anybody else, or is gone. */
  async [Symbol.asyncDispose](call?: CallOptions): Promise<void> {
    if (this.#ended) return;
    try {
      const { status } = await this.read(call);
      if (status === "running") await this.finish(call);
    } catch (error) {
      if (!ModelwrightError.is(error, "TRACKING_RUN_NOT_FOUND")) throw error;
    }
  }

  async #end(status: EndStatus, options: EndRunOptions | undefined): Promise<RunRecord> {
    this.#record = await this.#runs.end(this.id, status, options);
    this.#ended = true;
    return this.#record;
  }
}
