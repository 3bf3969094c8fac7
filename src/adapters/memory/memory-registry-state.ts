import { deepFreeze } from "../../core/freeze.ts";
import type { ModelRef } from "../../core/model.ts";
import type { Approval } from "../../registry/approval-port.ts";
import type { LineageEdge, LineageLink, ModelSummary, StageEvent, VersionRecord } from "../../registry/port.ts";
import { versionNotFound } from "../../registry/rules/failures.ts";
import { edgeKey, newEdges, parentOf, type VersionKey } from "../../registry/rules/lineage.ts";
import type { StageEntry, StageTrail } from "../../registry/rules/rollback-target.ts";

/** A model in memory. Records and what they consist of are frozen, so they are answered as they are. */
interface MemoryModel {
  readonly createdAt: number;
  notes: Pick<ModelSummary, "description" | "tags">;
  /** The version with number n is at n − 1; undefined when it was deleted. */
  readonly versions: (VersionRecord | undefined)[];
  readonly aliases: Map<string, number>;
  readonly events: StageEvent[];
  /** Entries into exclusive stages, by stage, newest first. */
  readonly entries: Map<string, StageEntry[]>;
}

/** An edge with its place in the lineage of its version. */
interface Link extends LineageLink {
  readonly position: number;
}

/** What a registry in memory holds, but its log. */
export class RegistryState {
  readonly models = new Map<string, MemoryModel>();
  readonly ids = new Map<string, VersionKey>();
  readonly approvals = new Map<string, Approval>();
  readonly cursors = new Map<string, number>();
  /** By what they point to. */
  readonly #links = new Map<string, Link[]>();

  find(ref: ModelRef): VersionRecord | undefined {
    const model = this.models.get(ref.name);
    if (model === undefined) return undefined;
    const { versions, aliases } = model;
    if ("version" in ref) return versions[ref.version - 1];
    if ("alias" in ref) return versions[(aliases.get(ref.alias) ?? 0) - 1];
    if ("label" in ref) return versions.find((version) => version?.label === ref.label);
    return versions.findLast((version) => version?.stage === ref.stage);
  }

  /** @throws a `ModelwrightError` with code `REGISTRY_VERSION_NOT_FOUND` */
  get({ name, version }: VersionKey): VersionRecord {
    const record = this.find({ name, version });
    if (record === undefined) throw versionNotFound({ name, version });
    return record;
  }

  /** The model of a version that there is. */
  modelOf({ name }: { readonly name: string }): MemoryModel {
    return this.models.get(name)!;
  }

  /** The versions of a model that there are, by number. */
  existing({ versions }: MemoryModel): readonly VersionRecord[] {
    return versions.filter((version) => version !== undefined);
  }

  /** Adds a version, or replaces it by one with other members; answers it. */
  put(version: VersionRecord): VersionRecord {
    const { name, createdAt, id, lineage } = version;
    const notes = { description: "", tags: Object.freeze({}) };
    const model = this.models.get(name) ?? {
      createdAt,
      notes,
      versions: [],
      aliases: new Map(),
      events: [],
      entries: new Map(),
    };
    this.models.set(name, model);
    this.ids.set(id, version);
    const before = model.versions[version.version - 1]?.lineage.length ?? 0;
    for (const [i, edge] of lineage.slice(before).entries()) {
      const links = this.#links.get(edgeKey(edge)) ?? [];
      this.#links.set(edgeKey(edge), links);
      links.push({ name, version: version.version, ...edge, position: before + i });
    }
    model.versions[version.version - 1] = Object.freeze(version);
    return version;
  }

  remove({ name, version, id, lineage }: VersionRecord): void {
    this.models.get(name)!.versions[version - 1] = undefined;
    this.ids.delete(id);
    for (const edge of lineage) {
      const links = this.#links.get(edgeKey(edge))!.filter((link) => link.name !== name || link.version !== version);
      if (links.length > 0) this.#links.set(edgeKey(edge), links);
      else this.#links.delete(edgeKey(edge));
    }
  }

  /** Points an alias at a version, or at none. */
  point(name: string, alias: string, version: number | undefined): void {
    const { aliases, versions } = this.models.get(name)!;
    const previous = aliases.get(alias);
    if (version === undefined) aliases.delete(alias);
    else aliases.set(alias, version);
    for (const each of [previous, version]) {
      if (each === undefined) continue;
      const names = [...aliases].filter(([, target]) => target === each).map(([name]) => name);
      this.put({ ...versions[each - 1]!, aliases: deepFreeze(names.sort()) });
    }
  }

  /** Adds what a version went through, and which version is before it when it has entered an exclusive stage. */
  remember(event: StageEvent, previous: number | null): void {
    const { events, entries } = this.models.get(event.name)!;
    const { to, version } = event;
    events.push(Object.freeze(event));
    if (event.exclusive && to !== null) entries.set(to, [{ version, previous }, ...(entries.get(to) ?? [])]);
  }

  /** Who is and was in an exclusive stage. */
  trail({ versions, entries }: MemoryModel, stage: string): StageTrail {
    return {
      holder: versions.findLast((version) => version?.stage === stage)?.version,
      entries: entries.get(stage) ?? [],
      exists: (version) => versions[version - 1] !== undefined,
    };
  }

  /** @throws a `ModelwrightError` with code `REGISTRY_VERSION_NOT_FOUND` for a parent of this registry that is not there */
  assertParents(edges: readonly LineageEdge[]): void {
    for (const parent of edges.map(parentOf)) if (parent !== undefined) this.get(parent);
  }

  /** Edges that point to any of these, in the order of name, version and their own. */
  linksTo(edges: readonly LineageEdge[]): readonly LineageLink[] {
    const found = newEdges([], edges).flatMap((edge) => this.#links.get(edgeKey(edge)) ?? []);
    found.sort((a, b) => byText(a.name, b.name) || a.version - b.version || a.position - b.position);
    return found.map(({ position: _, ...link }) => link);
  }

  summary(name: string): ModelSummary | undefined {
    const model = this.models.get(name);
    if (model === undefined) return undefined;
    return deepFreeze({
      name,
      createdAt: model.createdAt,
      ...model.notes,
      aliases: [...model.aliases].map(([alias, version]) => ({ alias, version })).sort((a, b) => byText(a.alias, b.alias)),
      versions: this.existing(model).length,
      latestVersion: model.versions.length,
    });
  }

  clear(): void {
    for (const each of [this.models, this.ids, this.approvals, this.cursors, this.#links]) each.clear();
  }
}

function byText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
