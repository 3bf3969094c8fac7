import type { Searchable } from "../../search/match.ts";
import type { SearchField } from "../../search/port.ts";
import type { ModelSummary, VersionRecord } from "../port.ts";

/** What versions can be searched by, and whether it is text or a number. */
export const versionAttributes = {
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
  created_at: "number",
  stage_changed_at: "number",
  legal_hold: "text",
} as const satisfies Readonly<Record<string, "text" | "number">>;

/** What models can be searched by. */
export const modelAttributes = {
  name: "text",
  description: "text",
  created_at: "number",
} as const satisfies Readonly<Record<string, "text" | "number">>;

/** What else versions have, and the order that no other order tells apart. */
export const versionFields = {
  attributes: versionAttributes,
  entities: ["tag", "metric", "param", "alias"],
  tieBreak: [
    { attribute: "name", direction: "asc" },
    { attribute: "version", direction: "desc" },
  ],
} as const satisfies Omit<Searchable<VersionRecord>, "values">;

/** As {@link versionFields}, of models. */
export const modelFields = {
  attributes: modelAttributes,
  entities: ["tag", "alias"],
  tieBreak: [{ attribute: "name", direction: "asc" }],
} as const satisfies Omit<Searchable<ModelSummary>, "values">;

/** A fact of a version or a model that it can be found by. Exactly one of text and number is given. */
export interface SearchFact {
  readonly kind: "attribute" | "tag" | "metric" | "param";
  readonly key: string;
  readonly text: string | null;
  readonly number: number | null;
}

/** The attributes that are facts; the others are columns of a version's own. */
const FACT_ATTRIBUTES = [
  "flavor",
  "framework",
  "model_type",
  "data_version",
  "code_version",
  "run_id",
  "description",
  "legal_hold",
] as const satisfies readonly (keyof typeof versionAttributes)[];

/** The attributes of a version that are not columns of its own and that it has, and its tags, metrics and params. */
export function versionFacts(version: VersionRecord): readonly SearchFact[] {
  return [
    ...FACT_ATTRIBUTES.flatMap((key) => attributeOf(version, key).map((value) => fact("attribute", key, value))),
    ...Object.entries(version.tags).map(([key, value]) => fact("tag", key, value)),
    ...Object.entries(version.metrics).map(([key, value]) => fact("metric", key, value)),
    ...Object.entries(version.hyperparameters).map(([key, value]) => fact("param", key, paramOf(value))),
  ];
}

/** The description and the tags of a model. */
export function modelFacts({ description, tags }: Pick<ModelSummary, "description" | "tags">): readonly SearchFact[] {
  return [fact("attribute", "description", description), ...Object.entries(tags).map(([key, value]) => fact("tag", key, value))];
}

/** What a version has of a field, for a search in memory. Unknown attributes have been refused before. */
export function versionValues(version: VersionRecord, { entity, key }: SearchField): readonly (string | number)[] {
  switch (entity) {
    case "alias":
      return version.aliases;
    case "tag":
      return member(version.tags, key, storable);
    case "metric":
      return member(version.metrics, key, (value) => value);
    case "param":
      return member(version.hyperparameters, key, (value) => storable(paramOf(value)));
    default:
      return attributeOf(version, key);
  }
}

/** As {@link versionValues}, of a model. */
export function modelValues(model: ModelSummary, { entity, key }: SearchField): readonly (string | number)[] {
  if (entity === "alias") return model.aliases.map(({ alias }) => alias);
  if (entity === "tag") return member(model.tags, key, storable);
  return attributeOf(model, key);
}

/** What a record has of an attribute: its member of the same name in camel case. */
function attributeOf(record: VersionRecord | ModelSummary, key: string): readonly (string | number)[] {
  const name = key.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const value = (record as unknown as Readonly<Record<string, string | number | null>>)[name] ?? null;
  return value === null ? [] : [storable(value)];
}

function fact(kind: SearchFact["kind"], key: string, given: string | number): SearchFact {
  const value = storable(given);
  return typeof value === "string" ? { kind, key, text: value, number: null } : { kind, key, text: null, number: value };
}

/** What a hyperparameter is found by. */
function paramOf(value: unknown): string | number {
  return typeof value === "string" || typeof value === "number" ? value : JSON.stringify(value);
}

/** Text as every database can store it: NUL and lone surrogates, which some refuse, are replaced. Numbers stay. */
function storable<T extends string | number>(value: T): T | string {
  return typeof value === "string" ? value.replaceAll("\u0000", "\ufffd").replaceAll(/\p{Surrogate}/gu, "\ufffd") : value;
}

function member<T>(
  record: Readonly<Record<string, T>>,
  key: string,
  shown: (value: T) => string | number,
): readonly (string | number)[] {
  return Object.hasOwn(record, key) ? [shown(record[key]!)] : [];
}
