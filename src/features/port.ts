import type { CallOptions } from "../core/call.ts";
import type { JsonValue } from "../core/json.ts";

/** What was known of one entity in one view at one time. */
export interface OnlineRow {
  /** Name of the feature view. */
  readonly view: string;
  /** Key of the entity, non-empty; like `view` without NUL characters and lone surrogates, which not every backend can hold. */
  readonly key: string;
  /** When the values held, microseconds since the epoch. */
  readonly eventAtUs: number;
  /** When the row was made, microseconds since the epoch: decides between rows of one event time, so that corrections win. */
  readonly createdAtUs: number;
  /** Feature values by name. A bigint, NaN or infinity is written as the feature area encodes it, so values are plain JSON. */
  readonly values: Readonly<Record<string, JsonValue>>;
}

/** Address of a row. */
export interface OnlineKey {
  readonly view: string;
  readonly key: string;
}

/** Port: the newest feature row of each entity. */
export interface OnlineStore extends AsyncDisposable {
  readonly spec: "online/1";
  /** Shown in errors and traces. */
  readonly name: string;
  readonly capabilities: {
    /** Whether rows survive the process. */
    readonly durable: boolean;
  };
  /** Rows in the order of `keys`, undefined where nothing is stored. Rejects as a whole or not at all. */
  readMany(keys: readonly OnlineKey[], call?: CallOptions): Promise<readonly (OnlineRow | undefined)[]>;
  /**
   * Keeps for each key the row with the greatest (`eventAtUs`, `createdAtUs`), whatever the order of calls; of rows equal in both
   * the later written stays. All rows or none.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for a row that is not as {@link OnlineRow} says
   */
  writeMany(rows: readonly OnlineRow[], call?: CallOptions): Promise<void>;
  /** Removes the rows of these keys; keys without a row are passed over. All or none. */
  deleteMany(keys: readonly OnlineKey[], call?: CallOptions): Promise<void>;
}
