import { severityOf } from "./advance-alert.ts";
import { type CheckedRoute, groupOf, routedSeverity, toldTo } from "./alert-route.ts";
import type { CheckedRule } from "./alert-rule.ts";
import {
  type AlertGroup,
  type AlertInstance,
  type AlertState,
  MAX_GROUPS,
  MAX_NOTICE_ALERTS,
  MAX_TOLD,
  type OutboxEntry,
  type Told,
} from "./alert-state.ts";
import type { LabelPairs } from "./label-pairs.ts";
import type { Mutes } from "./mutes.ts";
import type { AlertNews, AlertSeverity } from "./port.ts";
import { rankOf } from "./severity.ts";
import { summaryOf } from "./summary.ts";

/** Most alerts in the notices that wait. Channels share it evenly, so that one that is down takes nothing from the others. */
const MAX_WAITING_ALERTS = 20_000;

/** How long the groups of channels that only others know are remembered. */
const FOREIGN_GROUP_MS = 86_400_000;

/** What notices are planned by. */
export interface NoticePlan {
  readonly rules: ReadonlyMap<string, CheckedRule>;
  readonly routes: readonly CheckedRoute[];
  readonly mutes: Mutes;
  /** Most notices that wait for one channel. */
  readonly maxWaiting: number;
}

interface News {
  readonly alert: AlertInstance;
  readonly news: AlertNews;
  readonly severity: AlertSeverity;
}

/**
 * Writes the notices that are due into the outbox.
 *
 * What a channel was told of an alert is compared with what is so now. So nothing is lost that could not be told when it happened, because
 * of a silence, a cooldown, a full outbox or a group that waits; and what has passed meanwhile is not told at all.
 */
export function planNotices(state: AlertState, plan: NoticePlan, now: number): AlertState {
  const instances = new Map(state.instances.map((alert) => [alert.key, alert]));
  const outbox = [...state.outbox];
  const known = new Set(plan.routes.map(({ channel }) => channel.name));
  // Another process may know the channels of these.
  const groups = state.groups.filter((group) => !known.has(group.channel) && now - lastUse(group) < FOREIGN_GROUP_MS);
  let lastSeq = state.lastSeq;
  const maxWaitingAlerts = MAX_WAITING_ALERTS / plan.routes.length;

  for (const route of plan.routes) {
    const channel = route.channel.name;
    const quiet = new Map(
      state.groups.filter((group) => group.channel === channel).map((group) => [JSON.stringify(group.labels), group]),
    );
    const made: OutboxEntry[] = [];
    const own = outbox.filter((entry) => entry.channel === channel);
    let waiting = own.length;
    let waitingAlerts = own.reduce((sum, { alerts }) => sum + alerts.length, 0);
    for (const [key, { labels, news }] of collectNews(route, plan, instances, now)) {
      const group = quiet.get(key) ?? { channel, labels, openedAt: null, noticedAt: null };
      quiet.delete(key);
      const openedAt = group.openedAt ?? now;
      const earliest = group.noticedAt === null ? now : group.noticedAt + route.groupIntervalMs;
      const due = Math.max(earliest, openedAt + route.groupWaitMs);
      let told = 0;
      while (now >= due && told < news.length && waiting < plan.maxWaiting && waitingAlerts < maxWaitingAlerts) {
        const part = news.slice(told, told + MAX_NOTICE_ALERTS);
        const seq = ++lastSeq;
        for (const item of part) instances.set(item.alert.key, withTold(item, route, plan, seq, now));
        const alerts = part.map((item) => noticeAlert(item, plan));
        made.push({ seq, channel, group: labels, at: now, othersFiring: 0, alerts, attempts: 0, failedAt: null, claim: null });
        told += part.length;
        waiting += 1;
        waitingAlerts += part.length;
      }
      if (told === 0) groups.push({ ...group, openedAt });
      else groups.push({ ...group, openedAt: told < news.length ? openedAt : null, noticedAt: now });
    }
    // Nothing new in these; they are remembered for as long as they would have to wait.
    const waits = ({ noticedAt }: AlertGroup) => noticedAt !== null && now < noticedAt + route.groupIntervalMs;
    groups.push(...[...quiet.values()].filter(waits).map((group) => ({ ...group, openedAt: null })));
    if (made.length > 0) outbox.push(...withOthers(made, route, instances.values()));
  }
  const remembered = groups.length <= MAX_GROUPS ? groups : groups.sort((a, b) => lastUse(b) - lastUse(a)).slice(0, MAX_GROUPS);
  return { ...state, instances: [...instances.values()], groups: remembered, outbox, lastSeq };
}

function lastUse({ openedAt, noticedAt }: AlertGroup): number {
  return Math.max(openedAt ?? 0, noticedAt ?? 0);
}

/** News for a channel by the key of the group, in the order of keys and alerts. */
function collectNews(
  route: CheckedRoute,
  plan: NoticePlan,
  instances: Map<string, AlertInstance>,
  now: number,
): readonly (readonly [group: string, { readonly labels: LabelPairs; readonly news: readonly News[] }])[] {
  const groups = new Map<string, { readonly labels: LabelPairs; readonly news: News[] }>();
  for (const alert of instances.values()) {
    const news = newsOf(alert, route, plan, now);
    if (news === undefined) continue;
    if (news.news === "resolved" && !route.sendResolved) {
      instances.set(alert.key, endTold(alert, route));
      continue;
    }
    const labels = groupOf(route, alert);
    const key = JSON.stringify(labels);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { labels, news: [news] });
    else group.news.push(news);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What is new about an alert for a channel that may be told now. */
function newsOf(alert: AlertInstance, route: CheckedRoute, { rules, mutes }: NoticePlan, now: number): News | undefined {
  const severity = routedSeverity(route, alert);
  const told = toldTo(route, alert);
  if (severity === null) {
    if (!told?.firing || mutes.silencesOf(alert, told.severity).length > 0) return undefined;
    return { alert, news: "resolved", severity: told.severity };
  }
  const rule = rules.get(alert.rule);
  if (rule === undefined || mutes.silencesOf(alert, severity).length > 0 || mutes.inhibits(alert)) return undefined;
  const cooled = told === undefined || now - told.at >= rule.cooldownMs;
  const worse = told !== undefined && rankOf(severity) > rankOf(told.peak);
  const may = cooled || worse;
  if (!told?.firing) return may ? { alert, news: "firing", severity } : undefined;
  const step = rankOf(severity) - rankOf(told.severity);
  if (step > 0) return may ? { alert, news: "escalated", severity } : undefined;
  if (step < 0) return cooled ? { alert, news: "deescalated", severity } : undefined;
  const { repeatEveryMs } = rule;
  const again = repeatEveryMs !== undefined && now - told.at >= repeatEveryMs && cooled;
  return again ? { alert, news: "reminder", severity } : undefined;
}

function withTold(
  { alert, news, severity }: News,
  route: CheckedRoute,
  { rules }: NoticePlan,
  notice: number,
  now: number,
): AlertInstance {
  if (news === "resolved") return endTold(alert, route);
  const before = toldTo(route, alert);
  const cooling = before !== undefined && now - before.at < (rules.get(alert.rule)?.cooldownMs ?? 0);
  const peak = cooling && rankOf(before.peak) > rankOf(severity) ? before.peak : severity;
  return replaceTold(alert, { channel: route.channel.name, firing: true, severity, peak, at: now, notice });
}

function endTold(alert: AlertInstance, route: CheckedRoute): AlertInstance {
  const before = toldTo(route, alert);
  return before === undefined ? alert : replaceTold(alert, { ...before, firing: false });
}

function replaceTold(alert: AlertInstance, told: Told): AlertInstance {
  const others = alert.told.filter(({ channel }) => channel !== told.channel);
  return { ...alert, told: [...others, told].slice(-MAX_TOLD) };
}

function noticeAlert({ alert, news, severity }: News, { rules }: NoticePlan): OutboxEntry["alerts"][number] {
  const { rule: name, metric, labels, value, count } = alert;
  const rule = rules.get(name);
  const firing = severityOf(alert) !== null;
  return {
    rule: name,
    metric,
    news,
    severity,
    labels,
    value,
    count,
    threshold: rule?.levels.find((level) => level.severity === severity)?.threshold ?? null,
    since: alert.firingSince ?? 0,
    resolvedAt: firing ? null : alert.resolvedAt,
    end: firing ? null : alert.end,
    summary: summaryOf(rule, alert, severity),
  };
}

/** New entries, each with the number of alerts of its group that fire, as the channel knows, and that it does not speak of. */
function withOthers(
  made: readonly OutboxEntry[],
  route: CheckedRoute,
  instances: Iterable<AlertInstance>,
): readonly OutboxEntry[] {
  const firing = new Map<string, number>();
  for (const alert of instances) {
    if (!toldTo(route, alert)?.firing || routedSeverity(route, alert) === null) continue;
    const group = JSON.stringify(groupOf(route, alert));
    firing.set(group, (firing.get(group) ?? 0) + 1);
  }
  return made.map((entry) => {
    const own = entry.alerts.filter(({ news }) => news !== "resolved").length;
    return { ...entry, othersFiring: (firing.get(JSON.stringify(entry.group)) ?? 0) - own };
  });
}
