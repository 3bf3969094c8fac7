import type { SearchEntity } from "./fields.ts";

/** What an attribute is compared with; a time is a number of milliseconds since the epoch. */
type AttributeType = "text" | "number" | "time";

/** What is known of one kind of record. */
interface Kind {
  readonly attributes: Readonly<Record<string, AttributeType>>;
  readonly entities: readonly SearchEntity[];
  /** What its params are compared with. */
  readonly params: readonly ("text" | "number")[];
  /** MLflow's names of our attributes, and others that are in use. */
  readonly aliases: Readonly<Record<string, string>>;
}

/**
 * The kinds of records that can be searched, in the words of a filter.
 *
 * @source MLflow 3, "Search Runs", "Search Experiments" and the docstrings of `MlflowClient.search_model_versions` and
 * `search_registered_models` (names); stages, labels, aliases and the times of stages are ours
 */
export const searchKinds = {
  versions: {
    attributes: {
      name: "text",
      version: "number",
      label: "text",
      stage: "text",
      flavor: "text",
      framework: "text",
      model_type: "text",
      description: "text",
      data_version: "text",
      code_version: "text",
      run_id: "text",
      created_by: "text",
      created_at: "time",
      stage_changed_at: "time",
      legal_hold: "text",
    },
    entities: ["tag", "metric", "param", "alias"],
    // Hyperparameters keep their type.
    params: ["text", "number"],
    aliases: {
      version_number: "version",
      current_stage: "stage",
      user_id: "created_by",
      creation_time: "created_at",
      creation_timestamp: "created_at",
      last_updated_timestamp: "stage_changed_at",
    },
  },
  models: {
    attributes: { name: "text", description: "text", created_at: "time" },
    entities: ["tag", "alias"],
    params: [],
    aliases: { creation_time: "created_at", creation_timestamp: "created_at" },
  },
  runs: {
    attributes: {
      id: "text",
      experiment_id: "text",
      parent_id: "text",
      name: "text",
      status: "text",
      created_by: "text",
      started_at: "time",
      ended_at: "time",
      deleted_at: "time",
    },
    entities: ["tag", "metric", "param", "dataset"],
    params: ["text"],
    aliases: {
      run_id: "id",
      run_uuid: "id",
      run_name: "name",
      user_id: "created_by",
      created: "started_at",
      start_time: "started_at",
      end_time: "ended_at",
    },
  },
  experiments: {
    attributes: { id: "text", name: "text", created_at: "time", updated_at: "time", deleted_at: "time" },
    entities: ["tag"],
    params: [],
    aliases: {
      experiment_id: "id",
      creation_time: "created_at",
      creation_timestamp: "created_at",
      last_update_time: "updated_at",
      last_updated_timestamp: "updated_at",
    },
  },
} as const satisfies Readonly<Record<string, Kind>>;

/** What is searched. */
export type SearchKind = keyof typeof searchKinds;

/** Names of the attributes of a kind. */
export type AttributeOf<K extends SearchKind> = keyof (typeof searchKinds)[K]["attributes"] & string;

/** The kind, without the types of its names. */
export function kindOf(kind: SearchKind): Kind {
  return searchKinds[kind];
}

/** The attribute that a name in a filter means; names that are not known stay as they are. */
export function attributeNamed(name: string, { attributes, aliases }: Kind): string {
  return !Object.hasOwn(attributes, name) && Object.hasOwn(aliases, name) ? aliases[name]! : name;
}

/** What goes before the dot of a field, in the singular and the plural, and what MLflow takes beside them. */
export const ENTITY_WORDS: ReadonlyMap<string, "attribute" | SearchEntity> = new Map([
  ...words("attribute", "attribute", "attributes", "attr", "run"),
  ...words("tag", "tag", "tags"),
  ...words("metric", "metric", "metrics"),
  ...words("param", "param", "params", "parameter", "parameters"),
  ...words("alias", "alias", "aliases"),
  ...words("dataset", "dataset", "datasets"),
]);

function words<E extends string>(entity: E, ...all: readonly string[]): readonly (readonly [string, E])[] {
  return all.map((word) => [word, entity]);
}
