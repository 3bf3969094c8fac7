/** One problem found in a value: where it is and what is wrong. */
export interface Issue {
  /** Path from the value's root, for example `["rows", 3, "amount"]`; empty for the value itself. */
  readonly path: readonly (string | number)[];
  /** What is wrong, for a human. */
  readonly message: string;
}

/**
 * The error codes and the shape of `details` that each one carries.
 *
 * Codes are stable: a released code keeps its meaning and its details. Switch on the code, never on the message.
 */
export interface ErrorDetails {
  /** Options or a definition are wrong. Nothing was built. */
  CONFIG_INVALID: { readonly subject: string; readonly issues: readonly Issue[] };
  /** A value does not satisfy its schema. */
  INPUT_INVALID: { readonly subject: string; readonly issues: readonly Issue[] };
  /** A named input that the callee needs was not given. */
  INPUT_MISSING: { readonly input: string; readonly known: readonly string[] };
  /** A named input that the callee does not know was given. */
  INPUT_UNKNOWN: { readonly input: string; readonly known: readonly string[] };
  /** A tensor has the wrong shape. */
  INPUT_SHAPE: { readonly input: string; readonly expected: string; readonly given: string };
  /** A tensor has the wrong element type. */
  INPUT_DTYPE: { readonly input: string; readonly expected: string; readonly given: string };
  /** No model has this name. */
  REGISTRY_MODEL_NOT_FOUND: { readonly name: string };
  /** The model has no such version, no version in that stage, or no such alias. */
  REGISTRY_VERSION_NOT_FOUND: { readonly ref: string };
  /** The stage policy has no edge between these stages. */
  REGISTRY_TRANSITION_FORBIDDEN: {
    readonly ref: string;
    readonly from: string;
    readonly to: string;
    readonly allowed: readonly string[];
  };
  /** The stored state changed between reading and writing; read again and decide again. */
  REGISTRY_CONFLICT: { readonly ref: string; readonly expected: string; readonly actual: string };
  /** Another version of the model has this label. */
  REGISTRY_LABEL_TAKEN: { readonly ref: string; readonly label: string };
  /** The stage policy wants an approval for this move, and there is none that is approved and unused. */
  REGISTRY_APPROVAL_REQUIRED: { readonly ref: string; readonly from: string; readonly to: string };
  /** No approval request has this id. */
  REGISTRY_APPROVAL_NOT_FOUND: { readonly id: string };
  /** This actor may not decide this request. */
  REGISTRY_APPROVAL_FORBIDDEN: { readonly id: string; readonly actor: string; readonly reason: string };
  /** Guards of the stage policy refuse the move; each says why. */
  REGISTRY_GUARD_FAILED: {
    readonly ref: string;
    readonly to: string;
    readonly failures: readonly { readonly guard: string; readonly reason: string }[];
  };
  /** What is to be deleted or moved is protected: an alias, a stage, a rollback target, a child, a legal hold. */
  REGISTRY_PROTECTED: { readonly ref: string; readonly protectedBy: readonly string[] };
  /** The edge would make a version its own ancestor. */
  REGISTRY_CYCLE: { readonly ref: string; readonly parent: string };
  /** No experiment has this id or name. */
  TRACKING_EXPERIMENT_NOT_FOUND: { readonly experiment: string };
  /** An experiment with this name exists, or was deleted and can be restored. */
  TRACKING_EXPERIMENT_EXISTS: { readonly experiment: string };
  /** No run has this id, or it was deleted. */
  TRACKING_RUN_NOT_FOUND: { readonly run: string };
  /** The param was logged with another value before. */
  TRACKING_PARAM_IMMUTABLE: { readonly run: string; readonly param: string };
  /** The feature reference names no feature of this server. */
  FEATURE_UNKNOWN: { readonly feature: string; readonly known: readonly string[] };
  /** A feature was asked for without the key of its entity. */
  FEATURE_KEY_MISSING: { readonly entity: string; readonly feature: string };
  /** An on-demand feature's function threw. Also carried in the row when the caller asked for it. */
  FEATURE_COMPUTE_FAILED: { readonly feature: string };
  /** Bytes are not a model, or a damaged or hostile one. */
  MODEL_INVALID: { readonly reason: string };
  /** A valid model that this engine or version cannot run. */
  MODEL_UNSUPPORTED: { readonly reason: string };
  /** A stored file of a model version is not the one that was registered. */
  MODEL_DIGEST_MISMATCH: { readonly ref: string; readonly path: string; readonly expected: string; readonly actual: string };
  /** The manifest of a version is not signed, or not by a key that is trusted, or is not that of its files. */
  MODEL_SIGNATURE_INVALID: { readonly ref: string; readonly reason: string };
  /** The engine failed while it ran the model. */
  MODEL_RUN_FAILED: { readonly provider: string };
  /** The worker, process or device that ran the model ended under the run, which may be repeated; a new one takes its place if `replaced`. */
  MODEL_EXECUTOR_LOST: { readonly provider: string; readonly reason: string; readonly replaced: boolean };
  /** Another machine that runs the model could not be asked, or is not ready; `status` is that of HTTP, where one came. */
  MODEL_UNAVAILABLE: { readonly provider: string; readonly status: number | undefined };
  /** Too many requests wait for this model; try again after `retryAfterMs`. */
  MODEL_OVERLOADED: { readonly waiting: number; readonly limit: number; readonly retryAfterMs: number };
  /** The engine could not load the model; every provider's reason is listed. */
  MODEL_LOAD_FAILED: { readonly attempts: readonly { readonly provider: string; readonly reason: string }[] };
  /** Every target that may answer has failed. */
  ROUTER_EXHAUSTED: {
    readonly attempts: readonly { readonly target: string; readonly outcome: string; readonly code: string | undefined }[];
  };
  /** A backend failed; `cause` is its own error. */
  STORE_FAILED: { readonly store: string; readonly operation: string };
  /** Nothing is stored under this key or digest. */
  STORE_NOT_FOUND: { readonly store: string; readonly key: string };
  /** Stored bytes do not have the digest that they are stored under. */
  STORE_CORRUPT: { readonly store: string; readonly key: string; readonly actual: string };
  /** The stored schema is newer than this release, or its migration history differs. */
  STORE_SCHEMA: { readonly store: string; readonly found: string; readonly known: string };
  /** The value changed since it was read. */
  STORE_CONFLICT: { readonly store: string; readonly key: string };
  /** A blob that a record is to refer to is being deleted as garbage; store it again, then the record. */
  STORE_BLOB_FENCED: { readonly store: string; readonly digests: readonly string[] };
  /** A reference profile or a detector state cannot be used. */
  DRIFT_STATE_INVALID: { readonly reason: string };
  /** Too much work is waiting. */
  OVERLOADED: { readonly running: number; readonly waiting: number };
  /** The object was closed. */
  CLOSED: { readonly subject: string };
  /** Our own time limit passed. */
  DEADLINE_EXCEEDED: { readonly timeoutMs: number };
  /** An optional library is not installed. */
  MISSING_PEER: { readonly peer: string; readonly install: string };
  /** This platform or backend cannot do it. */
  UNSUPPORTED: { readonly feature: string };
}

/** A stable name of what went wrong. */
export type ErrorCode = keyof ErrorDetails;

/** What a {@link ModelwrightError} carries beside its code and message. */
export interface ErrorOptions<Code extends ErrorCode> {
  /** Facts for a program; their shape follows from the code. */
  readonly details: ErrorDetails[Code];
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** Whether the same call may succeed when repeated. @defaultValue false */
  readonly retryable?: boolean;
}

/** Longest message, so that hostile text that one repeats cannot fill a log. Details have all. */
const MAX_MESSAGE_LENGTH = 8_000;

const brand: unique symbol = Symbol.for("modelwright.error") as never;

/**
 * The one error class. Switch on {@link ModelwrightError.code}; its {@link ModelwrightError.details} are typed by the code.
 *
 * @example
 * ```ts
 * import { ModelwrightError } from "modelwright";
 *
 * function waited(error: unknown): number | undefined {
 *   return ModelwrightError.is(error, "DEADLINE_EXCEEDED") ? error.details.timeoutMs : undefined;
 * }
 * ```
 */
export class ModelwrightError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "ModelwrightError";
  /** Stable name of what went wrong. */
  readonly code: Code;
  /** Facts for a program. */
  readonly details: ErrorDetails[Code];
  /** Whether the same call may succeed when repeated. */
  readonly retryable: boolean;

  constructor(code: Code, message: string, options: ErrorOptions<Code>) {
    super(
      message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}…` : message,
      "cause" in options ? { cause: options.cause } : undefined,
    );
    this.code = code;
    this.details = options.details;
    this.retryable = options.retryable ?? false;
    Object.defineProperty(this, brand, { value: true });
  }

  /**
   * Whether `value` is a modelwright error, with this code when one is given. Without one, a `switch` on `code` types `details`.
   * Holds across copies of the package (ESM beside CJS), where `instanceof` does not.
   */
  static is<C extends ErrorCode = ErrorCode>(value: unknown, code?: C): value is { [K in C]: ModelwrightError<K> }[C] {
    if (typeof value !== "object" || value === null || !(brand in value)) return false;
    return code === undefined || ("code" in value && value.code === code);
  }

  /** Code, message, details and retryability, for logs; causes and stacks are left out. */
  toJSON(): { name: string; code: Code; message: string; details: ErrorDetails[Code]; retryable: boolean } {
    return { name: this.name, code: this.code, message: this.message, details: this.details, retryable: this.retryable };
  }
}

/** What anything that was thrown says of itself, for a message. Never throws, whatever it was. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return "an error without a text";
  }
}

/** Renders issues as `path: message; path: message`. */
export function formatIssues(issues: readonly Issue[]): string {
  return issues
    .map((issue) => (issue.path.length === 0 ? issue.message : `${formatPath(issue.path)}: ${issue.message}`))
    .join("; ");
}

function formatPath(path: readonly (string | number)[]): string {
  return path.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`)).join("");
}
