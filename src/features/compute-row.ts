import { ModelwrightError } from "../core/errors.ts";
import { validate } from "../core/schema.ts";
import { decodeValue } from "./encode-value.ts";
import type { FeaturePlan } from "./feature-catalog.ts";
import type { FeatureRow, FeatureStatus } from "./feature-row.ts";
import type { FeatureSource } from "./feature-source.ts";
import type { FeatureView } from "./feature-view.ts";
import type { OnDemandFeature } from "./on-demand-feature.ts";
import type { OnlineRow } from "./port.ts";

/** What one row of features is made of. */
export interface RowInputs {
  /** What is stored for the views of the plan, in their order. */
  readonly stored: readonly (OnlineRow | undefined)[];
  /** Validated request-time fields for the on-demand features of the plan, in their order. */
  readonly requests: readonly unknown[];
  /** The time that ages count from, microseconds since the epoch. */
  readonly asOfUs: number;
  /** Whether what on-demand features compute is checked against their schema. */
  readonly checked: boolean;
}

/** The features that one source has for one entity. */
interface SourceRow {
  /** What holds for every feature of the row; `PRESENT` leaves it to the value. */
  readonly status: FeatureStatus;
  readonly eventAtUs: number | null;
  readonly error?: ModelwrightError<"FEATURE_COMPUTE_FAILED">;
  /** The value; undefined when the row does not have it. */
  readonly read: (feature: string) => unknown;
}

/**
 * Reads and computes the features of a plan for one entity row.
 *
 * @throws a {@link ModelwrightError} with code `INPUT_INVALID` for a stored value that is damaged
 */
export function computeRow(plan: FeaturePlan, { stored, requests, asOfUs, checked }: RowInputs): FeatureRow {
  const rows = new Map<FeatureSource, SourceRow>();
  for (const [i, view] of plan.views.entries()) rows.set(view, viewRow(view, stored[i], asOfUs));
  for (const [i, onDemand] of plan.onDemand.entries()) rows.set(onDemand, onDemandRow(onDemand, rows, requests[i], checked));
  const values: Record<string, unknown> = {};
  const status: Record<string, FeatureStatus> = {};
  const eventAtUs: Record<string, number | null> = {};
  const errors: Record<string, ModelwrightError<"FEATURE_COMPUTE_FAILED">> = {};
  for (const { ref, source, feature } of plan.features) {
    const row = rows.get(source)!;
    const cell = readCell(row, feature);
    values[ref] = cell.value;
    status[ref] = cell.status;
    eventAtUs[ref] = row.eventAtUs;
    if (row.error !== undefined) errors[ref] = row.error;
  }
  return { values, status, eventAtUs, errors };
}

const nothing = () => undefined;

/**
 * Young enough is `eventAt + ttl >= asOf`, the bound included, as in a point-in-time join. A row of the future is served: the store
 * has no older one, and a clock that runs a little ahead must not empty the features of an entity.
 */
function viewRow(view: FeatureView, row: OnlineRow | undefined, asOfUs: number): SourceRow {
  if (row === undefined) return { status: "NOT_FOUND", eventAtUs: null, read: nothing };
  const { eventAtUs, values } = row;
  if (view.ttlMs !== undefined && eventAtUs + view.ttlMs * 1_000 < asOfUs) {
    return { status: "OUTSIDE_MAX_AGE", eventAtUs, read: nothing };
  }
  return {
    status: "PRESENT",
    eventAtUs,
    read: (feature) => (Object.hasOwn(values, feature) ? decodeValue(values[feature]!) : undefined),
  };
}

function onDemandRow(
  onDemand: OnDemandFeature,
  rows: ReadonlyMap<FeatureSource, SourceRow>,
  request: unknown,
  checked: boolean,
): SourceRow {
  const inputs: [string, unknown][] = [];
  let eventAtUs: number | null = null;
  for (const [name, { source, feature }] of Object.entries(onDemand.inputs)) {
    const row = rows.get(source)!;
    inputs.push([name, readCell(row, feature).value]);
    if (row.eventAtUs !== null && (eventAtUs === null || row.eventAtUs < eventAtUs)) eventAtUs = row.eventAtUs;
  }
  try {
    const answer = onDemand.compute(Object.fromEntries(inputs) as never, request as never);
    const output: unknown = checked ? validate(onDemand.schema, answer, `What ${onDemand.name} computed`) : answer;
    if (typeof output !== "object" || output === null) throw new TypeError(`expected an object, but got ${typeof output}`);
    const read = (feature: string) => (Object.hasOwn(output, feature) ? output[feature as keyof typeof output] : undefined);
    return { status: "PRESENT", eventAtUs, read };
  } catch (cause) {
    const error = new ModelwrightError(
      "FEATURE_COMPUTE_FAILED",
      `On-demand feature ${onDemand.name} failed; its cause says why`,
      {
        details: { feature: onDemand.name },
        cause,
      },
    );
    return { status: "ERROR", eventAtUs, error, read: nothing };
  }
}

function readCell(row: SourceRow, feature: string): { readonly value: unknown; readonly status: FeatureStatus } {
  if (row.status !== "PRESENT") return { value: null, status: row.status };
  const value = row.read(feature);
  if (value === undefined) return { value: null, status: "NOT_FOUND" };
  return { value, status: value === null ? "NULL_VALUE" : "PRESENT" };
}
