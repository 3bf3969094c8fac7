import type { CallOptions } from "../core/call.ts";
import { deepFreeze } from "../core/freeze.ts";
import type { ModelRef } from "../core/model.ts";
import { parseOptions } from "../core/options.ts";
import { validate } from "../core/schema.ts";
import { checkQuery, parseFilter, parseOrder } from "../search/index.ts";
import type { Filter, Page, SearchQuery } from "../search/port.ts";
import {
  type HistoryOptions,
  historySchema,
  type ListOptions,
  listFilter,
  listSchema,
  momentSchema,
  type ProductionAtOptions,
  type SearchOptions,
  searchSchema,
} from "./list-options.ts";
import type { ModelSummary, StageEvent, StageEventQuery, VersionRecord } from "./port.ts";
import { assertName, toRef } from "./references.ts";
import type { RegistryCalls } from "./registry-calls.ts";

/** Stage events read at once. */
const EVENTS_PAGE = 500;

/** What can be asked of a registry; the part of {@link ModelRegistry} that changes nothing. */
export abstract class RegistryQueries {
  /** How the registry's calls run. */
  protected readonly calls: RegistryCalls;

  /** Made by the registry. */
  protected constructor(calls: RegistryCalls) {
    this.calls = calls;
  }

  /** The version that a reference points to now. */
  get(ref: string | ModelRef, call?: CallOptions): Promise<VersionRecord> {
    return this.calls.run(call, (signal) => this.calls.find(toRef(ref), signal));
  }

  /**
   * Versions by name, then by number downwards, read in pages. Versions that move while a listing goes on may be listed twice or
   * not at all. The limit of `call.timeoutMs` holds for each page. `list({ stage: "production" })` asks the store once for up to a page of
   * models.
   *
   * @throws a `ModelwrightError` with code `CONFIG_INVALID` for bad options, and with `INPUT_INVALID` for a name or a stage that
   * no store can hold
   */
  list(options: ListOptions = {}, call?: CallOptions): AsyncIterable<VersionRecord> {
    const { pageSize, ...query } = parseOptions(listSchema, options, "ModelRegistry.list");
    const where = checkQuery({ where: listFilter(query), limit: pageSize });
    return this.#pages(where, (page) => this.#searchVersions(page, call));
  }

  /**
   * Versions that a filter matches, read in pages as {@link ModelRegistry.list} does. The filter is MLflow's grammar with `OR`, `NOT`,
   * parentheses and `IN`, for example `metrics.auc > 0.9 AND (tags.team = 'risk' OR alias = 'champion')`, or an object made with
   * `versionFilter` of `modelwright/search`.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` that says where the filter or the order is wrong, and with
   * `CONFIG_INVALID` for bad options
   */
  search(where: string | Filter, options: SearchOptions = {}, call?: CallOptions): AsyncIterable<VersionRecord> {
    const query = this.#query("versions", where, options, "ModelRegistry.search");
    return this.#pages(query, (page) => this.#searchVersions(page, call), options.limit);
  }

  /** One page of {@link ModelRegistry.search}, for a caller that keeps the place itself. */
  searchPage(query: SearchQuery, call?: CallOptions): Promise<Page<VersionRecord>> {
    return this.#searchVersions(checkQuery(query), call);
  }

  /** Models by name, read in pages; all of them, or those that a filter on `name`, `description`, `created_at`, tags or aliases matches. */
  models(where?: string | Filter, options: SearchOptions = {}, call?: CallOptions): AsyncIterable<ModelSummary> {
    const query = this.#query("models", where, options, "ModelRegistry.models");
    const read = (page: SearchQuery) =>
      this.calls.run(call, async (signal) => deepFreeze(await this.calls.store.searchModels(page, { signal })));
    return this.#pages(query, read, options.limit);
  }

  /**
   * What the versions of a model went through, deleted ones included; each with who did it, when and why. Nothing for a model that there
   * has never been.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for what cannot be the name of a model, and with `CONFIG_INVALID` for
   * bad options
   */
  history(name: string, options: HistoryOptions = {}, call?: CallOptions): AsyncIterable<StageEvent> {
    assertName(name);
    const query = { name, ...parseOptions(historySchema, options, "ModelRegistry.history") };
    return this.#events(query, call);
  }

  /**
   * The event by which a version came into an exclusive stage that it was still in at a time; undefined when none was.
   *
   * @param at - milliseconds since the epoch
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for what cannot be the name of a model, a time or a stage
   */
  productionAt(
    name: string,
    at: number,
    { stage = "production" }: ProductionAtOptions = {},
    call?: CallOptions,
  ): Promise<StageEvent | undefined> {
    return this.calls.run(call, async (signal) => {
      assertName(name);
      const { at: until } = validate(momentSchema, { at, stage }, "The moment");
      const query = { name, stage, until, direction: "desc", limit: 1 } as const;
      const [last] = await this.calls.store.listStageEvents(query, { signal });
      return last?.to === stage ? deepFreeze(last) : undefined;
    });
  }

  #searchVersions(query: SearchQuery, call: CallOptions | undefined): Promise<Page<VersionRecord>> {
    return this.calls.run(call, async (signal) => deepFreeze(await this.calls.store.searchVersions(query, { signal })));
  }

  #query(kind: "versions" | "models", where: string | Filter | undefined, options: SearchOptions, subject: string): SearchQuery {
    const { orderBy, pageSize } = parseOptions(searchSchema, options, subject);
    return checkQuery({
      where: typeof where === "string" ? parseFilter(where, kind) : where,
      orderBy: typeof orderBy === "string" ? parseOrder(orderBy, kind) : orderBy,
      limit: pageSize,
    });
  }

  async *#pages<T>(
    query: SearchQuery,
    read: (query: SearchQuery) => Promise<Page<T>>,
    most = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<T, void> {
    let left = most;
    let after: string | undefined;
    do {
      const page = await read({ ...query, limit: Math.min(query.limit, left), after });
      yield* page.items;
      left -= page.items.length;
      after = page.next;
    } while (after !== undefined && left > 0);
  }

  async *#events(
    query: Omit<StageEventQuery, "limit" | "after">,
    call: CallOptions | undefined,
  ): AsyncGenerator<StageEvent, void> {
    let after: number | undefined;
    do {
      const page = await this.calls.run(call, (signal) =>
        this.calls.store.listStageEvents({ ...query, limit: EVENTS_PAGE, after }, { signal }),
      );
      for (const event of page) yield deepFreeze(event);
      after = page.length < EVENTS_PAGE ? undefined : page.at(-1)?.seq;
    } while (after !== undefined);
  }
}
