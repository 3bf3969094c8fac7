import * as z from "zod";

/** How long jobs may wait for a run, and how many of them. */
export interface QueueOptions {
  /** Most jobs that wait at one priority level; one more is refused with `MODEL_OVERLOADED`. @defaultValue 16384 */
  readonly maxRequests?: number | undefined;
  /** Longest that a job waits for a run, ms. @defaultValue no limit */
  readonly timeoutMs?: number | undefined;
  /**
   * What becomes of a job that has waited for `timeoutMs`: `reject` answers `MODEL_OVERLOADED`; `delay` puts it behind all others of its
   * priority level, where it may wait for as long as others come.
   *
   * @defaultValue "reject"
   */
  readonly timeoutAction?: "reject" | "delay" | undefined;
  /** Whether a caller may shorten `timeoutMs` with the `queueTimeoutMs` of the call. @defaultValue false */
  readonly allowTimeoutOverride?: boolean | undefined;
}

/** How jobs of different urgency share a model. */
export interface PriorityOptions {
  /** Number of levels, 1 to 16. Level 1 is served first; a level waits while a higher one has jobs. @defaultValue 1 */
  readonly levels?: number | undefined;
  /** Level of a call that names none. @defaultValue the middle one, the lower of two */
  readonly default?: number | undefined;
  /** Queue options by level, instead of the common ones as a whole. @defaultValue the common ones for each level */
  readonly queues?: Readonly<Record<number, QueueOptions>> | undefined;
}

/** How jobs of several callers share runs of a model. */
export interface BatchingOptions {
  /**
   * Most rows of a run. A number makes runs as large as what waits allows, up to that number. `auto` learns from the time that runs take:
   * the fewest rows that give 90 % of the throughput that ever more rows would give, at most 128, because the fixed cost of a run is
   * then less for each row than answering a row costs. On the thread that calls, a run is kept below 1 ms as well.
   *
   * Jobs of more rows are split, and their answers joined.
   *
   * @defaultValue "auto"
   */
  readonly maxRows?: number | "auto" | undefined;
  /**
   * Numbers of rows that suit the model, such as those that a GPU engine was built for: a run has the largest of them that whole jobs
   * make up, where they make one up.
   *
   * @defaultValue none
   */
  readonly preferredRows?: readonly number[] | undefined;
  /**
   * Longest that a job waits for company while nothing runs, ms. It waits only where the fixed cost of a run outweighs that of its rows
   * and another job is to be expected in time. Timers of the platform fire up to 1 ms late.
   *
   * @defaultValue 0
   */
  readonly maxDelayMs?: number | undefined;
  /** The queue of each priority level. */
  readonly queue?: QueueOptions | undefined;
  /** Levels of priority. @defaultValue one */
  readonly priorities?: PriorityOptions | undefined;
}

const queueSchema = z.strictObject({
  maxRequests: z.int().min(1).default(16_384),
  timeoutMs: z.number().positive().optional(),
  timeoutAction: z.enum(["reject", "delay"]).default("reject"),
  allowTimeoutOverride: z.boolean().default(false),
});

const prioritiesSchema = z
  .strictObject({
    levels: z.int().min(1).max(16).default(1),
    default: z.int().min(1).optional(),
    queues: z.record(z.string().regex(/^[1-9]\d?$/, "expected the number of a level"), queueSchema).optional(),
  })
  .superRefine(({ levels, default: level, queues = {} }, context) => {
    const outside = (given: number) => `expected a level from 1 to ${levels}, but got ${given}`;
    if (level !== undefined && level > levels) context.addIssue({ code: "custom", path: ["default"], message: outside(level) });
    for (const key of Object.keys(queues))
      if (Number(key) > levels) context.addIssue({ code: "custom", path: ["queues", key], message: outside(Number(key)) });
  });

/** Checks {@link BatchingOptions} and fills the defaults in. */
export const batchingSchema = z
  .strictObject({
    maxRows: z.union([z.literal("auto"), z.int().min(1)]).default("auto"),
    preferredRows: z.array(z.int().min(1)).default([]),
    maxDelayMs: z.number().min(0).max(60_000).default(0),
    queue: queueSchema.prefault({}),
    priorities: prioritiesSchema.prefault({}),
  })
  .superRefine(({ maxRows, preferredRows }, context) => {
    preferredRows.forEach((rows, i) => {
      if (typeof maxRows !== "number" || rows <= maxRows) return;
      context.addIssue({ code: "custom", path: ["preferredRows", i], message: `expected at most maxRows, ${maxRows}` });
    });
  });

/** {@link QueueOptions} with their defaults. */
export type ParsedQueueOptions = z.output<typeof queueSchema>;
