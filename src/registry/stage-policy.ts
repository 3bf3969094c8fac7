import * as z from "zod";
import type { CallOptions } from "../core/call.ts";
import { type Issue, ModelwrightError } from "../core/errors.ts";
import { deepFreeze } from "../core/freeze.ts";
import { isLabel } from "../core/model.ts";
import { invalidConfig, parseOptions, passed } from "../core/options.ts";
import type { VersionRecord } from "./port.ts";
import { shownValue } from "./shown-value.ts";

/** Which stages there are, where a version may go from each and under which conditions, and which hold one version at a time. */
export interface StagePolicy {
  /** Where a version begins. Not exclusive. */
  readonly initial: string;
  /** Every stage, with the stages that a version may move to from it. */
  readonly edges: Readonly<Record<string, readonly string[]>>;
  /**
   * Stages that hold at most one version of a model, each with the stage that the version before goes to when another comes. That
   * stage is not exclusive itself and is an edge of the one that is left.
   */
  readonly exclusive: Readonly<Record<string, string>>;
  /** What has to hold for a move; all rules that fit count. A rollback passes over them. @defaultValue none */
  readonly rules?: readonly StageRule[] | undefined;
}

/** Conditions of the moves into a stage, or along one edge. */
export interface StageRule {
  /** @defaultValue every stage that leads to `to` */
  readonly from?: string | undefined;
  readonly to: string;
  /** All of them have to be content. @defaultValue none */
  readonly guards?: readonly StageGuard[] | undefined;
  /** The move needs a request that others have approved. @defaultValue none needed */
  readonly approval?: ApprovalRule | undefined;
}

/** A condition on a version that is about to move. */
export interface StageGuard {
  /** As errors name it, for example `auc at least 0.9`. */
  readonly name: string;
  /** Answers why the version may not move; undefined when it may. One that throws refuses the move with what it threw as the cause. */
  readonly check: (move: GuardedMove, call: CallOptions) => string | undefined | Promise<string | undefined>;
}

/** What a guard may look at. */
export interface GuardedMove {
  readonly version: VersionRecord;
  readonly to: string;
  /** The version that is in `to`, the newest when there are several. When another one is there by the end, the move is refused. */
  readonly current: VersionRecord | undefined;
  /** Reads every file of the version and checks it against its digest, and the signature where the registry trusts keys. */
  readonly verify: (call?: CallOptions) => Promise<void>;
}

/** Who may ask for a move and who may approve it. Nobody approves a request of their own. */
export interface ApprovalRule {
  /** How many people have to approve, 1 to 100. @defaultValue 1 */
  readonly needed?: number | undefined;
  /** @defaultValue everybody */
  readonly mayRequest?: Actors | undefined;
  /** @defaultValue everybody */
  readonly mayDecide?: Actors | undefined;
}

/** People by name, or a function that knows them. */
export type Actors = readonly string[] | ((actor: string) => boolean | Promise<boolean>);

/**
 * The stages of a model's life, with at most one version in production; the one before it is archived in the same step.
 *
 * | from | to |
 * | --- | --- |
 * | development (initial) | staging, archived |
 * | staging | production, development, archived |
 * | production | staging, archived |
 * | archived | staging, deprecated |
 * | deprecated | archived |
 *
 * Nothing is promoted to production but from staging, which is where a check belongs; only {@link ModelRegistry.rollback} returns a
 * version to production by itself. Deprecated is for versions that should not be used again, and has to be left on purpose.
 */
export const defaultStages: StagePolicy = deepFreeze({
  initial: "development",
  edges: {
    development: ["staging", "archived"],
    staging: ["production", "development", "archived"],
    production: ["staging", "archived"],
    archived: ["staging", "deprecated"],
    deprecated: ["archived"],
  },
  exclusive: { production: "archived" },
});

const stage = z.string().refine(isLabel, "expected a stage: lower-case letters, digits, _ and -, a letter first, at most 64");

/** People by name, or a function that knows them. */
export const actorsSchema: z.ZodType<Actors> = z.union([
  z.array(z.string().min(1)),
  passed<Extract<Actors, (...args: never) => unknown>>("a function", (value) => typeof value === "function"),
]);

const guard = z.strictObject({
  name: z.string().min(1),
  check: passed<StageGuard["check"]>("a function", (value) => typeof value === "function"),
});

const schema = z.strictObject({
  initial: stage,
  edges: z.record(stage, z.array(stage)),
  exclusive: z.record(stage, stage).default({}),
  rules: z
    .array(
      z.strictObject({
        from: stage.optional(),
        to: stage,
        guards: z.array(guard).optional(),
        approval: z
          .strictObject({
            needed: z.number().int().min(1).max(100).optional(),
            mayRequest: actorsSchema.optional(),
            mayDecide: actorsSchema.optional(),
          })
          .optional(),
      }),
    )
    .default([]),
});

/**
 * A copy of the policy, checked.
 *
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` that lists everything that does not fit together
 */
export function parseStagePolicy(policy: StagePolicy): StagePolicy {
  const parsed = parseOptions(schema, policy, "the stage policy");
  const issues = [...mismatches(parsed)];
  if (issues.length > 0) throw invalidConfig("the stage policy", issues);
  return deepFreeze(parsed);
}

/** The rules of a move. */
export function rulesOf({ rules = [] }: StagePolicy, from: string, to: string): readonly StageRule[] {
  return rules.filter((rule) => rule.to === to && (rule.from === undefined || rule.from === from));
}

/** Whether somebody is among the actors. */
export async function isAmong(actors: Actors | undefined, actor: string): Promise<boolean> {
  if (actors === undefined) return true;
  return typeof actors === "function" ? await actors(actor) : actors.includes(actor);
}

/** Where versions go that must leave a stage when another comes; undefined where they may stay. */
export function displacedTo({ exclusive }: StagePolicy, stage: string): string | undefined {
  return Object.hasOwn(exclusive, stage) ? exclusive[stage] : undefined;
}

/**
 * Where the holder of an exclusive stage goes when another comes.
 *
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` for a stage that is not exclusive
 */
export function exclusiveStage(policy: StagePolicy, stage: string): string {
  const displaceTo = displacedTo(policy, stage);
  if (displaceTo !== undefined) return displaceTo;
  const known = Object.keys(policy.exclusive).join(", ") || "none";
  const message = `expected a stage that holds one version of a model (${known}), but got ${shownValue(stage)}`;
  throw invalidConfig("a rollback", [{ path: ["stage"], message }]);
}

/** @throws a {@link ModelwrightError} with code `REGISTRY_TRANSITION_FORBIDDEN` unless the policy leads from one stage to the other */
export function assertEdge({ edges }: StagePolicy, ref: string, from: string, to: string): void {
  const allowed = Object.hasOwn(edges, from) ? edges[from]! : [];
  if (allowed.includes(to)) return;
  const known = typeof to === "string" && Object.hasOwn(edges, to) ? "" : `; the stages are ${Object.keys(edges).join(", ")}`;
  throw new ModelwrightError(
    "REGISTRY_TRANSITION_FORBIDDEN",
    `${ref} cannot go from ${from} to ${shownValue(to)}: the stage policy allows ${allowed.join(", ") || "nothing"}${known}`,
    { details: { ref, from, to: typeof to === "string" ? to.slice(0, 200) : typeof to, allowed } },
  );
}

/** @throws a {@link ModelwrightError} with code `REGISTRY_CONFLICT` when a version is not in the stage that it is expected in */
export function assertStage(ref: string, actual: string, expected: string | undefined): void {
  if (expected === undefined || expected === actual) return;
  throw new ModelwrightError(
    "REGISTRY_CONFLICT",
    `${ref} is in stage ${actual}, not in ${expected}: it was moved meanwhile; read it again and decide again`,
    { details: { ref, expected, actual } },
  );
}

function* mismatches({ initial, edges, exclusive, rules = [] }: StagePolicy): Generator<Issue> {
  const known = (name: string) => Object.hasOwn(edges, name);
  const stages = Object.keys(edges).join(", ");
  if (!known(initial)) yield { path: ["initial"], message: `expected one of the stages ${stages}, but got ${initial}` };
  if (Object.hasOwn(exclusive, initial)) {
    yield { path: ["initial"], message: `${initial} is exclusive, but every new version begins there` };
  }
  for (const [from, targets] of Object.entries(edges)) {
    for (const [i, to] of targets.entries()) {
      if (!known(to)) yield { path: ["edges", from, i], message: `expected one of the stages ${stages}, but got ${to}` };
      if (to === from) yield { path: ["edges", from, i], message: "a stage does not lead to itself" };
    }
  }
  for (const [from, to] of Object.entries(exclusive)) {
    if (!known(from)) yield { path: ["exclusive", from], message: `expected one of the stages ${stages}` };
    else if (!edges[from]?.includes(to))
      yield { path: ["exclusive", from], message: `expected an edge of ${from}, but got ${to}` };
    if (Object.hasOwn(exclusive, to)) yield { path: ["exclusive", from], message: `${to} is exclusive itself` };
  }
  for (const [i, { from, to }] of rules.entries()) {
    const leads = Object.entries(edges).some(([stage, targets]) => (from ?? stage) === stage && targets.includes(to));
    if (!leads) yield { path: ["rules", i], message: `no edge leads from ${from ?? "any stage"} to ${to}` };
  }
}
