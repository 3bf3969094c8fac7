import * as z from "zod";
import type { CallOptions, Runtime } from "../core/call.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { ModelwrightError, messageOf } from "../core/errors.ts";
import { Lifecycle } from "../core/lifecycle.ts";
import { parseOptions, passed, port } from "../core/options.ts";
import { type InferInput, invalidInput, validate } from "../core/schema.ts";
import { traced } from "../core/trace.ts";
import { computeRow } from "./compute-row.ts";
import { FeatureCatalog, type FeaturePlan } from "./feature-catalog.ts";
import type { FeatureRow, FeatureWrite, KeysOf, KnownRef, RequestOf, ValuesOf } from "./feature-row.ts";
import type { FeatureView } from "./feature-view.ts";
import type { OnDemandFeature } from "./on-demand-feature.ts";
import { type GivenKeys, OnlineKeys } from "./online-keys.ts";
import { toOnlineRows } from "./online-rows.ts";
import type { OnlineKey, OnlineRow, OnlineStore } from "./port.ts";

/** Options of {@link FeatureServer}. */
export interface FeatureServerOptions<View extends FeatureView, OnDemand extends OnDemandFeature> {
  /** The views to serve and write. */
  readonly views: readonly View[];
  /** The on-demand features to serve; whatever they read must be listed, too. @defaultValue none */
  readonly onDemand?: readonly OnDemand[];
  /** Holds the newest row of each entity. Borrowed: closing the server does not close it. */
  readonly online: OnlineStore;
  /**
   * Whether what on-demand features compute is checked against their schema at each read. Rows to write and request-time fields
   * come from outside and always are. @defaultValue `always`
   */
  readonly validate?: "always" | "never";
}

/** Options of {@link FeatureServer.get} and {@link FeatureServer.getMany}. */
export interface FeatureReadOptions extends CallOptions {
  /**
   * The time that ages count from, whole microseconds since the epoch. The store has the newest rows only, so that an earlier time
   * does not bring older values back. @defaultValue now
   */
  readonly asOfUs?: number | undefined;
}

/** The options of a read, required when an on-demand feature among the requested ones takes request-time fields. */
export type ReadArguments<Fields extends string, Request> = [Request] extends [never]
  ? [options?: FeatureReadOptions]
  : [options: FeatureReadOptions & { readonly [F in Fields]: Fields extends "requests" ? readonly Request[] : Request }];

const serverOptions = z.strictObject({
  views: z.array(passed<FeatureView>("a view made by featureView()", (value) => isSource(value, "entity"))),
  onDemand: z
    .array(passed<OnDemandFeature>("a feature made by onDemandFeature()", (value) => isSource(value, "compute")))
    .default([]),
  online: port<OnlineStore>("online/1"),
  validate: z.enum(["always", "never"]).default("always"),
});

/**
 * Serves the newest features of entities, stored and computed, and takes new ones.
 *
 * @example
 * ```ts
 * import { FeatureServer, featureView, memoryOnline } from "modelwright";
 * import { z } from "zod";
 *
 * const spend = featureView({ name: "spend", entity: "user", ttlMs: 3_600_000, schema: z.object({ avg_7d: z.number() }) });
 * await using online = memoryOnline();
 * await using features = new FeatureServer({ views: [spend], online });
 * await features.write(spend, [{ key: "u1", values: { avg_7d: 12.5 } }]);
 * const row = await features.get({ user: "u1" }, ["spend.avg_7d"]);
 * console.log(row.values["spend.avg_7d"], row.status["spend.avg_7d"]);
 * ```
 */
export class FeatureServer<View extends FeatureView, OnDemand extends OnDemandFeature = never> implements AsyncDisposable {
  readonly #online: OnlineStore;
  readonly #views: readonly FeatureView[];
  readonly #catalog: FeatureCatalog;
  readonly #checked: boolean;
  readonly #clock: Clock;
  readonly #lifecycle = new Lifecycle("FeatureServer");

  /**
   * @param options - views, on-demand features and the store; copied
   * @param runtime - clock
   * @throws a {@link ModelwrightError} with code `CONFIG_INVALID`, also for on-demand features that need each other
   */
  constructor(options: FeatureServerOptions<View, OnDemand>, { clock = systemClock }: Runtime = {}) {
    const { views, onDemand, online, validate } = parseOptions(serverOptions, options, "FeatureServer");
    this.#views = views;
    this.#online = online;
    this.#checked = validate === "always";
    this.#clock = clock;
    this.#catalog = new FeatureCatalog([...views, ...onDemand]);
  }

  /**
   * Features of one entity row, typed by their schemas.
   *
   * @param keys - the key of each entity that the features belong to
   * @param features - references `name.feature`
   * @param options - with `request`, the request-time fields, when an on-demand feature among them takes some
   * @throws a {@link ModelwrightError} with code `FEATURE_UNKNOWN`, `FEATURE_KEY_MISSING`, `INPUT_INVALID` for a key or a request
   * that is not valid, `STORE_FAILED`, `DEADLINE_EXCEEDED` or `CLOSED`
   */
  async get<const Ref extends string>(
    keys: KeysOf<View | OnDemand, Ref>,
    features: readonly KnownRef<View | OnDemand, Ref>[],
    ...[options]: ReadArguments<"request", RequestOf<View | OnDemand, Ref>>
  ): Promise<FeatureRow<ValuesOf<View | OnDemand, Ref>>> {
    const request = (options as { readonly request?: unknown } | undefined)?.request;
    const [row] = await this.#read([keys], features, [request], options);
    return row as FeatureRow<ValuesOf<View | OnDemand, Ref>>;
  }

  /**
   * Features of many entity rows, in their order, in one read of the store.
   *
   * @param listOfKeys - for each row the keys of its entities
   * @param features - references `name.feature`
   * @param options - with `requests`, the request-time fields for each row, when an on-demand feature takes some
   * @throws a {@link ModelwrightError} as {@link FeatureServer.get} does
   */
  async getMany<const Ref extends string>(
    listOfKeys: readonly KeysOf<View | OnDemand, Ref>[],
    features: readonly KnownRef<View | OnDemand, Ref>[],
    ...[options]: ReadArguments<"requests", RequestOf<View | OnDemand, Ref>>
  ): Promise<FeatureRow<ValuesOf<View | OnDemand, Ref>>[]> {
    const requests = (options as { readonly requests?: readonly unknown[] } | undefined)?.requests;
    if (requests !== undefined && requests.length !== listOfKeys.length) {
      const message = `expected one for each of ${listOfKeys.length} rows, but got ${requests.length}`;
      throw invalidInput("requests", [{ path: [], message }]);
    }
    const rows = await this.#read(listOfKeys, features, requests ?? [], options);
    return rows as FeatureRow<ValuesOf<View | OnDemand, Ref>>[];
  }

  /**
   * Writes rows of a view: all of them, or none when one is not valid. The store keeps the newest row of each entity by event
   * time; of equal times, the later written, so that a correction wins and a row that comes late or twice does no harm.
   *
   * A write that was aborted or ran out of time may have happened.
   *
   * @throws a {@link ModelwrightError} with code `INPUT_INVALID` that names the rows and features at fault, `INPUT_UNKNOWN` for a
   * view of another server, `STORE_FAILED`, `DEADLINE_EXCEEDED` or `CLOSED`
   */
  write<V extends View>(view: V, rows: readonly FeatureWrite<InferInput<V["schema"]>>[], call?: CallOptions): Promise<void> {
    return this.#lifecycle.run(() =>
      traced(
        "features.write",
        () => ({ view: view.name, rows: rows.length }),
        async () => {
          if (!this.#views.includes(view)) throw unknownView(view, this.#views);
          const online = toOnlineRows(view, rows, Math.round(this.#clock.now() * 1_000));
          if (online.length === 0) return;
          await this.#store("writeMany", call, (signal) => this.#online.writeMany(online, { signal }));
        },
      ),
    );
  }

  /** Refuses new calls and waits for running ones. Leaves the store open. */
  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  /** Calls `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #read(
    listOfKeys: readonly GivenKeys[],
    features: readonly string[],
    requests: readonly unknown[],
    options: FeatureReadOptions | undefined,
  ): Promise<FeatureRow[]> {
    return this.#lifecycle.run(() =>
      traced(
        "features.get",
        () => ({ rows: listOfKeys.length, features: features.length }),
        async () => {
          const plan = this.#catalog.plan(features);
          const asOfUs = options?.asOfUs ?? this.#clock.now() * 1_000;
          if (!Number.isFinite(asOfUs)) {
            throw invalidInput("asOfUs", [{ path: [], message: `expected microseconds since the epoch, but got ${asOfUs}` }]);
          }
          // All that can be wrong with the input is found before the store is asked.
          const addresses = new OnlineKeys(plan, listOfKeys);
          const checked = listOfKeys.map((_, i) => validateRequests(plan, requests[i]));
          const found = await this.#readStore(addresses.distinct, options);
          try {
            return listOfKeys.map((_, i) =>
              computeRow(plan, { stored: addresses.pick(found, i), requests: checked[i]!, asOfUs, checked: this.#checked }),
            );
          } catch (error) {
            // What on-demand functions throw is in the row, so this is a stored value that cannot be read: not the input's fault.
            throw storeFailed(this.#online.name, "readMany", String(error), error);
          }
        },
      ),
    );
  }

  async #readStore(keys: readonly OnlineKey[], call: CallOptions | undefined): Promise<readonly (OnlineRow | undefined)[]> {
    if (keys.length === 0) return [];
    const rows = await this.#store("readMany", call, (signal) => this.#online.readMany(keys, { signal }));
    if (Array.isArray(rows) && rows.length === keys.length) return rows;
    throw storeFailed(
      this.#online.name,
      "readMany",
      `it answered ${(rows as typeof rows | null | undefined)?.length} rows for ${keys.length} keys`,
    );
  }

  /** Calls the store; what fails there is `STORE_FAILED`, whether the adapter says so or not. */
  async #store<T>(operation: string, call: CallOptions | undefined, work: (signal?: AbortSignal) => Promise<T>): Promise<T> {
    return withDeadline(
      call,
      async (signal) => {
        try {
          return await work(signal);
        } catch (error) {
          if (ModelwrightError.is(error) || signal?.aborted) throw error;
          throw storeFailed(this.#online.name, operation, messageOf(error), error);
        }
      },
      this.#clock,
    );
  }
}

function validateRequests(plan: FeaturePlan, given: unknown): unknown[] {
  return plan.onDemand.map(({ name, request }) =>
    request === undefined ? undefined : validate(request, given, `The request of on-demand feature ${name}`),
  );
}

function isSource(value: unknown, member: string): boolean {
  return typeof value === "object" && value !== null && "features" in value && member in value;
}

function unknownView(view: FeatureView, views: readonly FeatureView[]): ModelwrightError<"INPUT_UNKNOWN"> {
  const known = views.map(({ name }) => name);
  return new ModelwrightError("INPUT_UNKNOWN", `${view.name} is not a view of this server; it serves ${known.join(", ")}`, {
    details: { input: view.name, known },
  });
}

function storeFailed(store: string, operation: string, reason: string, cause?: unknown): ModelwrightError<"STORE_FAILED"> {
  return new ModelwrightError("STORE_FAILED", `${store} failed to ${operation}: ${reason}`, {
    details: { store, operation },
    ...(cause !== undefined && { cause }),
  });
}
