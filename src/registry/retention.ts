import * as z from "zod";
import type { CallOptions, Runtime } from "../core/call.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { ModelwrightError } from "../core/errors.ts";
import { Emitter, type Event } from "../core/events.ts";
import { deepFreeze } from "../core/freeze.ts";
import { defaultLogger } from "../core/logger.ts";
import { formatModelRef, isLabel, isName } from "../core/model.ts";
import { parseOptions, passed, port } from "../core/options.ts";
import { validate } from "../core/schema.ts";
import { type ChangeOptions, stampOf } from "./change-options.ts";
import type { RegistryStore, VersionRecord } from "./port.ts";
import {
  defaultRetention,
  planRetention,
  type RetentionFact,
  type RetentionPlan,
  type RetentionPolicy,
} from "./retention-plan.ts";
import { stageConflict } from "./rules/failures.ts";

/** Options of {@link Retention}. The store is borrowed. */
export interface RetentionOptions {
  readonly store: RegistryStore;
  /** @defaultValue {@link defaultRetention} */
  readonly policy?: RetentionPolicy | undefined;
  /** Who deletes when the call does not say. @defaultValue nobody is named */
  readonly actor?: string | undefined;
}

/** Options of {@link Retention.apply}. */
export interface ApplyOptions extends ChangeOptions {
  /** Told after each version how many of the plan are done. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

/** What became of a plan. */
export interface RetentionOutcome {
  readonly deleted: readonly string[];
  /** Versions that changed since the plan was made, each with what was in the way. */
  readonly skipped: readonly { readonly ref: string; readonly reason: string }[];
}

/** Versions read at once. */
const PAGE = 200;

/** What may have happened to a version since the plan was made; all else is a failure. */
const CHANGED = ["REGISTRY_CONFLICT", "REGISTRY_PROTECTED", "REGISTRY_VERSION_NOT_FOUND", "REGISTRY_MODEL_NOT_FOUND"] as const;

const optionsSchema = z.strictObject({
  store: port<RegistryStore>("registry/1"),
  policy: z
    .strictObject({
      days: z.record(z.string(), z.number().min(0)),
      keepLast: z.number().int().min(0).optional(),
      keepStages: z.array(z.string()).optional(),
    })
    .optional(),
  actor: z.string().min(1).max(250).optional(),
});

const applySchema = z.object({
  onProgress: passed<(done: number, of: number) => void>("a function", (value) => typeof value === "function").optional(),
});

const planSchema = z.object({
  at: z.number(),
  delete: z.array(
    z.object({ name: z.string().refine(isName), version: z.number().int().min(1), stage: z.string().refine(isLabel) }),
  ),
});

/**
 * Deletes versions that have been in their stage for too long: first a plan, which changes nothing, then its application. What deleted
 * versions leave behind in the blob store is removed by `collectGarbage`.
 *
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` for bad options
 *
 * @example
 * ```ts
 * import { memoryRegistry } from "modelwright";
 * import { Retention } from "modelwright/registry";
 *
 * const retention = new Retention({ store: memoryRegistry() });
 * const plan = await retention.plan();
 * console.table(plan.delete);
 * const { deleted, skipped } = await retention.apply(plan, { actor: "nightly", reason: "retention" });
 * ```
 */
export class Retention {
  readonly #store: RegistryStore;
  readonly #policy: RetentionPolicy;
  readonly #actor: string | undefined;
  readonly #clock: Clock;
  readonly #deleted: Emitter<VersionRecord>;
  /** Fires after this object has deleted a version, with what it was. */
  readonly onDeleted: Event<VersionRecord>;

  constructor(
    options: RetentionOptions,
    { clock = systemClock, logger = defaultLogger }: Pick<Runtime, "clock" | "logger"> = {},
  ) {
    const { store, policy = defaultRetention, actor } = parseOptions(optionsSchema, options, "Retention");
    this.#store = store;
    this.#policy = policy;
    this.#actor = actor;
    this.#clock = clock;
    this.#deleted = new Emitter(logger);
    this.onDeleted = this.#deleted.event;
  }

  /** What would be deleted now. Reads every version, in pages; `call.timeoutMs` limits each. */
  async plan(call?: CallOptions): Promise<RetentionPlan> {
    const now = this.#clock.now();
    const facts: RetentionFact[] = [];
    let after: string | undefined;
    do {
      after = await withDeadline(
        call,
        async (signal) => {
          const { items, next } = await this.#store.searchVersions({ limit: PAGE, after }, { signal });
          const protections = await this.#store.findProtections(items, { signal });
          // A plan needs little of a version: a registry's worth of records would not fit.
          for (const [i, { name, version, stage, stageChangedAt, files }] of items.entries()) {
            facts.push({ version: { name, version, stage, stageChangedAt, files }, protections: protections[i] ?? [] });
          }
          return next;
        },
        this.#clock,
      );
    } while (after !== undefined);
    return planRetention(facts, now, this.#policy);
  }

  /**
   * Deletes what a plan says, version by version, each with its audit entry. A version that has moved, also there and back, has become
   * protected or is gone since the plan was made is skipped, never forced; applying a plan twice does no harm. `timeoutMs` limits each
   * deletion; when the application is aborted or fails, what was deleted stays deleted.
   *
   * @throws a {@link ModelwrightError} with code `INPUT_INVALID` for what is no plan and for bad options; nothing is deleted then
   */
  async apply(plan: RetentionPlan, options: ApplyOptions = {}): Promise<RetentionOutcome> {
    const { at, delete: items } = validate(planSchema, plan, "The retention plan");
    const { onProgress } = validate(applySchema, options, "The options");
    const stamped = () => stampOf(options, this.#actor, this.#clock);
    stamped();
    const deleted: string[] = [];
    const skipped: { ref: string; reason: string }[] = [];
    for (const { name, version, stage } of items) {
      const ref = formatModelRef({ name, version });
      const remove = async (signal: AbortSignal | undefined) => {
        // The store sees that it is in this stage; not that it has been there all the time.
        const now = await this.#store.findVersion({ name, version }, { signal });
        if (now !== undefined && now.stageChangedAt >= at)
          throw stageConflict({ name, version }, `${stage} since the plan`, now.stage);
        return this.#store.deleteVersion(name, version, stage, stamped(), { signal });
      };
      try {
        const gone = await withDeadline(options, remove, this.#clock);
        deleted.push(ref);
        this.#deleted.emit(deepFreeze(gone));
      } catch (error) {
        if (!CHANGED.some((code) => ModelwrightError.is(error, code))) throw error;
        skipped.push({ ref, reason: (error as ModelwrightError).message });
      }
      onProgress?.(deleted.length + skipped.length, items.length);
    }
    return { deleted, skipped };
  }
}
