import { ModelwrightError, messageOf } from "../../core/errors.ts";

/** Refusals that another try may not meet. 425 comes where a request was sent again early; 52x are of proxies. */
const passing: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504, 520, 521, 522, 523, 524, 529]);

/** What to do about a refusal. */
const advice: ReadonlyMap<number, string> = new Map([
  [401, "check the token in headers"],
  [403, "check the token in headers, and what it permits"],
  [404, "check url, model and version; the url ends before /v2"],
  [413, "send fewer rows at once"],
  [415, "leave compressAboveBytes out: the server takes no gzip"],
]);

/** Longest text of a server that a message repeats. */
const MAX_TEXT = 500;

/** What a server says when it refuses. */
export interface Refusal {
  readonly status: number;
  /** The server's own words; empty when there are none, as in the page of a proxy. */
  readonly text: string;
}

/** Makes the errors of one provider. What a server repeats of the headers' values is left out. */
export class KServeFailures {
  readonly #provider: string;

  /** @param provider - its name */
  constructor(provider: string) {
    this.#provider = provider;
  }

  /**
   * A refusal as an error. What a server says of one run is `MODEL_RUN_FAILED`; all else means that it cannot be used.
   *
   * @param operation - what was to be done, after "failed to"
   * @param runs - whether it was a run
   * @param secrets - what the text must not repeat
   */
  refused(operation: string, runs: boolean, { status, text }: Refusal, secrets: readonly string[]): ModelwrightError {
    // Before it is cut: the beginning of a secret would not be found any more.
    const clean = secrets.reduce((cleaned, secret) => cleaned.replaceAll(secret, "***"), text);
    const said = clean.slice(0, MAX_TEXT).trim();
    const hint = advice.get(status);
    const reason = `HTTP ${status}${said === "" ? "" : `: ${said}`}${hint === undefined ? "" : `; ${hint}`}`;
    if (runs && isAboutTheRun(status, said)) return this.runFailed(operation, reason, new Error(reason));
    // A model that fails says so with 500; a 500 without a word comes from what stands before it.
    return this.unavailable(operation, reason, { status, retryable: passing.has(status) || (status === 500 && said === "") });
  }

  /** The request did not get through, or the answer broke off. */
  unreachable(operation: string, cause: unknown): ModelwrightError<"MODEL_UNAVAILABLE"> {
    // Node's fetch says only "fetch failed" and keeps the reason in its cause.
    const reason =
      cause instanceof Error && cause.cause instanceof Error ? `${cause.message}: ${messageOf(cause.cause)}` : messageOf(cause);
    return this.unavailable(operation, reason, { cause, retryable: true });
  }

  /** The server cannot be used. */
  unavailable(
    operation: string,
    reason: string,
    {
      status,
      cause,
      retryable = false,
    }: { readonly status?: number; readonly cause?: unknown; readonly retryable?: boolean } = {},
  ): ModelwrightError<"MODEL_UNAVAILABLE"> {
    return new ModelwrightError("MODEL_UNAVAILABLE", `${this.#provider} failed to ${operation}: ${reason}`, {
      details: { provider: this.#provider, status },
      ...(cause === undefined ? {} : { cause }),
      retryable,
    });
  }

  /** A run failed, and would fail again. */
  runFailed(operation: string, reason: string, cause?: unknown): ModelwrightError<"MODEL_RUN_FAILED"> {
    return new ModelwrightError("MODEL_RUN_FAILED", `${this.#provider} failed to ${operation}: ${reason}`, {
      details: { provider: this.#provider },
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

/** Whether the same run would be refused again: 4xx but for access and passing ones, what the model itself said, and "not implemented". */
function isAboutTheRun(status: number, said: string): boolean {
  if (status === 500) return said !== "";
  if (status === 501) return true;
  return status >= 400 && status < 500 && ![401, 403, 404, 407].includes(status) && !passing.has(status);
}

/** The refusal that an answer of this status and body is. */
export function refusalOf(status: number, body: string): Refusal {
  try {
    const answer = JSON.parse(body) as { readonly error?: unknown; readonly detail?: unknown; readonly message?: unknown } | null;
    const said = answer?.error ?? answer?.detail ?? answer?.message;
    if (said !== undefined && said !== null) return { status, text: typeof said === "string" ? said : JSON.stringify(said) };
  } catch {
    // The page of a proxy, or nothing at all.
  }
  return { status, text: "" };
}

/**
 * How long a server asks to wait, ms; undefined when it does not ask.
 *
 * @param now - wall time, for a header that names a date
 * @source RFC 9110, section 10.2.3
 */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,12}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
