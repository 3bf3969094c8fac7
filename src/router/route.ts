import type { ModelwrightError } from "../core/errors.ts";
import type { Prediction } from "../core/model.ts";

/** One target's turn. */
export interface RouteAttempt<Target extends string = string> {
  readonly target: Target;
  /** `skipped` when the deadline had passed before the target's turn. */
  readonly outcome: "answered" | "failed" | "timed_out" | "skipped";
  /** How long the turn took, ms. */
  readonly latencyMs: number;
  /** Code of the error, when it was a {@link ModelwrightError}. */
  readonly code?: string;
  /** Message of the error. */
  readonly message?: string;
}

/** How an answer came about. */
export interface Route<Target extends string = string> {
  /** The target that answered. */
  readonly target: Target;
  /** Whether another target was asked first. */
  readonly fallback: boolean;
  /** Every turn in order; the last one answered. */
  readonly attempts: readonly RouteAttempt<Target>[];
  /** The time that all turns had together, ms; undefined for no limit. */
  readonly deadlineMs: number | undefined;
}

/** What a router answers: the prediction of the target, and how it was chosen. */
export interface RoutedPrediction<Input, Output, Target extends string = string> extends Prediction<Output> {
  /** What was asked, for whoever observes answers. */
  readonly input: Input;
  readonly route: Route<Target>;
}

/** No target has answered. */
export interface RouteExhausted<Target extends string = string> {
  readonly attempts: readonly RouteAttempt<Target>[];
  readonly deadlineMs: number | undefined;
  /** What the caller got. */
  readonly error: ModelwrightError<"ROUTER_EXHAUSTED"> | ModelwrightError<"DEADLINE_EXCEEDED">;
}
