import { deepFreeze } from "../../core/freeze.ts";
import type { AlertState, OutboxEntry } from "./alert-state.ts";
import { labelObject } from "./label-pairs.ts";
import type { AlertNotice } from "./port.ts";
import { worst } from "./severity.ts";

/** How notices are delivered; milliseconds. */
export interface DeliverySettings {
  /** Longest time for one notice. */
  readonly timeoutMs: number;
  /** Wait after the first failure; doubles with each. */
  readonly retryBaseMs: number;
  /** Longest wait after a failure. */
  readonly retryMaxMs: number;
  /** Age at which a notice that fails is given up. */
  readonly giveUpAfterMs: number;
  /** How long a notice is left to whoever has begun to deliver it. */
  readonly leaseMs: number;
}

/** What came of an attempt; `released` is one that was not made. */
export interface DeliveryResult {
  readonly seq: number;
  readonly outcome: "delivered" | "failed" | "released";
  /** When it ended, milliseconds since the epoch. */
  readonly at: number;
  readonly error?: unknown;
}

/** Most notices that one evaluation delivers to one channel. */
const MAX_BATCH = 100;

/** Takes the notices that are to be delivered now for `by`: the oldest of each group first, none past one that waits or that another has. */
export function claimDue(
  state: AlertState,
  channels: ReadonlySet<string>,
  by: string,
  settings: DeliverySettings,
  now: number,
): { readonly state: AlertState; readonly claimed: readonly OutboxEntry[] } {
  const blocked = new Set<string>();
  const taken = new Map<string, number>();
  const claimed: OutboxEntry[] = [];
  const outbox = state.outbox.map((entry) => {
    const group = JSON.stringify([entry.channel, entry.group]);
    const count = taken.get(entry.channel) ?? 0;
    const others = entry.claim !== null && entry.claim.by !== by && now - entry.claim.at < settings.leaseMs;
    const waits = entry.failedAt !== null && now - entry.failedAt < retryDelayMs(entry.attempts, settings);
    if (!channels.has(entry.channel) || others || waits || count >= MAX_BATCH) blocked.add(group);
    if (blocked.has(group)) return entry;
    taken.set(entry.channel, count + 1);
    const own = { ...entry, claim: { by, at: now } };
    claimed.push(own);
    return own;
  });
  return { state: claimed.length === 0 ? state : { ...state, outbox }, claimed };
}

/** How long a notice waits after so many failures. */
export function retryDelayMs(attempts: number, { retryBaseMs, retryMaxMs }: DeliverySettings): number {
  return Math.min(retryMaxMs, retryBaseMs * 2 ** (attempts - 1));
}

/** Removes what was delivered, and lets the rest wait for another attempt; what is too old by then is given up. Twice is as once. */
export function settle(
  state: AlertState,
  results: readonly DeliveryResult[],
  by: string,
  settings: DeliverySettings,
): AlertState {
  const outcomes = new Map(results.map((result) => [result.seq, result]));
  const dropped: OutboxEntry[] = [];
  const outbox = state.outbox.flatMap((entry): readonly OutboxEntry[] => {
    const result = outcomes.get(entry.seq);
    if (result?.outcome === "delivered") return [];
    // Another has taken it over, and knows better.
    if (result === undefined || entry.claim?.by !== by) return [entry];
    if (result.outcome === "released") return [{ ...entry, claim: null }];
    if (!isGivenUp(entry, settings, result.at))
      return [{ ...entry, claim: null, attempts: entry.attempts + 1, failedAt: result.at }];
    dropped.push(entry);
    return [];
  });
  return forgetTold({ ...state, outbox }, dropped);
}

/** Whether a notice that fails now is given up. */
export function isGivenUp(entry: OutboxEntry, settings: DeliverySettings, now: number): boolean {
  return now - entry.at >= settings.giveUpAfterMs;
}

/** Gives up notices for channels that nobody seems to have any more. */
export function dropOrphans(
  state: AlertState,
  channels: ReadonlySet<string>,
  settings: DeliverySettings,
  now: number,
): { readonly state: AlertState; readonly dropped: readonly OutboxEntry[] } {
  const dropped = state.outbox.filter((entry) => !channels.has(entry.channel) && isGivenUp(entry, settings, now));
  if (dropped.length === 0) return { state, dropped };
  return { state: forgetTold({ ...state, outbox: state.outbox.filter((entry) => !dropped.includes(entry)) }, dropped), dropped };
}

/** Name of a notice for ever. */
function noticeKey(state: Pick<AlertState, "createdAt">, ruleSet: string, { seq }: Pick<OutboxEntry, "seq">): string {
  return `${ruleSet}/${state.createdAt.toString(36)}-${seq}`;
}

/** The notice of an entry, to hand out. */
export function toNotice(state: Pick<AlertState, "createdAt">, ruleSet: string, entry: OutboxEntry): AlertNotice {
  const firing = entry.alerts.filter(({ news }) => news !== "resolved");
  const telling = firing.length === 0 ? entry.alerts : firing;
  return deepFreeze({
    key: noticeKey(state, ruleSet, entry),
    ruleSet,
    channel: entry.channel,
    at: entry.at,
    group: labelObject(entry.group),
    status: firing.length === 0 ? "resolved" : "firing",
    severity: worst(telling.map(({ severity }) => severity))!,
    alerts: entry.alerts.map((alert) => ({ ...alert, labels: labelObject(alert.labels) })),
    othersFiring: entry.othersFiring,
  });
}

/** Lets alerts whose last notice has not arrived count as not told, so that those that fire on are told anew. */
function forgetTold(state: AlertState, dropped: readonly OutboxEntry[]): AlertState {
  if (dropped.length === 0) return state;
  const lost = new Set(dropped.map(({ seq, channel }) => JSON.stringify([channel, seq])));
  const instances = state.instances.map((alert) => {
    const told = alert.told.filter(({ channel, notice }) => !lost.has(JSON.stringify([channel, notice])));
    return told.length === alert.told.length ? alert : { ...alert, told };
  });
  return { ...state, instances };
}
