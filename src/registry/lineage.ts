import * as z from "zod";
import type { CallOptions, Runtime } from "../core/call.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { deepFreeze } from "../core/freeze.ts";
import { formatModelRef, type ModelRef } from "../core/model.ts";
import { parseOptions, port } from "../core/options.ts";
import { invalidInput, validate } from "../core/schema.ts";
import type { Filter } from "../search/port.ts";
import { notFound } from "./not-found.ts";
import type { LineageEdge, LineageLink, RegistryStore, VersionRecord } from "./port.ts";
import { toRef } from "./references.ts";
import { lineageSchema } from "./registration.ts";
import { parentOf, type VersionKey } from "./rules/lineage.ts";

/** Options of {@link Lineage}. The store is borrowed. */
export interface LineageOptions {
  readonly store: RegistryStore;
}

/** How far a lineage is followed. */
export interface LineageQuery {
  /** Generations of versions to go, at least 1. @defaultValue all of them */
  readonly depth?: number | undefined;
  /** Most versions to answer, 1 to 100 000. @defaultValue 10 000 */
  readonly maxVersions?: number | undefined;
}

/** Versions, frozen, and what they were made from. */
export interface LineageGraph {
  /** The nearest versions first. */
  readonly versions: readonly VersionRecord[];
  /** The edges of these versions. */
  readonly links: readonly LineageLink[];
}

/** Versions asked for in one query. */
const BATCH = 50;

const optionsSchema = z.strictObject({ store: port<RegistryStore>("registry/1") });
const querySchema = z.strictObject({
  depth: z.number().int().min(1).default(Number.MAX_SAFE_INTEGER),
  maxVersions: z.number().int().min(1).max(100_000).default(10_000),
});

/**
 * Follows the lineage of versions: what a version was made from, and what was made from it, or from a data set, a commit, a run.
 * Reads a generation with one query for 50 versions.
 *
 * Calls reject with `INPUT_INVALID` for a malformed reference and for a graph of more than `maxVersions`, and with `CONFIG_INVALID` for
 * a bad query.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for bad options
 *
 * @example
 * ```ts
 * import { memoryRegistry } from "modelwright";
 * import { Lineage } from "modelwright/registry";
 *
 * const lineage = new Lineage({ store: memoryRegistry() });
 * // Which models have seen a data set, directly or through a parent?
 * const { versions } = await lineage.downstream({ kind: "dataset", ref: "sha256:9f86d081…" });
 * ```
 */
export class Lineage {
  readonly #store: RegistryStore;
  readonly #clock: Clock;

  constructor(options: LineageOptions, { clock = systemClock }: Pick<Runtime, "clock"> = {}) {
    this.#store = parseOptions(optionsSchema, options, "Lineage").store;
    this.#clock = clock;
  }

  /** A version with its parents, their parents and so on, and all their edges. */
  upstream(ref: string | ModelRef, query: LineageQuery = {}, call?: CallOptions): Promise<LineageGraph> {
    return withDeadline(
      call,
      async (signal) => {
        const { depth, maxVersions } = parseOptions(querySchema, query, "Lineage.upstream");
        const found = new Map([this.#keyed(await this.#find(ref, signal))]);
        let generation: readonly VersionRecord[] = [...found.values()];
        for (let level = 0; level < depth && generation.length > 0; level++) {
          const parents = generation.flatMap(({ lineage }) => lineage.flatMap((edge) => parentOf(edge) ?? []));
          generation = await this.#add(found, parents, maxVersions, signal);
        }
        return graphOf(found);
      },
      this.#clock,
    );
  }

  /**
   * What was made from a version, from that and so on, with the version itself; or from anything else that an edge can point to. Of
   * the versions answered all edges are answered.
   */
  downstream(from: string | ModelRef | LineageEdge, query: LineageQuery = {}, call?: CallOptions): Promise<LineageGraph> {
    return withDeadline(
      call,
      async (signal) => {
        const { depth, maxVersions } = parseOptions(querySchema, query, "Lineage.downstream");
        const found = new Map<string, VersionRecord>();
        let edges: readonly LineageEdge[];
        if (typeof from === "object" && from !== null && "kind" in from) edges = validate(lineageSchema, [from], "The edge");
        else {
          const root = await this.#find(from, signal);
          found.set(...this.#keyed(root));
          edges = [{ kind: "parent", ref: formatModelRef({ name: root.name, version: root.version }) }];
        }
        for (let level = 0; level < depth && edges.length > 0; level++) {
          const links = await this.#linksTo(edges, signal);
          const added = await this.#add(found, links, maxVersions, signal);
          edges = added.map(({ name, version }) => ({ kind: "parent", ref: formatModelRef({ name, version }) }));
        }
        return graphOf(found);
      },
      this.#clock,
    );
  }

  async #find(ref: string | ModelRef, signal: AbortSignal | undefined): Promise<VersionRecord> {
    const parsed = toRef(ref);
    const version = await this.#store.findVersion(parsed, { signal });
    if (version === undefined) throw await notFound(this.#store, parsed, signal);
    return deepFreeze(version);
  }

  async #linksTo(edges: readonly LineageEdge[], signal: AbortSignal | undefined): Promise<readonly LineageLink[]> {
    const links: LineageLink[] = [];
    for (const batch of batches(edges)) links.push(...(await this.#store.findLinksTo(batch, { signal })));
    return links;
  }

  /** Reads the versions that are not found yet, and answers them. */
  async #add(
    found: Map<string, VersionRecord>,
    wanted: readonly VersionKey[],
    maxVersions: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly VersionRecord[]> {
    const fresh = new Map(wanted.map(({ name, version }) => [formatModelRef({ name, version }), { name, version }]));
    for (const key of found.keys()) fresh.delete(key);
    if (found.size + fresh.size > maxVersions) {
      throw invalidInput("The lineage", [
        {
          path: [],
          message: `expected at most ${maxVersions} versions, but there are more; give a depth, or a greater maxVersions`,
        },
      ]);
    }
    const added: VersionRecord[] = [];
    for (const batch of batches([...fresh.values()])) {
      const { items } = await this.#store.searchVersions({ where: anyOf(batch), limit: batch.length }, { signal });
      added.push(...items);
    }
    for (const version of added) found.set(...this.#keyed(deepFreeze(version)));
    return added;
  }

  #keyed(version: VersionRecord): [string, VersionRecord] {
    return [formatModelRef({ name: version.name, version: version.version }), version];
  }
}

function graphOf(found: ReadonlyMap<string, VersionRecord>): LineageGraph {
  const versions = [...found.values()];
  return {
    versions,
    links: versions.flatMap(({ name, version, lineage }) => lineage.map(({ kind, ref }) => ({ name, version, kind, ref }))),
  };
}

function anyOf(versions: readonly VersionKey[]): Filter {
  const attribute = (key: string, value: string | number): Filter => ({ op: "=", field: { entity: "attribute", key }, value });
  return {
    op: "or",
    of: versions.map(({ name, version }) => ({ op: "and", of: [attribute("name", name), attribute("version", version)] })),
  };
}

function* batches<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += BATCH) yield items.slice(at, at + BATCH);
}
