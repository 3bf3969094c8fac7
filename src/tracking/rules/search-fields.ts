import type { Searchable } from "../../search/match.ts";
import type { SearchField } from "../../search/port.ts";
import type { ExperimentRecord, RunRecord } from "../port.ts";

/** What experiments can be searched by, whether it is text or a number, and the order that no other order tells apart. */
export const experimentFields = {
  attributes: { id: "text", name: "text", created_at: "number", updated_at: "number", deleted_at: "number" },
  entities: ["tag"],
  tieBreak: [
    { attribute: "created_at", direction: "desc" },
    { attribute: "id", direction: "asc" },
  ],
} as const satisfies Omit<Searchable<ExperimentRecord>, "values">;

/** As {@link experimentFields}, of runs. */
export const runFields = {
  attributes: {
    id: "text",
    experiment_id: "text",
    parent_id: "text",
    name: "text",
    status: "text",
    created_by: "text",
    started_at: "number",
    ended_at: "number",
    deleted_at: "number",
  },
  entities: ["tag", "metric", "param", "dataset"],
  tieBreak: [
    { attribute: "started_at", direction: "desc" },
    { attribute: "id", direction: "asc" },
  ],
} as const satisfies Omit<Searchable<RunRecord>, "values">;

/** What an experiment has of a field, for a search in memory. Unknown attributes have been refused before. */
export function experimentValues(experiment: ExperimentRecord, { entity, key }: SearchField): readonly (string | number)[] {
  if (entity === "tag") return member(experiment.tags, key);
  if (entity !== "attribute") return [];
  const { id, name, createdAt, updatedAt, deletedAt } = experiment;
  const own = new Map<string, string | number | null>([
    ["id", id],
    ["name", name],
    ["created_at", createdAt],
    ["updated_at", updatedAt],
    ["deleted_at", deletedAt],
  ]);
  return present(own.get(key));
}

/** As {@link experimentValues}, of a run. A metric that is NaN is not there. */
export function runValues(run: RunRecord, { entity, key }: SearchField): readonly (string | number)[] {
  switch (entity) {
    case "tag":
      return member(run.tags, key);
    case "param":
      return member(run.params, key);
    case "metric":
      return member(run.metrics, key).flatMap(({ value }) => (Number.isNaN(value) ? [] : [value]));
    case "dataset":
      return run.datasets.flatMap((dataset) => present(new Map(Object.entries(dataset)).get(key) as string | undefined));
    case "attribute":
      return present(attributeOf(run, key));
    case "alias":
      return [];
  }
}

function attributeOf(run: RunRecord, key: string): string | number | null | undefined {
  switch (key as keyof typeof runFields.attributes) {
    case "id":
      return run.id;
    case "experiment_id":
      return run.experimentId;
    case "parent_id":
      return run.parentId;
    case "name":
      return run.name;
    case "status":
      return run.status;
    case "created_by":
      return run.createdBy;
    case "started_at":
      return run.startedAt;
    case "ended_at":
      return run.endedAt;
    case "deleted_at":
      return run.deletedAt;
    default:
      return undefined;
  }
}

function member<T>(record: Readonly<Record<string, T>>, key: string): readonly T[] {
  return Object.hasOwn(record, key) ? [record[key]!] : [];
}

function present(value: string | number | null | undefined): readonly (string | number)[] {
  return value === null || value === undefined ? [] : [value];
}
