import type { Runtime } from "../../core/call.ts";
import { type Clock, sleep, systemClock } from "../../core/clock.ts";
import { raceAbort, withDeadline } from "../../core/deadline.ts";
import { ModelwrightError } from "../../core/errors.ts";
import { keepAlive } from "../../core/keep-alive.ts";
import { retry } from "../../core/retry.ts";
import { boundedBytes } from "./bounded-bytes.ts";
import { KServeFailures, refusalOf, retryAfterMs } from "./kserve-failures.ts";
import { baseUrl, type CheckedKServeOptions, type KServeHeaders, parseAnsweredHeaders } from "./kserve-options.ts";

/** A request to the server. */
export interface KServeRequest {
  /** What it is for, as errors name it after "failed to". */
  readonly operation: string;
  /** Below the server's URL, beginning with `/v2`. */
  readonly path: string;
  /** Of a run of the model; there is none for a question. */
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly headers?: KServeHeaders;
}

/** An answer of success, whole. */
export interface KServeAnswer {
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** From sending the request to the end of the answer, ms. */
  readonly tookMs: number;
}

/** Longest text of an error that is read. */
const MAX_ERROR_BYTES = 1 << 16;

/** A server that asks for a longer wait is not asked again: the caller may have somewhere else to go. */
const MAX_RETRY_AFTER_MS = 30_000;

/** Sends requests to one server, again when that may help: all that the protocol asks may be asked twice. */
export class KServeClient {
  readonly failures: KServeFailures;
  readonly clock: Clock;
  readonly #options: CheckedKServeOptions;
  readonly #base: string;
  readonly #random: Runtime["random"];

  /** @param provider - name for errors */
  constructor(
    provider: string,
    options: CheckedKServeOptions,
    { clock = systemClock, random }: Pick<Runtime, "clock" | "random">,
  ) {
    this.failures = new KServeFailures(provider);
    this.clock = clock;
    this.#options = options;
    this.#base = baseUrl(options);
    this.#random = random;
  }

  /**
   * Sends the request and reads the answer, again while the failure may pass; waits between tries as long as the server asks, at least.
   *
   * @param read - reads an answer of success; what it throws as retryable is tried again, too
   * @throws a {@link ModelwrightError} with code `MODEL_UNAVAILABLE`, or `MODEL_RUN_FAILED` where the request has a body
   */
  send<T>(request: KServeRequest, signal: AbortSignal | undefined, read: (answer: KServeAnswer) => T): Promise<T> {
    let notBefore = Number.NEGATIVE_INFINITY;
    let askedMs = 0;
    const attempt = async () => {
      await this.#pause(notBefore - this.clock.monotonic(), signal);
      const refused = (error: ModelwrightError, waitMs: number | undefined) => {
        askedMs = waitMs ?? 0;
        notBefore = this.clock.monotonic() + askedMs;
        return error;
      };
      return read(await this.#exchange(request, signal, refused));
    };
    const retryable = (error: unknown) => ModelwrightError.is(error) && error.retryable && askedMs <= MAX_RETRY_AFTER_MS;
    const { attempts } = this.#options;
    const options = { attempts, retryable, clock: this.clock, ...(this.#random && { random: this.#random }) };
    return retry(attempt, options, { ...(signal && { signal }) });
  }

  /** As {@link KServeClient.send}, with one try. */
  async sendOnce(request: KServeRequest, signal: AbortSignal | undefined): Promise<KServeAnswer> {
    return this.#exchange(request, signal, (error) => error);
  }

  async #exchange(
    request: KServeRequest,
    signal: AbortSignal | undefined,
    refused: (error: ModelwrightError, waitMs: number | undefined) => ModelwrightError,
  ): Promise<KServeAnswer> {
    const { operation, body } = request;
    const { attemptTimeoutMs, maxResponseBytes } = this.#options;
    const own = await this.#headers(operation, signal);
    const work = async (limited: AbortSignal | undefined): Promise<KServeAnswer> => {
      const startedAt = this.clock.monotonic();
      const response = await this.#fetch(request, own, limited);
      const { status, headers, type } = response;
      if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
        await response.body?.cancel();
        throw this.failures.unavailable(operation, "the server sends the request to another place; give that place as url", {
          status,
        });
      }
      const bytes = await boundedBytes(response, response.ok ? maxResponseBytes : MAX_ERROR_BYTES);
      if (!response.ok) {
        const refusal = refusalOf(status, new TextDecoder().decode(bytes));
        const error = this.failures.refused(operation, body !== undefined, refusal, secretsOf(own));
        throw refused(error, retryAfterMs(headers.get("retry-after"), this.clock.now()));
      }
      if (bytes === undefined) throw this.#tooLong(request);
      return { headers, body: bytes, tookMs: this.clock.monotonic() - startedAt };
    };
    try {
      return await withDeadline({ signal, timeoutMs: attemptTimeoutMs }, work, this.clock);
    } catch (error) {
      signal?.throwIfAborted();
      throw ModelwrightError.is(error) && error.code !== "DEADLINE_EXCEEDED"
        ? error
        : this.failures.unreachable(operation, error);
    }
  }

  #fetch({ path, body, headers }: KServeRequest, own: KServeHeaders, signal: AbortSignal | undefined): Promise<Response> {
    const { fetch: send = (url, init) => fetch(url, init), compressedAnswers } = this.#options;
    return send(this.#base + path, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        ...own,
        accept: "application/json, application/octet-stream",
        // Node asks for gzip by itself, and Triton then compresses every answer. Browsers do not let this header be set.
        ...(!compressedAnswers && { "accept-encoding": "identity" }),
        ...headers,
      },
      // Followed, a redirect would take the token to a host that nobody has named.
      redirect: "manual",
      credentials: "omit",
      cache: "no-store",
      ...(body && { body }),
      ...(signal && { signal }),
    });
  }

  async #headers(operation: string, signal: AbortSignal | undefined): Promise<KServeHeaders> {
    const { headers } = this.#options;
    if (typeof headers !== "function") return headers;
    let answered: unknown;
    try {
      // One that never answers must not keep the executor from closing once the call has given up.
      answered = await (signal === undefined ? headers() : raceAbort(signal, headers));
    } catch (cause) {
      signal?.throwIfAborted();
      throw this.failures.unavailable(operation, "the function for the headers failed; see the cause", { cause });
    }
    return parseAnsweredHeaders(answered);
  }

  async #pause(leftMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (!(leftMs > 0)) return;
    const held = keepAlive();
    try {
      await sleep(leftMs, this.clock, signal);
    } finally {
      held[Symbol.dispose]();
    }
  }

  #tooLong({ operation, body }: KServeRequest): ModelwrightError {
    const reason = `the answer is longer than ${this.#options.maxResponseBytes} bytes; send fewer rows or raise maxResponseBytes`;
    return body === undefined ? this.failures.unavailable(operation, reason) : this.failures.runFailed(operation, reason);
  }
}

/** What a server may have repeated of the headers: whole values, and what follows a scheme such as `Bearer`. Short words are no secrets. */
function secretsOf(headers: KServeHeaders): string[] {
  return Object.values(headers)
    .flatMap((value) => [value.trim(), ...value.trim().split(/[\s,;=]+/)])
    .filter((text) => text.length >= 6)
    .sort((a, b) => b.length - a.length);
}
