import * as z from "zod";
import { ModelwrightError } from "../../core/errors.ts";
import { invalidInput, validate } from "../../core/schema.ts";
import { MAX_TEXT } from "../monitor-text.ts";
import { storedMatchers } from "./alert-matchers.ts";
import { alertKey, storedLabels } from "./label-pairs.ts";
import { severities } from "./severity.ts";

/** Most silences of a rule set. */
export const MAX_SILENCES = 500;

/** Most alerts of the rules that one knows, and as many of rules that only others know. */
export const MAX_INSTANCES = 10_000;

/** Most channels that an alert remembers to have been told to, the last ones. */
export const MAX_TOLD = 100;

/** Most groups that are remembered, over all channels, the last ones. */
export const MAX_GROUPS = 20_000;

/** Most alerts of one notice. */
export const MAX_NOTICE_ALERTS = 100;

/** Most transitions that are kept. */
export const MAX_HISTORY = 10_000;

/** Most bytes of a stored state. */
const MAX_BYTES = 256 << 20;

const name = z.string().min(1).max(MAX_TEXT);
const time = z.int();
const severity = z.enum(severities);
const end = z.enum(["cleared", "no_data", "stale", "rule_removed"]);
const number = z.number().nullable();

const instance = z
  .strictObject({
    rule: name,
    metric: name,
    labels: storedLabels,
    levels: z
      .array(
        z.strictObject({
          severity,
          active: z.boolean(),
          /** Since when the value has been bad, of an inactive level, or good, of an active one. */
          since: time.nullable(),
        }),
      )
      .max(severities.length),
    /** Whether there ever was a sample; otherwise it stands for a metric without any series. */
    sampled: z.boolean(),
    value: number,
    count: z.number(),
    /** The last sample with a value and enough observations. */
    verdictAt: time,
    /** The last evaluation by somebody who knows the rule. */
    seenAt: time,
    firingSince: time.nullable(),
    resolvedAt: time.nullable(),
    end: end.nullable(),
    /** What each channel was told last. */
    told: z
      .array(
        z.strictObject({
          channel: name,
          firing: z.boolean(),
          severity,
          /** The highest severity that was told since the cooldown began. */
          peak: severity,
          /** The last notice, other than of its end; the cooldown begins here. */
          at: time,
          /** Number of that notice. */
          notice: z.int(),
        }),
      )
      .max(2 * MAX_TOLD),
  })
  .transform((stored) => ({ ...stored, key: alertKey(stored.rule, stored.labels) }));

const noticeAlert = z.strictObject({
  rule: name,
  metric: name,
  news: z.enum(["firing", "escalated", "deescalated", "reminder", "resolved"]),
  severity,
  labels: storedLabels,
  value: number,
  count: z.number(),
  threshold: number,
  since: time,
  resolvedAt: time.nullable(),
  end: end.nullable(),
  summary: z.string().max(10_000),
});

const outboxEntry = z.strictObject({
  seq: z.int().min(1),
  channel: name,
  group: storedLabels,
  at: time,
  othersFiring: z.int().min(0),
  alerts: z.array(noticeAlert).min(1).max(MAX_NOTICE_ALERTS),
  attempts: z.int().min(0),
  failedAt: time.nullable(),
  /** Who is at it; others leave it alone for the time of a lease. */
  claim: z.strictObject({ by: z.string().max(64), at: time }).nullable(),
});

const group = z.strictObject({
  channel: name,
  labels: storedLabels,
  /** Since when there has been news that were not told. */
  openedAt: time.nullable(),
  /** The last notice. */
  noticedAt: time.nullable(),
});

const silence = z.strictObject({
  id: z.string().max(64),
  matchers: storedMatchers,
  from: time,
  until: time,
  by: name,
  comment: z.string().max(1000),
});

const transition = z.strictObject({
  at: time,
  rule: name,
  labels: storedLabels,
  change: z.enum(["pending", "inactive", "firing", "escalated", "deescalated", "resolved"]),
  severity: severity.nullable(),
  value: number,
  end: end.nullable(),
});

const stateSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Part of the keys of notices, so that a state that was lost does not use keys again. */
  createdAt: time,
  /** Number of the last notice. */
  lastSeq: z.int().min(0),
  instances: z.array(instance).max(10 * MAX_INSTANCES),
  groups: z.array(group).max(MAX_GROUPS),
  outbox: z.array(outboxEntry).max(100_000),
  silences: z.array(silence).max(MAX_SILENCES),
  /** Oldest first. */
  history: z.array(transition).max(MAX_HISTORY),
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** All that a rule set remembers. Times are in the past, milliseconds since the epoch, but for those of silences. */
export type AlertState = DeepReadonly<z.output<typeof stateSchema>>;
export type AlertInstance = AlertState["instances"][number];
export type LevelState = AlertInstance["levels"][number];
export type Told = AlertInstance["told"][number];
export type OutboxEntry = AlertState["outbox"][number];
export type AlertGroup = AlertState["groups"][number];
export type StoredSilence = AlertState["silences"][number];
export type StoredTransition = AlertState["history"][number];

/** The state of a rule set that is new. */
export function emptyState(now: number): AlertState {
  return { schemaVersion: 1, createdAt: now, lastSeq: 0, instances: [], groups: [], outbox: [], silences: [], history: [] };
}

/**
 * The state as bytes.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for one that would be too large to be read again
 */
export function encodeState(state: AlertState): Uint8Array {
  const instances = state.instances.map(({ key, ...stored }) => stored);
  const bytes = new TextEncoder().encode(JSON.stringify({ ...state, instances }));
  if (bytes.length <= MAX_BYTES) return bytes;
  throw invalidInput("The alert state", [
    { path: [], message: `expected at most ${MAX_BYTES} bytes, but got ${bytes.length}; lower maxAlertsPerRule` },
  ]);
}

/**
 * The state that bytes hold.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for what is no state, and `STORE_SCHEMA` for one of a newer release
 */
export function decodeState(bytes: Uint8Array, store: string): AlertState {
  let given: unknown;
  try {
    given = bytes.length > MAX_BYTES ? undefined : JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    given = undefined;
  }
  const version = (given as { readonly schemaVersion?: unknown } | null | undefined)?.schemaVersion;
  if (typeof version === "number" && version > 1) {
    throw new ModelwrightError("STORE_SCHEMA", `The alert state in ${store} has version ${version}; this release knows 1`, {
      details: { store, found: String(version), known: "1" },
    });
  }
  return validate(stateSchema, given, `The alert state in ${store}`);
}

/**
 * The state with no time after now, so that a clock that was ahead and is set right, or that of another process that is, cannot hold
 * anything up: what seems to lie ahead has just happened.
 */
export function withoutFuture(state: AlertState, now: number): AlertState {
  const past = <T extends number | null>(at: T): T => (at !== null && at > now ? (now as T) : at);
  return {
    ...state,
    instances: state.instances.map((own) => ({
      ...own,
      levels: own.levels.map((level) => ({ ...level, since: past(level.since) })),
      verdictAt: past(own.verdictAt),
      seenAt: past(own.seenAt),
      firingSince: past(own.firingSince),
      resolvedAt: past(own.resolvedAt),
      told: own.told.map((told) => ({ ...told, at: past(told.at) })),
    })),
    groups: state.groups.map((own) => ({ ...own, openedAt: past(own.openedAt), noticedAt: past(own.noticedAt) })),
    outbox: state.outbox.map((own) => ({
      ...own,
      at: past(own.at),
      failedAt: past(own.failedAt),
      claim: own.claim === null ? null : { ...own.claim, at: past(own.claim.at) },
    })),
  };
}
