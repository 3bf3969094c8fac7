import * as z from "zod";
import type { CallOptions, Runtime } from "../core/call.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { ModelwrightError, messageOf } from "../core/errors.ts";
import { Emitter, type Event } from "../core/events.ts";
import { Lifecycle } from "../core/lifecycle.ts";
import type { Metrics } from "../core/metrics.ts";
import type { Predictor } from "../core/model.ts";
import { parseOptions, passed, port } from "../core/options.ts";
import { traced } from "../core/trace.ts";
import { attemptBudgetMs } from "./attempt-budget.ts";
import type { Route, RouteAttempt, RoutedPrediction, RouteExhausted } from "./route.ts";
import { type RecordTurn, routerMetrics } from "./router-metrics.ts";

/** One place that can answer. */
export interface RouterTarget<Input, Output> {
  /** Borrowed: closing the router does not close it. */
  readonly predictor: Predictor<Input, Output>;
  /** Longest that one turn may take, ms, greater than 0. @defaultValue no limit but the deadline */
  readonly timeoutMs?: number | undefined;
}

/** How a router chooses. */
export interface RouterPolicy<Target extends string> {
  /** Targets in the order of trying; a target that is not named is not asked. @defaultValue all, in the order of `Object.keys(targets)` */
  readonly order?: readonly Target[] | undefined;
  /** Longest that all turns of one call may take together, ms, greater than 0. @defaultValue no limit */
  readonly deadlineMs?: number | undefined;
}

/** Options of {@link HybridRouter}. */
export interface HybridRouterOptions<Target extends string, Input, Output> {
  /** Shown in errors and traces. @defaultValue `router` */
  readonly name?: string | undefined;
  /** What can answer, by name. All take one type of input and give one type of output. */
  readonly targets: Readonly<Record<Target, RouterTarget<Input, Output>>>;
  /** @defaultValue the order of `targets`, no deadline */
  readonly policy?: RouterPolicy<NoInfer<Target>> | undefined;
  /** Where to count turns; one router for each, because the names of the metrics are fixed. @defaultValue not counted */
  readonly metrics?: Metrics | undefined;
}

const limitMs = z.number().positive().optional();

const routerOptions = z
  .strictObject({
    name: z.string().min(1).default("router"),
    targets: z
      .record(
        z.string().min(1),
        z.strictObject({ predictor: port<Predictor<unknown, unknown>>("predictor/1"), timeoutMs: limitMs }),
      )
      .refine((targets) => Object.keys(targets).length > 0, { error: "expected at least one target" }),
    policy: z
      .strictObject({ order: z.array(z.string()).min(1).optional(), deadlineMs: limitMs })
      .optional()
      .transform((policy) => policy ?? {}),
    metrics: passed<Metrics>("a Metrics", isMetrics).optional(),
  })
  .superRefine(({ targets, policy: { order = [] } }, context) => {
    for (const [i, name] of order.entries()) {
      const message = !Object.hasOwn(targets, name)
        ? `there is no target ${JSON.stringify(name)}; there is ${Object.keys(targets).join(", ")}`
        : order.indexOf(name) < i
          ? `${name} is named twice`
          : undefined;
      if (message !== undefined) context.addIssue({ code: "custom", path: ["policy", "order", i], message });
    }
  });

interface OrderedTarget<Target extends string, Input, Output> {
  readonly name: Target;
  readonly predictor: Predictor<Input, Output>;
  readonly timeoutMs: number | undefined;
  readonly laterTimeoutsMs: readonly (number | undefined)[];
}

/**
 * Asks targets in order until one answers, all under one deadline, and says how the answer came about.
 *
 * The next target is asked when one fails or uses up its time. While others remain, a target never gets the whole time that is
 * left: it is dealt out evenly to all that remain, but to none more than its own `timeoutMs`, so that a fallback is really reached.
 * A target that ran out of time sees its signal abort; what it answers afterwards is dropped.
 *
 * Input at fault (`INPUT_*`) and an abort by the caller end the call at once: no other target is asked.
 *
 * @example
 * ```ts
 * import { HybridRouter, type Predictor } from "modelwright";
 *
 * declare const edge: Predictor<{ amount: number }, { fraud: number }>;
 * declare const cloud: Predictor<{ amount: number }, { fraud: number }>;
 *
 * await using router = new HybridRouter({
 *   targets: { edge: { predictor: edge, timeoutMs: 50 }, cloud: { predictor: cloud } },
 *   policy: { order: ["edge", "cloud"], deadlineMs: 250 },
 * });
 * router.onFallback(({ target, attempts }) => console.log(`${target} stood in for ${attempts[0]?.target}`));
 * const { output, route } = await router.predict({ amount: 12 });
 * console.log(output.fraud, route.target);
 * ```
 */
export class HybridRouter<Target extends string, Input, Output> implements Predictor<Input, Output>, AsyncDisposable {
  readonly spec = "predictor/1";
  readonly name: string;
  readonly #order: readonly OrderedTarget<Target, Input, Output>[];
  readonly #deadlineMs: number | undefined;
  readonly #record: RecordTurn | undefined;
  readonly #clock: Clock;
  readonly #lifecycle: Lifecycle;
  readonly #fallback: Emitter<Route<Target>>;
  readonly #exhausted: Emitter<RouteExhausted<Target>>;
  /** Fires after another target than the first has answered. */
  readonly onFallback: Event<Route<Target>>;
  /** Fires after a call has failed because no target answered. */
  readonly onExhausted: Event<RouteExhausted<Target>>;

  /**
   * @param options - targets and policy; copied
   * @param runtime - clock and logger
   * @throws a {@link ModelwrightError} with code `CONFIG_INVALID`
   */
  constructor(options: HybridRouterOptions<Target, Input, Output>, { clock = systemClock, logger }: Runtime = {}) {
    const { name, targets, policy, metrics } = parseOptions(routerOptions, options, "HybridRouter");
    const order = (policy.order ?? Object.keys(targets)) as Target[];
    this.name = name;
    this.#order = order.map((target, i) => ({
      name: target,
      predictor: targets[target]!.predictor as Predictor<Input, Output>,
      timeoutMs: targets[target]!.timeoutMs,
      laterTimeoutsMs: order.slice(i + 1).map((later) => targets[later]!.timeoutMs),
    }));
    this.#deadlineMs = policy.deadlineMs;
    this.#record = metrics && routerMetrics(metrics, order);
    this.#clock = clock;
    this.#lifecycle = new Lifecycle(name);
    this.#fallback = new Emitter(logger);
    this.#exhausted = new Emitter(logger);
    this.onFallback = this.#fallback.event;
    this.onExhausted = this.#exhausted.event;
  }

  /**
   * The answer of the first target that gives one.
   *
   * The deadline is that of the policy or `call.timeoutMs`, whichever is less.
   *
   * @throws a {@link ModelwrightError} with code `DEADLINE_EXCEEDED` when the deadline has passed; its cause is the
   * `ROUTER_EXHAUSTED` that lists the turns
   * @throws a {@link ModelwrightError} with code `ROUTER_EXHAUSTED` when every target has failed or used up its own time; its cause
   * is an `AggregateError` of their errors
   * @throws a {@link ModelwrightError} with an `INPUT_*` code, as the target threw it
   * @throws a {@link ModelwrightError} with code `CLOSED`
   */
  predict(input: Input, call?: CallOptions): Promise<RoutedPrediction<Input, Output, Target>> {
    return this.#lifecycle.run(() =>
      traced(
        "router.predict",
        () => ({ router: this.name, targets: this.#order.length }),
        () => this.#route(input, call),
      ),
    );
  }

  /** Refuses new calls and waits for running ones. Leaves the predictors open. */
  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  /** Calls `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #route(input: Input, call: CallOptions | undefined): Promise<RoutedPrediction<Input, Output, Target>> {
    const signal = call?.signal;
    const startedAtMs = this.#clock.monotonic();
    const deadlineMs = least(this.#deadlineMs, call?.timeoutMs);
    const attempts: RouteAttempt<Target>[] = [];
    const errors: unknown[] = [];
    let turnAtMs = startedAtMs;
    let late = false;
    for (const target of this.#order) {
      signal?.throwIfAborted();
      const remainingMs = deadlineMs === undefined ? undefined : deadlineMs - (turnAtMs - startedAtMs);
      if (remainingMs !== undefined && !(remainingMs > 0)) {
        attempts.push({ target: target.name, outcome: "skipped", latencyMs: 0 });
        this.#record?.(target.name, "skipped", 0);
        late = true;
        continue;
      }
      const timeoutMs = attemptBudgetMs({ ...target, remainingMs });
      try {
        const prediction = await withDeadline(
          { signal, timeoutMs },
          (derived) => target.predictor.predict(input, { signal: derived, timeoutMs }),
          this.#clock,
        );
        const { output, model, provider } = prediction;
        const latencyMs = this.#clock.monotonic() - turnAtMs;
        attempts.push({ target: target.name, outcome: "answered", latencyMs });
        this.#record?.(target.name, "answered", latencyMs);
        const route: Route<Target> = { target: target.name, fallback: attempts.length > 1, attempts, deadlineMs };
        if (route.fallback) this.#fallback.emit(route);
        return { output, model, provider, input, route };
      } catch (error) {
        const endedAtMs = this.#clock.monotonic();
        const latencyMs = endedAtMs - turnAtMs;
        const verdict = judge(error, signal);
        this.#record?.(target.name, verdict, latencyMs);
        if (verdict === "aborted") throw signal?.reason;
        if (verdict === "refused") throw error;
        attempts.push({ target: target.name, outcome: verdict, latencyMs, ...describe(error) });
        errors.push(error);
        turnAtMs = endedAtMs;
        // By the limit that fired, not by the clock alone: timers may fire a little early.
        late = ModelwrightError.is(error, "DEADLINE_EXCEEDED") && error.details.timeoutMs === remainingMs;
      }
    }
    const exhausted = this.#allFailed(attempts, errors);
    const passed = deadlineMs !== undefined && (late || this.#clock.monotonic() - startedAtMs >= deadlineMs);
    const error = passed ? deadlineExceeded(deadlineMs, exhausted) : exhausted;
    this.#exhausted.emit({ attempts, deadlineMs, error });
    throw error;
  }

  #allFailed(attempts: readonly RouteAttempt[], errors: readonly unknown[]): ModelwrightError<"ROUTER_EXHAUSTED"> {
    const turns = attempts.map(({ target, outcome, message }) => `${target} ${outcome}${message ? ` (${message})` : ""}`);
    return new ModelwrightError("ROUTER_EXHAUSTED", `No target of ${this.name} has answered: ${turns.join("; ")}`, {
      details: { attempts: attempts.map(({ target, outcome, code }) => ({ target, outcome, code })) },
      cause: new AggregateError(errors, "No target has answered"),
      retryable: errors.some((error) => ModelwrightError.is(error) && error.retryable),
    });
  }
}

function isMetrics(value: unknown): boolean {
  // By its methods: the host's Metrics may be of another copy of the package.
  const { counter, histogram } = Object(value) as Partial<Metrics>;
  return typeof counter === "function" && typeof histogram === "function";
}

/** What an error means for the route. */
function judge(error: unknown, signal: AbortSignal | undefined): "aborted" | "refused" | "timed_out" | "failed" {
  if (signal?.aborted) return "aborted";
  if (!ModelwrightError.is(error)) return "failed";
  if (error.code.startsWith("INPUT_")) return "refused";
  return error.code === "DEADLINE_EXCEEDED" ? "timed_out" : "failed";
}

function describe(error: unknown): { readonly code?: string; readonly message: string } {
  if (ModelwrightError.is(error)) return { code: error.code, message: error.message };
  return { message: messageOf(error) };
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.min(a, b);
}

function deadlineExceeded(timeoutMs: number, cause: ModelwrightError): ModelwrightError<"DEADLINE_EXCEEDED"> {
  return new ModelwrightError("DEADLINE_EXCEEDED", `No answer within ${timeoutMs} ms. ${cause.message}`, {
    details: { timeoutMs },
    cause,
    retryable: true,
  });
}
