import type { CallOptions } from "../core/call.ts";
import { ModelwrightError } from "../core/errors.ts";
import type { Emitter } from "../core/events.ts";
import { deepFreeze } from "../core/freeze.ts";
import { invalidInput } from "../core/schema.ts";
import type { BlobStore } from "../storage/port.ts";
import { startedStreams } from "../storage/started-streams.ts";
import { type FileContent, storeFiles } from "../storage/stored-files.ts";
import type { Experiments } from "./experiments.ts";
import { isTime, LIMITS, shown, thereAre } from "./limits.ts";
import { pointBatches } from "./point-batches.ts";
import type { RunArtifact, RunChange, RunRecord } from "./port.ts";
import { type MetricInput, parseLog, type RunLog } from "./run-log.ts";
import { assertEnd, assertNameOf, type EndRunOptions, parseRun, type StartRunOptions } from "./tracker-options.ts";
import type { TrackingCalls } from "./tracking-calls.ts";

/** What events say of a run: nothing of what it has logged. */
export type RunSummary = Pick<
  RunRecord,
  "id" | "experimentId" | "parentId" | "name" | "status" | "createdBy" | "startedAt" | "endedAt"
>;

/** How a run has ended. */
export type EndStatus = "finished" | "failed" | "killed";

/** What a {@link RunCalls} works with. */
interface RunCallsOptions {
  readonly calls: TrackingCalls;
  readonly blobs: BlobStore;
  readonly experiments: Experiments;
  readonly nextId: () => string;
  readonly actor: string | undefined;
  readonly started: Emitter<RunSummary>;
  readonly ended: Emitter<RunSummary>;
}

/** Starts runs, logs to them and ends them, by their ids; a tracker and its handles share it. */
export class RunCalls {
  readonly #with: RunCallsOptions;

  constructor(options: RunCallsOptions) {
    this.#with = options;
  }

  start(options: StartRunOptions, call: CallOptions | undefined): Promise<RunRecord> {
    const { calls, experiments, nextId, actor, started } = this.#with;
    return calls.traced(
      "tracking.startRun",
      () => ({}),
      call,
      async (signal) => {
        const draft = parseRun(options, { id: nextId(), now: calls.now(), actor });
        const { parent: parentId = null } = options;
        if (parentId !== null) assertId(parentId);
        const { id: experimentId } = await experiments.findOrCreate(options.experiment, signal);
        const insert = () => calls.store.insertRun({ ...draft, experimentId, parentId }, { signal });
        const run = deepFreeze(await calls.write(insert, signal));
        started.emit(summaryOf(run));
        return run;
      },
    );
  }

  /** The run, also a deleted one. */
  read(id: string, call: CallOptions | undefined): Promise<RunRecord> {
    return this.#with.calls.run(call, (signal) => {
      assertId(id);
      return this.#with.calls.findRun(id, signal);
    });
  }

  change(id: string, change: RunChange, call: CallOptions | undefined): Promise<RunRecord> {
    const { calls } = this.#with;
    return calls.run(call, async (signal) => {
      assertId(id);
      if (change.name !== undefined) assertNameOf("The run", change.name);
      return deepFreeze(await calls.write(() => calls.store.changeRun(id, change, { signal }), signal));
    });
  }

  end(id: string, status: EndStatus, { endedAt, ...call }: EndRunOptions = {}): Promise<RunRecord> {
    const { calls, ended } = this.#with;
    return calls.traced(
      "tracking.endRun",
      () => ({ run: id, status }),
      call,
      async (signal) => {
        assertId(id);
        assertEnd(status);
        if (endedAt !== undefined && !isTime(endedAt)) {
          const message = "expected an integer of milliseconds since the epoch, of a date";
          throw invalidInput("The end of a run", [{ path: ["endedAt"], message }]);
        }
        const change = { status, endedAt: endedAt ?? calls.now() };
        const run = deepFreeze(await calls.write(() => calls.store.changeRun(id, change, { signal }), signal));
        ended.emit(summaryOf(run));
        return run;
      },
    );
  }

  /** Logs a batch; answers the artifacts that it has stored. */
  log(id: string, log: RunLog, call: CallOptions | undefined): Promise<readonly RunArtifact[]> {
    const { calls } = this.#with;
    return calls.traced(
      "tracking.log",
      () => ({ run: id }),
      call,
      async (signal) => {
        assertId(id);
        const { batch, files } = parseLog(log, calls.now());
        const artifacts = await this.#storeArtifacts(files, signal);
        await calls.write(() => calls.store.logBatch(id, { ...batch, artifacts }, { signal }), signal);
        return deepFreeze([...artifacts]);
      },
    );
  }

  /** Logs any number of points, as many at once as a batch holds; answers how many. */
  async logHistory(
    id: string,
    points: Iterable<MetricInput> | AsyncIterable<MetricInput>,
    call: CallOptions | undefined,
  ): Promise<number> {
    let logged = 0;
    for await (const metrics of pointBatches(points, call?.signal)) {
      await this.log(id, { metrics }, call);
      logged += metrics.length;
    }
    return logged;
  }

  /** The verified bytes of an artifact. */
  artifact(id: string, path: string, call: CallOptions | undefined): Promise<Uint8Array> {
    const { calls, blobs } = this.#with;
    return calls.traced(
      "tracking.artifact",
      () => ({ run: id }),
      call,
      async (signal) => {
        const { digest } = await this.#findArtifact(id, path, signal);
        return blobs.get(digest, { signal });
      },
    );
  }

  /** As `artifact`, in chunks; use nothing before the iteration is done. */
  async *streamArtifact(id: string, path: string, call: CallOptions | undefined): AsyncGenerator<Uint8Array, void> {
    const { calls, blobs } = this.#with;
    const { digest } = await calls.run(call, (signal) => this.#findArtifact(id, path, signal));
    yield* blobs.stream(digest, call);
  }

  async #findArtifact(id: string, path: string, signal: AbortSignal | undefined): Promise<RunArtifact> {
    assertId(id);
    if (typeof path !== "string") throw invalidInput("The path of an artifact", [{ path: [], message: "expected text" }]);
    const { artifacts } = await this.#with.calls.findRun(id, signal);
    const found = artifacts.find((artifact) => artifact.path === path);
    if (found !== undefined) return found;
    const known = thereAre(artifacts.map((artifact) => artifact.path));
    throw new ModelwrightError("STORE_NOT_FOUND", `The run ${id} has no artifact ${shown(path)}; ${known}`, {
      details: { store: this.#with.calls.store.name, key: path.slice(0, LIMITS.path) },
    });
  }

  async #storeArtifacts(
    files: Readonly<Record<string, FileContent>>,
    signal: AbortSignal | undefined,
  ): Promise<readonly RunArtifact[]> {
    if (Object.keys(files).length === 0) return [];
    const { calls, blobs } = this.#with;
    const streams = startedStreams(files);
    try {
      const retry = <T>(work: () => Promise<T>) => calls.retry(work, signal);
      return await storeFiles(streams.files, { blobs, references: calls.store, retry, signal });
    } finally {
      streams.stop();
    }
  }
}

/** What events say of the run. */
function summaryOf(run: RunRecord): RunSummary {
  const { id, experimentId, parentId, name, status, createdBy, startedAt, endedAt } = run;
  return Object.freeze({ id, experimentId, parentId, name, status, createdBy, startedAt, endedAt });
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` for what cannot be an id, so that no store is asked for it */
export function assertId(id: string): void {
  assertNameOf("The id of a run", id);
}
