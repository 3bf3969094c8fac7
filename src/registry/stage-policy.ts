import * as z from "zod";
import { type Issue, ModelwrightError } from "../core/errors.ts";
import { deepFreeze } from "../core/freeze.ts";
import { isLabel } from "../core/model.ts";
import { invalidConfig, parseOptions } from "../core/options.ts";

/** Which stages there are, where a version may go from each, and which hold one version of a model at a time. */
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
}

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
 * Nothing reaches production but through staging, which is where a check belongs; a rollback therefore takes two moves, archived to
 * staging to production. Deprecated is for versions that should not be used again, and has to be left on purpose.
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

const schema = z.strictObject({
  initial: stage,
  edges: z.record(stage, z.array(stage)),
  exclusive: z.record(stage, stage).default({}),
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

/** Where versions go that must leave a stage when another comes; undefined where they may stay. */
export function displacedTo({ exclusive }: StagePolicy, stage: string): string | undefined {
  return Object.hasOwn(exclusive, stage) ? exclusive[stage] : undefined;
}

/** @throws a {@link ModelwrightError} with code `REGISTRY_TRANSITION_FORBIDDEN` unless the policy leads from one stage to the other */
export function assertEdge({ edges }: StagePolicy, ref: string, from: string, to: string): void {
  const allowed = Object.hasOwn(edges, from) ? edges[from]! : [];
  if (allowed.includes(to)) return;
  const known = typeof to === "string" && Object.hasOwn(edges, to) ? "" : `; the stages are ${Object.keys(edges).join(", ")}`;
  throw new ModelwrightError(
    "REGISTRY_TRANSITION_FORBIDDEN",
    `${ref} cannot go from ${from} to ${JSON.stringify(to)}: the stage policy allows ${allowed.join(", ") || "nothing"}${known}`,
    { details: { ref, from, to, allowed } },
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

function* mismatches({ initial, edges, exclusive }: StagePolicy): Generator<Issue> {
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
}
