import type { Clock } from "../../core/clock.ts";
import { withDeadline } from "../../core/deadline.ts";
import type { OutboxEntry } from "./alert-state.ts";
import type { DeliveryResult, DeliverySettings } from "./outbox.ts";
import type { AlertChannel, AlertNotice } from "./port.ts";

/** Failures in a row after which a channel is left alone until the next evaluation: it may be down as a whole, and each may take its time. */
const MAX_FAILURES = 3;

/** An entry that is ours to deliver. */
export interface Parcel {
  readonly entry: OutboxEntry;
  readonly notice: AlertNotice;
}

/**
 * Delivers notices: to the channels side by side, to one channel one after the other. Behind one that fails, those of its group wait. Never
 * rejects; what was not tried, because the signal has aborted or the lease is about to end, is released.
 */
export async function deliverAll(
  parcels: readonly Parcel[],
  channels: ReadonlyMap<string, AlertChannel>,
  settings: DeliverySettings,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<readonly DeliveryResult[]> {
  const startedAt = clock.monotonic();
  const inTime = () => clock.monotonic() - startedAt + settings.timeoutMs <= settings.leaseMs;
  const now = () => Math.floor(clock.now());
  const toOne = async (channel: AlertChannel, own: readonly Parcel[]): Promise<readonly DeliveryResult[]> => {
    const results: DeliveryResult[] = [];
    const failedGroups = new Set<string>();
    let failures = 0;
    for (const { entry, notice } of own) {
      const { seq } = entry;
      const group = JSON.stringify(entry.group);
      if (signal?.aborted || failures >= MAX_FAILURES || failedGroups.has(group) || !inTime()) {
        results.push({ seq, outcome: "released", at: now() });
        continue;
      }
      try {
        const call = { signal, timeoutMs: settings.timeoutMs };
        await withDeadline(call, (limited) => channel.deliver(notice, { signal: limited }), clock);
        results.push({ seq, outcome: "delivered", at: now() });
        failures = 0;
      } catch (error) {
        results.push({ seq, outcome: signal?.aborted ? "released" : "failed", at: now(), error });
        failedGroups.add(group);
        failures += 1;
      }
    }
    return results;
  };
  const names = [...new Set(parcels.map(({ entry }) => entry.channel))];
  const own = (name: string) => parcels.filter(({ entry }) => entry.channel === name);
  return (await Promise.all(names.map((name) => toOne(channels.get(name)!, own(name))))).flat();
}
