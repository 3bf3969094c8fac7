import type { CallOptions } from "../core/call.ts";
import { ModelwrightError } from "../core/errors.ts";
import type { Emitter } from "../core/events.ts";
import { deepFreeze } from "../core/freeze.ts";
import { parseOptions } from "../core/options.ts";
import { invalidInput } from "../core/schema.ts";
import { cut, Issues, LIMITS } from "./limits.ts";
import type { ExperimentRecord } from "./port.ts";
import { experimentDeleted, experimentNotFound } from "./rules/failures.ts";
import { parseTags } from "./run-log.ts";
import { searchQuery } from "./search-query.ts";
import { assertNameOf, experimentSearchSchema, type TrackingSearchOptions } from "./tracker-options.ts";
import type { TrackingCalls } from "./tracking-calls.ts";

/** An experiment that was made or changed. */
export interface ExperimentChange {
  readonly id: string;
  readonly name: string;
  readonly change: "created" | "renamed" | "tagged" | "deleted" | "restored";
}

/** Experiments that {@link Experiments.findAll} looks for in one query. */
const FOUND_AT_ONCE = 100;

/** An id of ours. No experiment may have such a name, so that an id never leads to another experiment. */
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The experiments of a tracker. They are found by name or by id.
 *
 * Calls reject with `TRACKING_EXPERIMENT_NOT_FOUND` for an experiment that does not exist, and with `INPUT_INVALID` for names that are
 * not 1 to 250 characters, or have the form of an id.
 */
export class Experiments {
  readonly #calls: TrackingCalls;
  readonly #nextId: () => string;
  readonly #changed: Emitter<ExperimentChange>;

  /** Not called by hosts: a tracker has one. */
  constructor(calls: TrackingCalls, nextId: () => string, changed: Emitter<ExperimentChange>) {
    this.#calls = calls;
    this.#nextId = nextId;
    this.#changed = changed;
  }

  /**
   * Makes an experiment.
   *
   * @throws a {@link ModelwrightError} with code `TRACKING_EXPERIMENT_EXISTS` when there is one with the name, also a deleted one
   */
  create(
    name: string,
    options: { readonly tags?: Readonly<Record<string, string>> | undefined } = {},
    call?: CallOptions,
  ): Promise<ExperimentRecord> {
    return this.#calls.run(call, (signal) => this.#create(name, options.tags, signal));
  }

  /**
   * The experiment with the name; made when there is none.
   *
   * @param options - tags of an experiment that is made; one that exists keeps its own
   * @throws a {@link ModelwrightError} with code `TRACKING_EXPERIMENT_NOT_FOUND` when it was deleted
   */
  open(
    name: string,
    options: { readonly tags?: Readonly<Record<string, string>> | undefined } = {},
    call?: CallOptions,
  ): Promise<ExperimentRecord> {
    return this.#calls.run(call, async (signal) => {
      assertExperimentName(name);
      const found = await this.#read({ name }, signal);
      return found === undefined ? this.#createOrFind(name, options.tags, signal) : opened(found);
    });
  }

  /** The experiment, also a deleted one. */
  get(which: string, call?: CallOptions): Promise<ExperimentRecord> {
    return this.#calls.run(call, (signal) => this.find(which, signal));
  }

  /**
   * Experiments, newest first unless the options say otherwise, read in pages. Attributes: `id`, `name`, `created_at`, `updated_at`,
   * `deleted_at`; tags. The limit of `call.timeoutMs` holds for each page.
   *
   * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` for bad options, and `INPUT_INVALID` for a bad filter or order
   */
  search(options: TrackingSearchOptions = {}, call?: CallOptions): AsyncIterable<ExperimentRecord> {
    const parsed = parseOptions(experimentSearchSchema, options, "the search of experiments");
    const query = searchQuery(parsed, "experiments");
    const read = (after: string | undefined, signal: AbortSignal | undefined) =>
      this.#calls.store.searchExperiments({ ...query, after }, { signal });
    return this.#calls.pages(call, read, parsed.limit);
  }

  /** @throws a {@link ModelwrightError} with code `TRACKING_EXPERIMENT_EXISTS` when another has the name */
  rename(which: string, name: string, call?: CallOptions): Promise<ExperimentRecord> {
    return this.#change(which, "renamed", call, () => {
      assertExperimentName(name);
      return { name };
    });
  }

  /** Sets the tags that are given, and removes those that are null. At most 100 at once, values of at most 8000 characters. */
  setTags(which: string, tags: Readonly<Record<string, string | null>>, call?: CallOptions): Promise<ExperimentRecord> {
    return this.#change(which, "tagged", call, () => ({ tags: checkedTags(tags) }));
  }

  /** Marks the experiment as deleted: it keeps its name and its runs, but no runs can be started in it. */
  delete(which: string, call?: CallOptions): Promise<ExperimentRecord> {
    return this.#change(which, "deleted", call, (at) => ({ deletedAt: at }));
  }

  /** Takes the mark of deletion from an experiment. */
  restore(which: string, call?: CallOptions): Promise<ExperimentRecord> {
    return this.#change(which, "restored", call, () => ({ deletedAt: null }));
  }

  /** The experiment, within a call that runs already. */
  async find(which: string, signal: AbortSignal | undefined): Promise<ExperimentRecord> {
    const found = await this.#find(which, signal);
    if (found === undefined) throw experimentNotFound(cut(which));
    return deepFreeze(found);
  }

  /** The experiments, in the order of their names or ids, in one query for a hundred of them; within a call that runs already. */
  async findAll(which: readonly string[], signal: AbortSignal | undefined): Promise<readonly ExperimentRecord[]> {
    for (const each of which) assertReference(each);
    const byId = new Map<string, ExperimentRecord>();
    const byName = new Map<string, ExperimentRecord>();
    for (let at = 0; at < which.length; at += FOUND_AT_ONCE) {
      const values = which.slice(at, at + FOUND_AT_ONCE);
      const of = (["id", "name"] as const).map((key) => ({ op: "in", field: { entity: "attribute", key }, values }) as const);
      // An item may be the name of one experiment and the id of another.
      const query = { where: { op: "or", of }, limit: 2 * values.length } as const;
      const { items } = await this.#calls.retry(() => this.#calls.store.searchExperiments(query, { signal }), signal);
      for (const item of items) {
        byId.set(item.id, item);
        byName.set(item.name, item);
      }
    }
    return which.map((each) => {
      const found = (ID.test(each) ? undefined : byName.get(each)) ?? byId.get(each);
      if (found === undefined) throw experimentNotFound(cut(each));
      return found;
    });
  }

  /** As {@link Experiments.open}, by name or by id, within a call that runs already. */
  async findOrCreate(which: string, signal: AbortSignal | undefined): Promise<ExperimentRecord> {
    const found = await this.#find(which, signal);
    if (found !== undefined) return opened(found);
    if (ID.test(which)) throw experimentNotFound(which);
    return this.#createOrFind(which, undefined, signal);
  }

  async #find(which: string, signal: AbortSignal | undefined): Promise<ExperimentRecord | undefined> {
    assertReference(which);
    if (ID.test(which)) return this.#read({ id: which }, signal);
    return (await this.#read({ name: which }, signal)) ?? this.#read({ id: which }, signal);
  }

  #read(
    which: { readonly id: string } | { readonly name: string },
    signal: AbortSignal | undefined,
  ): Promise<ExperimentRecord | undefined> {
    return this.#calls.retry(() => this.#calls.store.findExperiment(which, { signal }), signal);
  }

  async #create(
    name: string,
    tags: Readonly<Record<string, string>> | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ExperimentRecord> {
    assertExperimentName(name);
    const checked = checkedTags(tags);
    for (const [key, value] of Object.entries(checked)) {
      if (value === null) throw invalidInput("The experiment", [{ path: ["tags", key], message: "expected text, but got null" }]);
    }
    const draft = {
      id: this.#nextId(),
      name,
      tags: checked as Readonly<Record<string, string>>,
      createdAt: this.#calls.now(),
    };
    const made = deepFreeze(await this.#calls.write(() => this.#calls.store.insertExperiment(draft, { signal }), signal));
    this.#changed.emit(Object.freeze({ id: made.id, name, change: "created" }));
    return made;
  }

  /** Somebody else may make it at the same time. */
  async #createOrFind(
    name: string,
    tags: Readonly<Record<string, string>> | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ExperimentRecord> {
    try {
      return await this.#create(name, tags, signal);
    } catch (error) {
      if (!ModelwrightError.is(error, "TRACKING_EXPERIMENT_EXISTS")) throw error;
      const found = await this.#read({ name }, signal);
      if (found === undefined) throw error;
      return opened(found);
    }
  }

  #change(
    which: string,
    change: ExperimentChange["change"],
    call: CallOptions | undefined,
    changes: (at: number) => Parameters<TrackingCalls["store"]["changeExperiment"]>[1],
  ): Promise<ExperimentRecord> {
    return this.#calls.run(call, async (signal) => {
      const at = this.#calls.now();
      const given = changes(at);
      const { id } = await this.find(which, signal);
      const changed = await this.#calls.write(() => this.#calls.store.changeExperiment(id, given, at, { signal }), signal);
      this.#changed.emit(Object.freeze({ id, name: changed.name, change }));
      return deepFreeze(changed);
    });
  }
}

/** @throws a `ModelwrightError` with code `TRACKING_EXPERIMENT_NOT_FOUND` for a deleted one */
function opened(found: ExperimentRecord): ExperimentRecord {
  if (found.deletedAt !== null) throw experimentDeleted(found.name);
  return deepFreeze(found);
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` for what is no name and no id */
function assertReference(which: string): void {
  const issues = new Issues();
  issues.text([], which, 1, LIMITS.key);
  if (issues.all.length > 0) throw invalidInput("The name or id of an experiment", issues.all);
}

function assertExperimentName(name: string): void {
  assertNameOf("The experiment", name);
  if (!ID.test(name)) return;
  throw invalidInput("The experiment", [{ path: ["name"], message: "expected a name, but it has the form of an id" }]);
}

function checkedTags(tags: Readonly<Record<string, string | null>> | undefined): Readonly<Record<string, string | null>> {
  const issues = new Issues();
  const parsed = parseTags(tags, issues);
  if (issues.all.length > 0) throw invalidInput("The tags", issues.all);
  return parsed;
}
