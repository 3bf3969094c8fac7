import { formatModelRef } from "../core/model.ts";
import { invalidConfig } from "../core/options.ts";
import { invalidInput } from "../core/schema.ts";
import type { LineageEdge, LineageLink, VersionRecord } from "./port.ts";
import { newEdges, parentOf, type VersionKey } from "./rules/lineage.ts";

/** Versions and their edges, as `Lineage` answers them. */
export interface LineageInput {
  readonly versions: readonly VersionRecord[];
  readonly links: readonly LineageLink[];
}

/** Options of {@link openLineage}. */
export interface OpenLineageOptions {
  /** Namespace of jobs, models and data sets, the same for everything of one registry. @defaultValue "modelwright" */
  readonly namespace?: string | undefined;
  /** Absolute URI of the program that writes the events. @defaultValue "urn:modelwright" */
  readonly producer?: string | undefined;
  /**
   * Where an edge's data is known as a data set of OpenLineage, so that the graphs of other tools join this one.
   * @defaultValue `datasets/<ref>` and so on in the namespace
   */
  readonly dataset?: ((edge: LineageEdge) => { readonly namespace: string; readonly name: string } | undefined) | undefined;
}

/** A facet: what is known, by whom, in which schema. */
export interface OpenLineageFacet {
  readonly _producer: string;
  readonly _schemaURL: string;
  readonly [field: string]: unknown;
}

/** A data set; a model is one, too. */
export interface OpenLineageDataset {
  readonly namespace: string;
  readonly name: string;
  readonly facets?: Readonly<Record<string, OpenLineageFacet>> | undefined;
}

/** A run event. @source OpenLineage 2-0-2, spec/OpenLineage.json, `RunEvent` */
export interface OpenLineageEvent {
  readonly eventType: "START" | "COMPLETE";
  /** RFC 3339. */
  readonly eventTime: string;
  readonly run: { readonly runId: string; readonly facets: Readonly<Record<string, OpenLineageFacet>> };
  readonly job: {
    readonly namespace: string;
    readonly name: string;
    readonly facets: Readonly<Record<string, OpenLineageFacet>>;
  };
  readonly inputs: readonly OpenLineageDataset[];
  readonly outputs: readonly OpenLineageDataset[];
  readonly producer: string;
  readonly schemaURL: string;
}

interface Context {
  readonly namespace: string;
  readonly producer: string;
  readonly dataset: NonNullable<OpenLineageOptions["dataset"]>;
}

const SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs";
const FACETS = "https://openlineage.io/spec/facets";

/** Schemas of the facets that OpenLineage defines. */
const schemas = {
  version: `${FACETS}/1-0-0/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet`,
  datasetType: `${FACETS}/1-0-0/DatasetTypeDatasetFacet.json#/$defs/DatasetTypeDatasetFacet`,
  documentation: `${FACETS}/1-0-1/DocumentationDatasetFacet.json#/$defs/DocumentationDatasetFacet`,
  jobType: `${FACETS}/2-0-3/JobTypeJobFacet.json#/$defs/JobTypeJobFacet`,
} as const;

/** Folder of the names of what an edge points to; code and runs are no data and go into a facet of the run. */
const folders = { dataset: "datasets", parent: "models", "feature-view": "feature-views", report: "reports" } as const;

/**
 * A lineage graph as run events of OpenLineage: making a version is a run of the job `register/<model>`, with a `START` and a `COMPLETE`
 * at the time of registration. Data sets, parents, feature views and reports are its inputs, the model with its number is its output;
 * commits and training runs are in the run's facet `modelwright_origin`. The same graph gives the same events, the oldest version first.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for a producer that is no absolute URI, and with `INPUT_INVALID` for a
 * version whose id is no UUID
 * @source OpenLineage 2-0-2, spec/OpenLineage.json and spec/facets
 *
 * @example
 * ```ts
 * import { memoryRegistry } from "modelwright";
 * import { Lineage, openLineage } from "modelwright/registry";
 *
 * const graph = await new Lineage({ store: memoryRegistry() }).upstream("fraud@production");
 * for (const event of openLineage(graph, { namespace: "ml" })) {
 *   await fetch("https://lineage.example.com/api/v1/lineage", { method: "POST", body: JSON.stringify(event) });
 * }
 * ```
 */
export function openLineage(graph: LineageInput, options: OpenLineageOptions = {}): readonly OpenLineageEvent[] {
  const { namespace = "modelwright", producer = "urn:modelwright", dataset = () => undefined } = options;
  if (!URL.canParse(producer)) {
    throw invalidConfig("openLineage", [{ path: ["producer"], message: "expected an absolute URI" }]);
  }
  const edges = groupLinks(graph.links);
  return graph.versions
    .toSorted(byAge)
    .flatMap((version) => eventsOf(version, edges.get(keyOf(version)) ?? [], { namespace, producer, dataset }));
}

function eventsOf(version: VersionRecord, links: readonly LineageEdge[], context: Context): readonly OpenLineageEvent[] {
  const { namespace, producer } = context;
  const edges = [...version.lineage, ...newEdges(version.lineage, links)];
  const refs = (kind: LineageEdge["kind"]) => edges.filter((edge) => edge.kind === kind).map(({ ref }) => ref);
  const origin = { version: keyOf(version), code: refs("code"), runs: refs("run"), createdBy: version.createdBy };
  const job = { processingType: "BATCH", integration: "MODELWRIGHT", jobType: "MODEL" };
  const common = {
    eventTime: new Date(version.createdAt).toISOString(),
    run: { runId: runIdOf(version), facets: { modelwright_origin: facet(context, `${SPEC}/RunFacet`, origin) } },
    job: { namespace, name: `register/${version.name}`, facets: { jobType: facet(context, schemas.jobType, job) } },
    inputs: edges.flatMap((edge) => inputOf(edge, context) ?? []),
    producer,
    schemaURL: `${SPEC}/RunEvent`,
  };
  return [
    { eventType: "START", ...common, outputs: [] },
    { eventType: "COMPLETE", ...common, outputs: [outputOf(version, context)] },
  ];
}

function inputOf(edge: LineageEdge, context: Context): OpenLineageDataset | undefined {
  if (edge.kind === "code" || edge.kind === "run") return undefined;
  const parent = parentOf(edge);
  if (parent !== undefined) return modelOf(parent, context);
  const { namespace, name } = context.dataset(edge) ?? {
    namespace: context.namespace,
    name: `${folders[edge.kind]}/${edge.ref}`,
  };
  return { namespace, name };
}

function outputOf(version: VersionRecord, context: Context): OpenLineageDataset {
  const { label, stage, flavor, framework, modelType, description, metrics, files } = version;
  const model = modelOf(version, context);
  const facets = {
    ...model.facets,
    ...(description === "" ? {} : { documentation: facet(context, schemas.documentation, { description }) }),
    modelwright_model: facet(context, `${SPEC}/DatasetFacet`, { label, stage, flavor, framework, modelType, metrics, files }),
  };
  return { ...model, facets };
}

/** A version is a state of the data set that its model is. */
function modelOf({ name, version }: VersionKey, context: Context): OpenLineageDataset {
  const facets = {
    version: facet(context, schemas.version, { datasetVersion: String(version) }),
    datasetType: facet(context, schemas.datasetType, { datasetType: "MODEL" }),
  };
  return { namespace: context.namespace, name: `models/${name}`, facets };
}

function facet({ producer }: Context, schema: string, fields: object): OpenLineageFacet {
  return { _producer: producer, _schemaURL: schema, ...fields };
}

function runIdOf(version: VersionRecord): string {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(version.id)) return version.id;
  throw invalidInput("The lineage", [
    { path: ["versions", keyOf(version), "id"], message: "expected a UUID, as ModelRegistry gives one to every version" },
  ]);
}

function groupLinks(links: readonly LineageLink[]): ReadonlyMap<string, readonly LineageEdge[]> {
  const groups = new Map<string, LineageEdge[]>();
  for (const { name, version, kind, ref } of links) {
    const key = keyOf({ name, version });
    const group = groups.get(key) ?? [];
    group.push({ kind, ref });
    groups.set(key, group);
  }
  return groups;
}

function keyOf({ name, version }: VersionKey): string {
  return formatModelRef({ name, version });
}

function byAge(a: VersionRecord, b: VersionRecord): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}
