import type { CallOptions, Runtime } from "../core/call.ts";
import { systemClock } from "../core/clock.ts";
import { Emitter, type Event } from "../core/events.ts";
import { deepFreeze } from "../core/freeze.ts";
import { uuidv7Generator } from "../core/ids.ts";
import { Lifecycle } from "../core/lifecycle.ts";
import { defaultLogger, guarded, type Logger } from "../core/logger.ts";
import { parseOptions } from "../core/options.ts";
import { systemRandom } from "../core/random.ts";
import type { Filter, SearchQuery } from "../search/port.ts";
import { type ExperimentChange, Experiments } from "./experiments.ts";
import { type ModelRegistrar, type RegistrationOptions, type RunRegistration, runRegistration } from "./model-registration.ts";
import type { MetricPoint, RunArtifact, RunRecord } from "./port.ts";
import { runDeleted } from "./rules/failures.ts";
import { Run } from "./run.ts";
import { assertId, type EndStatus, RunCalls, type RunSummary } from "./run-calls.ts";
import type { RunLog } from "./run-log.ts";
import { searchQuery } from "./search-query.ts";
import {
  assertNameOf,
  type BestRunOptions,
  bestSchema,
  type EndRunOptions,
  type ExperimentTrackerOptions,
  purgeSchema,
  type RunSearchOptions,
  runSearchSchema,
  type StartRunOptions,
  sampleSchema,
  trackerSchema,
} from "./tracker-options.ts";
import { TrackingCalls } from "./tracking-calls.ts";

/** Points of a metric read at once. */
const HISTORY_PAGE = 1000;

/** Deleted runs read at once by {@link ExperimentTracker.purge}. */
const PURGE_PAGE = 100;

/**
 * Experiments and their runs: what each run was given (params, tags, data sets), what it has measured (metrics) and made (artifacts).
 *
 * Runs are found by their ids and searched by what they have logged. Artifacts are kept under their SHA-256 digests and verified when they
 * are read. Records are frozen.
 *
 * Calls reject with `CLOSED` after `close()`, with `TRACKING_RUN_NOT_FOUND` and `TRACKING_EXPERIMENT_NOT_FOUND` for what does not exist,
 * with `INPUT_INVALID` for what is malformed, and with `STORE_FAILED` when a store fails.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for bad options
 *
 * @example
 * ```ts
 * import { memoryBlobs, memoryTracking } from "modelwright/memory";
 * import { ExperimentTracker } from "modelwright/tracking";
 *
 * await using tracker = new ExperimentTracker({ store: memoryTracking(), blobs: memoryBlobs() });
 * await tracker.run({ experiment: "churn", params: { rate: 0.1 } }, async (run) => {
 *   for (let step = 0; step < 10; step++) await run.logMetric("loss", 1 / (step + 1), { step });
 *   await run.logArtifact("notes.txt", new TextEncoder().encode("converged"));
 * });
 * const best = await tracker.best({ experiment: "churn", metric: "loss", direction: "minimize" });
 * ```
 */
export class ExperimentTracker implements AsyncDisposable {
  readonly #calls: TrackingCalls;
  readonly #runs: RunCalls;
  readonly #lifecycle = new Lifecycle("The experiment tracker");
  readonly #logger: Logger;
  /** The experiments: made, found, changed. */
  readonly experiments: Experiments;
  /** Fires after this tracker has started a run. */
  readonly onRunStarted: Event<RunSummary>;
  /** Fires after this tracker has ended a run. */
  readonly onRunEnded: Event<RunSummary>;
  /** Fires after this tracker has made or changed an experiment. */
  readonly onExperimentChanged: Event<ExperimentChange>;

  constructor(options: ExperimentTrackerOptions, runtime: Runtime = {}) {
    const { store, blobs, actor } = parseOptions(trackerSchema, options, "ExperimentTracker");
    const { clock = systemClock, random = systemRandom, logger = defaultLogger } = runtime;
    const nextId = uuidv7Generator({ clock, random });
    const started = new Emitter<RunSummary>(logger);
    const ended = new Emitter<RunSummary>(logger);
    const changed = new Emitter<ExperimentChange>(logger);
    this.#logger = guarded(logger);
    this.#calls = new TrackingCalls(store, { clock, random, lifecycle: this.#lifecycle });
    this.experiments = new Experiments(this.#calls, nextId, changed);
    this.#runs = new RunCalls({ calls: this.#calls, blobs, experiments: this.experiments, nextId, actor, started, ended });
    this.onRunStarted = started.event;
    this.onRunEnded = ended.event;
    this.onExperimentChanged = changed.event;
  }

  /**
   * Starts a run, in an experiment that is made when there is none with the name.
   *
   * @throws a `ModelwrightError` with code `TRACKING_EXPERIMENT_NOT_FOUND` for an id that leads to none and for a deleted
   * experiment, and `TRACKING_RUN_NOT_FOUND` for a parent that is not a run of it
   */
  async startRun(options: StartRunOptions, call?: CallOptions): Promise<Run> {
    return new Run(await this.#runs.start(options, call), this.#runs);
  }

  /**
   * Starts a run, does the work, and ends the run: as finished, or, when the work throws, as failed, with the error's message in the
   * tag `error`, or as killed when `call.signal` has aborted; then rejects with what the work has thrown. A run that the work ends
   * itself stays as it is.
   *
   * When the end of a run whose work has failed cannot be written, that is logged, and the run stays as running.
   *
   * @param call - limits the start and the end, each; the work minds the signal itself
   */
  async run<T>(options: StartRunOptions, work: (run: Run) => Promise<T> | T, call?: CallOptions): Promise<T> {
    const run = await this.startRun(options, call);
    // The end is written also after the caller has aborted.
    const limits = { timeoutMs: call?.timeoutMs };
    let answer: T;
    try {
      answer = await work(run);
    } catch (error) {
      try {
        const { status } = await run.read(limits);
        if (status === "running") await (call?.signal?.aborted ? run.kill(limits) : run.fail(error ?? "undefined", limits));
      } catch (failure) {
        this.#logger.warn("The end of a failed run could not be written", { run: run.id, error: failure });
      }
      throw error;
    }
    await run[Symbol.asyncDispose](limits);
    return answer;
  }

  /** The run, also a deleted one. */
  get(id: string, call?: CallOptions): Promise<RunRecord> {
    return this.#runs.read(id, call);
  }

  /**
   * Goes on with a run that has ended, was scheduled, or was started by another process: marks it as running.
   *
   * @throws a `ModelwrightError` with code `TRACKING_RUN_NOT_FOUND`, also for a deleted one
   */
  async resume(id: string, call?: CallOptions): Promise<Run> {
    const run = await this.#runs.read(id, call);
    if (run.deletedAt !== null) throw runDeleted(id);
    const goesOn = run.status === "running" && run.endedAt === null;
    return new Run(goesOn ? run : await this.#runs.change(id, { status: "running", endedAt: null }, call), this.#runs);
  }

  /** As {@link Run.log}, by id. Answers the artifacts that were stored. */
  log(id: string, log: RunLog, call?: CallOptions): Promise<readonly RunArtifact[]> {
    return this.#runs.log(id, log, call);
  }

  /** Ends a run, by id; one that has ended already gets this status and time. */
  end(id: string, status: EndStatus, options?: EndRunOptions): Promise<RunRecord> {
    return this.#runs.end(id, status, options);
  }

  /** Gives a run another name. */
  rename(id: string, name: string, call?: CallOptions): Promise<RunRecord> {
    return this.#runs.change(id, { name }, call);
  }

  /** Marks a run as deleted: searches leave it out, nothing can be logged to it, and it can be restored until it is purged. */
  delete(id: string, call?: CallOptions): Promise<RunRecord> {
    return this.#runs.change(id, { deletedAt: this.#calls.now() }, call);
  }

  /** Takes the mark of deletion from a run. */
  restore(id: string, call?: CallOptions): Promise<RunRecord> {
    return this.#runs.change(id, { deletedAt: null }, call);
  }

  /**
   * Removes runs for good that were deleted at or before a time, with everything that they have logged; answers how many. Their
   * artifacts stay until the blobs are collected. The limit of `call.timeoutMs` holds for each run.
   *
   * @param options - the time in milliseconds since the epoch
   */
  async purge(options: { readonly deletedBefore: number }, call?: CallOptions): Promise<number> {
    const { deletedBefore } = parseOptions(purgeSchema, options, "ExperimentTracker.purge");
    const where: Filter = { op: "<=", field: { entity: "attribute", key: "deleted_at" }, value: deletedBefore };
    let purged = 0;
    for (;;) {
      const { items } = await this.#calls.run(call, (signal) =>
        this.#calls.retry(() => this.#calls.store.searchRuns({ where, limit: PURGE_PAGE }, { signal }), signal),
      );
      const before = purged;
      for (const { id } of items) {
        const purge = (signal: AbortSignal | undefined) => () => this.#calls.store.purgeRun(id, deletedBefore, { signal });
        if (await this.#calls.run(call, (signal) => this.#calls.write(purge(signal), signal))) purged += 1;
      }
      // The first page again, because its runs are gone; none of them is when somebody else purges, too, or restores them.
      if (purged === before) return purged;
    }
  }

  /**
   * Runs, newest first unless the options say otherwise, read in pages. Attributes: `id`, `experiment_id`, `parent_id`, `name`, `status`,
   * `created_by`, `started_at`, `ended_at`, `deleted_at`; tags; params; metrics; data sets. Runs that change while a search goes on
   * may be answered twice or not at all. The limit of `call.timeoutMs` holds for each page.
   *
   * @throws a `ModelwrightError` with code `CONFIG_INVALID` for bad options, and `INPUT_INVALID` for a bad filter or order
   */
  search(options: RunSearchOptions = {}, call?: CallOptions): AsyncIterable<RunRecord> {
    const { experiments, ...parsed } = parseOptions(runSearchSchema, options, "ExperimentTracker.search");
    const query = searchQuery(parsed, "runs");
    // Experiments are looked up with the first page.
    let whole: Pick<SearchQuery, "where"> | undefined;
    const read = async (after: string | undefined, signal: AbortSignal | undefined) => {
      whole ??= { where: await this.#within(experiments, query.where, signal) };
      return this.#calls.store.searchRuns({ ...query, ...whole, after }, { signal });
    };
    return this.#calls.pages(call, read, parsed.limit);
  }

  /** The run of an experiment whose metric is best; undefined when none has it. NaN counts as none, an infinity as a number. */
  best(options: BestRunOptions, call?: CallOptions): Promise<RunRecord | undefined> {
    return this.#calls.traced(
      "tracking.best",
      () => ({}),
      call,
      async (signal) => {
        const { experiment, metric, direction, filter } = parseOptions(bestSchema, options, "ExperimentTracker.best");
        const field = { entity: "metric", key: metric } as const;
        const orderBy = [{ field, direction: direction === "maximize" ? "desc" : "asc" }] as const;
        const query = searchQuery({ filter, orderBy, deleted: "exclude", pageSize: 1 }, "runs");
        const where = await this.#within([experiment], query.where, signal);
        const read = () => this.#calls.store.searchRuns({ ...query, where }, { signal });
        const { items } = await this.#calls.retry(read, signal);
        const found = items[0];
        const has = found !== undefined && Object.hasOwn(found.metrics, metric) && !Number.isNaN(found.metrics[metric]!.value);
        return has ? deepFreeze(found) : undefined;
      },
    );
  }

  /** Every point of a metric by step, then time, then value, read in pages. None when there is no such run or metric. */
  history(id: string, key: string, call?: CallOptions): AsyncIterable<MetricPoint> {
    assertId(id);
    assertNameOf("The name of a metric", key);
    return this.#calls.pages(call, (after, signal) =>
      this.#calls.store.metricHistory({ runId: id, key, limit: HISTORY_PAGE, after }, { signal }),
    );
  }

  /**
   * Points that show the course of a metric: the smallest, the greatest and the last of each of up to `buckets` equal ranges of steps.
   *
   * @param options - `buckets`, 1 to 10000. @defaultValue 200
   */
  sample(
    id: string,
    key: string,
    options: { readonly buckets?: number | undefined } = {},
    call?: CallOptions,
  ): Promise<readonly MetricPoint[]> {
    return this.#calls.run(call, async (signal) => {
      const { buckets } = parseOptions(sampleSchema, options, "ExperimentTracker.sample");
      assertId(id);
      assertNameOf("The name of a metric", key);
      const read = () => this.#calls.store.sampleMetric({ runId: id, key, buckets }, { signal });
      return deepFreeze([...(await this.#calls.retry(read, signal))]);
    });
  }

  /** As {@link Run.artifact}, by id. */
  artifact(id: string, path: string, call?: CallOptions): Promise<Uint8Array> {
    return this.#runs.artifact(id, path, call);
  }

  /** As `artifact`, in chunks. Use nothing before the iteration is done: damage is found at the end. */
  streamArtifact(id: string, path: string, call?: CallOptions): AsyncIterable<Uint8Array> {
    return this.#runs.streamArtifact(id, path, call);
  }

  /**
   * What a run is as a version of a model, for `ModelRegistry.register`: its artifacts by their digests, its params as hyperparameters,
   * the latest value of each metric that is finite, its tags, the commit in the tag `mlflow.source.git.commit` (where it has one, of at
   * most 250 characters) as the version of the code, the run and its data sets as lineage. The registry needs the tracker's own blobs, where the artifacts are.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for an artifact, a param or a finite metric that the run does not have
   */
  registration(id: string, options: RegistrationOptions, call?: CallOptions): Promise<RunRegistration> {
    return this.#calls.run(call, async (signal) => {
      assertId(id);
      return runRegistration(await this.#calls.findRun(id, signal), options);
    });
  }

  /** Registers what a run has made as a version of a model, as {@link ExperimentTracker.registration} describes it. */
  async register<V>(registry: ModelRegistrar<V>, id: string, options: RegistrationOptions, call?: CallOptions): Promise<V> {
    return registry.register(await this.registration(id, options, call), call);
  }

  /** Lets running calls finish; later ones reject with `CLOSED`. The stores stay open, and runs that go on stay as they are. */
  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  /** Calls `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #within(
    experiments: readonly string[] | undefined,
    where: Filter | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Filter | undefined> {
    if (experiments === undefined) return where;
    const values = (await this.experiments.findAll(experiments, signal)).map(({ id }) => id);
    const inside: Filter = { op: "in", field: { entity: "attribute", key: "experiment_id" }, values };
    return where === undefined ? inside : { op: "and", of: [inside, where] };
  }
}
