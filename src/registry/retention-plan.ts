import type { Protection, VersionRecord } from "./port.ts";
import { protectionText } from "./rules/failures.ts";

/** How long versions are kept. */
export interface RetentionPolicy {
  /** Days that a version is kept in a stage, counted from when it came there; a stage that is not named keeps its versions for good. */
  readonly days: Readonly<Record<string, number>>;
  /** Newest versions of each model that are kept whatever their age. @defaultValue 0 */
  readonly keepLast?: number | undefined;
  /** Stages in which nothing is deleted, whatever `days` says. @defaultValue `["production"]` */
  readonly keepStages?: readonly string[] | undefined;
}

/**
 * 30 days in development, 90 in staging, 365 in production, 1095 in archived and in deprecated. What is in production is kept all the
 * same; the 365 days count for a host that sets `keepStages` to none, because its policy lets several versions be there.
 */
export const defaultRetention: RetentionPolicy = Object.freeze({
  days: Object.freeze({ development: 30, staging: 90, production: 365, archived: 1095, deprecated: 1095 }),
});

/** What a plan is made from: a version, and what protects it. */
export interface RetentionFact {
  readonly version: Pick<VersionRecord, "name" | "version" | "stage" | "stageChangedAt" | "files">;
  readonly protections: readonly Protection[];
}

/** A version that has been in its stage for too long. */
export interface RetentionItem {
  readonly name: string;
  readonly version: number;
  /** The stage that it was seen in. */
  readonly stage: string;
  /** Whole days that it has been there. */
  readonly ageDays: number;
  /** Sum of its files, which other versions may share. */
  readonly sizeBytes: number;
}

/** A version that is too old and stays all the same. */
export interface RetainedItem extends RetentionItem {
  readonly reasons: readonly string[];
}

/** What is to be deleted, and what stays although it is old. Plain JSON: show it, keep it, let somebody approve it. */
export interface RetentionPlan {
  /** When the plan was made, milliseconds since the epoch. */
  readonly at: number;
  readonly delete: readonly RetentionItem[];
  readonly keep: readonly RetainedItem[];
}

const DAY_MS = 86_400_000;

/**
 * Which versions have been in their stage for longer than the policy says, and which of them may go. Pure: the same facts give the same
 * plan, whatever their order.
 *
 * Never planned are versions with a protection: aliased, in an exclusive stage, the target of a rollback, a parent of another version,
 * under legal hold, with an open approval. A parent whose children go with the same plan is free for the next one.
 *
 * @param now - milliseconds since the epoch
 */
export function planRetention(
  facts: Iterable<RetentionFact>,
  now: number,
  policy: RetentionPolicy = defaultRetention,
): RetentionPlan {
  const { days, keepLast = 0, keepStages = ["production"] } = policy;
  const all = [...facts].sort((a, b) => byNameAndVersion(a.version, b.version));
  const seen = new Map<string, number>();
  const plan: { readonly delete: RetentionItem[]; readonly keep: RetainedItem[] } = { delete: [], keep: [] };
  for (const { version, protections } of all) {
    const { name, stage, stageChangedAt, files } = version;
    const newer = seen.get(name) ?? 0;
    seen.set(name, newer + 1);
    const limit = Object.hasOwn(days, stage) ? days[stage]! : Number.POSITIVE_INFINITY;
    const age = (now - stageChangedAt) / DAY_MS;
    if (!(age > limit)) continue;
    const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    const item = { name, version: version.version, stage, ageDays: Math.floor(age), sizeBytes };
    const reasons = protections.map(protectionText);
    if (keepStages.includes(stage) && reasons.length === 0) reasons.push(`it is in ${stage}`);
    if (newer < keepLast) reasons.push(`it is among the ${keepLast} newest of its model`);
    if (reasons.length === 0) plan.delete.push(item);
    else plan.keep.push({ ...item, reasons });
  }
  return { at: now, ...plan };
}

/** By name, then the newest first. */
function byNameAndVersion(a: RetentionFact["version"], b: RetentionFact["version"]): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return b.version - a.version;
}
