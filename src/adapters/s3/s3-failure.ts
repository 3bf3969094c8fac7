import { ModelwrightError, messageOf } from "../../core/errors.ts";
import { childText, parseXml } from "./xml.ts";

/** What S3 reports when the same request may succeed a moment later. */
const passingCodes: ReadonlySet<string> = new Set([
  "InternalError",
  "OperationAborted",
  "RequestThrottled",
  "RequestTimeout",
  "ServiceUnavailable",
  "SlowDown",
  "ThrottlingException",
]);
const passingStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** What to do about a refusal. */
const advice: ReadonlyMap<string, string> = new Map([
  ["AccessDenied", "give the credentials s3:GetObject, s3:PutObject, s3:DeleteObject, s3:ListBucket and s3:AbortMultipartUpload"],
  ["AuthorizationHeaderMalformed", "check the region"],
  ["ExpiredToken", "give credentials as a function that renews them"],
  ["InvalidAccessKeyId", "check the credentials"],
  ["InvalidTokenId", "check the credentials"],
  ["NoSuchBucket", "create the bucket first"],
  ["PermanentRedirect", "check the region and the endpoint"],
  ["RequestTimeTooSkewed", "set the clock of this machine"],
  ["SignatureDoesNotMatch", "check the secret access key and the region"],
]);

/** Longest text of a server that a message repeats. */
const MAX_TEXT = 300;

/** What a server says when it refuses. */
export interface Refusal {
  readonly status: number;
  /** S3's name of the reason; `HTTP 404` or the like when the answer tells none. */
  readonly code: string;
  readonly text: string;
}

/** The refusal that an answer of this status and text is. */
export function refusalOf(status: number, body: string): Refusal {
  try {
    const error = parseXml(body);
    const code = error.name === "Error" ? childText(error, "Code") : undefined;
    if (code !== undefined && /^[\w.]{1,64}$/.test(code)) return { status, code, text: childText(error, "Message") ?? "" };
  } catch {
    // The page of a proxy, or nothing at all, as for HEAD.
  }
  return { status, code: `HTTP ${status}`, text: "" };
}

/** Makes the errors of one store. What a server echoes of the credentials is left out. */
export class S3Failures {
  readonly #store: string;

  /** @param store - the store's name */
  constructor(store: string) {
    this.#store = store;
  }

  /** A server's refusal as an error. @param secrets - what the text must not repeat */
  refused(operation: string, { status, code, text }: Refusal, secrets: readonly string[]): ModelwrightError<"STORE_FAILED"> {
    // Before it is cut: the beginning of a secret would not be found any more.
    const clean = secrets.reduce((cleaned, secret) => cleaned.replaceAll(secret, "***"), text);
    const said = clean.slice(0, MAX_TEXT).trim();
    const hint = advice.get(code);
    const message = `${code}${said === "" ? "" : `: ${said}`}${hint === undefined ? "" : `; ${hint}`}`;
    return this.failed(operation, message, { retryable: passingStatuses.has(status) || passingCodes.has(code) });
  }

  /** The request did not get through, or the answer broke off. */
  unreachable(operation: string, cause: unknown): ModelwrightError<"STORE_FAILED"> {
    // Node's fetch says only "fetch failed" and keeps the reason in its cause.
    const reason = cause instanceof Error && cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause;
    return this.failed(operation, messageOf(reason), { cause, retryable: true });
  }

  /** Any other failure. */
  failed(
    operation: string,
    reason: string,
    { cause, retryable = false }: { readonly cause?: unknown; readonly retryable?: boolean } = {},
  ): ModelwrightError<"STORE_FAILED"> {
    return new ModelwrightError("STORE_FAILED", `${this.#store} failed to ${operation}: ${reason}`, {
      details: { store: this.#store, operation },
      ...(cause === undefined ? {} : { cause }),
      retryable,
    });
  }
}
