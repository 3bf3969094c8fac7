import type { CallOptions } from "../../core/call.ts";

/** How much an alert matters, from the least to the most. */
export type AlertSeverity = "info" | "warning" | "critical" | "emergency";

/** What a rule asks of a metric. */
export interface MetricQuery {
  /** As the rule names it. */
  readonly metric: string;
  /** Span of time up to now over which it is computed, ms. */
  readonly windowMs: number;
  /** Labels with the values that they must have; none for every series of the metric. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A metric of one series. */
export interface MetricSample {
  /**
   * What tells the series from the others: at most 32, names and values of at most 128 characters, names not beginning with `@`. Labels
   * of the query may be left out. An empty value is the same as no label.
   */
  readonly labels: Readonly<Record<string, string>>;
  /** Null where there is none; NaN counts as none. */
  readonly value: number | null;
  /** Observations behind the value, at least 0. */
  readonly count: number;
}

/** Port: where alert rules read metrics. */
export interface MetricSource {
  /** One sample for each series that the query names, in no order; those of a series that was there before may be missing. */
  samples(query: MetricQuery, now: number, call?: CallOptions): Promise<readonly MetricSample[]>;
}

/** What is new about an alert: it fires, is worse or less bad than was told, goes on, or is over. */
export type AlertNews = "firing" | "escalated" | "deescalated" | "reminder" | "resolved";

/**
 * Why an alert ended: the metric is good again, there is no data and the rule takes that for good, there was no verdict for too long, or
 * its rule is gone.
 */
export type AlertEnd = "cleared" | "no_data" | "stale" | "rule_removed";

/** One alert of a notice, as it was when the notice was made. */
export interface NoticeAlert {
  readonly rule: string;
  readonly metric: string;
  readonly news: AlertNews;
  /** Of a resolved one, what was told last. */
  readonly severity: AlertSeverity;
  readonly labels: Readonly<Record<string, string>>;
  /** The newest value; null without one. */
  readonly value: number | null;
  /** Observations behind it. */
  readonly count: number;
  /** Of the severity; null where the rule has none any more. */
  readonly threshold: number | null;
  /** When it began to fire, milliseconds since the epoch. */
  readonly since: number;
  /** When it ended, milliseconds since the epoch; null while it fires. It may fire on below the least severity of the channel. */
  readonly resolvedAt: number | null;
  /** Why it ended; null while it fires. */
  readonly end: AlertEnd | null;
  /** The rule's text with its placeholders filled in. Not escaped for any markup; labels may hold text from outside. */
  readonly summary: string;
}

/** News of the alerts of one group, for one channel. */
export interface AlertNotice {
  /** Names the notice for ever: a notice that comes again has the same key, no other one has it. */
  readonly key: string;
  /** Name of the rule set. */
  readonly ruleSet: string;
  readonly channel: string;
  /** When it was made, milliseconds since the epoch. */
  readonly at: number;
  /** What the alerts have in common: the values of `groupBy`, `@rule` among them. */
  readonly group: Readonly<Record<string, string>>;
  /** `resolved` when nothing of what it tells fires. */
  readonly status: "firing" | "resolved";
  /** The highest of its firing alerts; of all of them where none fires. */
  readonly severity: AlertSeverity;
  /** 1 to 100. */
  readonly alerts: readonly NoticeAlert[];
  /** Alerts of the group that the channel was told of before, that fire on and that there is nothing new about. */
  readonly othersFiring: number;
}

/** Port: where notices go, such as a chat or a pager. */
export interface AlertChannel {
  readonly spec: "alert-channel/1";
  /** Names the channel in the stored state; 1 to 128 characters. */
  readonly name: string;
  /**
   * Delivers a notice; resolves when it has arrived. A notice may come more than once, with one key. Rejects to have it tried again.
   * Notices of a group come in order, one at a time.
   */
  deliver(notice: AlertNotice, call?: CallOptions): Promise<void>;
}
