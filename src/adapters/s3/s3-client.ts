import type { Runtime } from "../../core/call.ts";
import { systemClock } from "../../core/clock.ts";
import { raceAbort } from "../../core/deadline.ts";
import { sha256 } from "../../core/digest.ts";
import { ModelwrightError } from "../../core/errors.ts";
import { parseOptions } from "../../core/options.ts";
import { peer } from "../../core/peer.ts";
import { type RetryOptions, retry } from "../../core/retry.ts";
import { boundedText } from "./bounded-text.ts";
import { type Refusal, refusalOf, S3Failures } from "./s3-failure.ts";
import {
  type Aws4FetchLibrary,
  answeredCredentialsSchema,
  bucketUrl,
  type CheckedS3Options,
  type S3Credentials,
  type S3Fetch,
} from "./s3-options.ts";

/** A request for an object, or for the bucket when there is no key. */
export interface S3Request {
  /** What the store does, as errors name it. */
  readonly operation: string;
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly key?: string;
  readonly query?: readonly (readonly [name: string, value: string])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** SHA-256 of the body in hexadecimal digits, where it is known already. */
  readonly bodyHash?: string;
  /** Codes of refusals that mean that there is nothing; answered as undefined. */
  readonly absent?: readonly string[];
}

/** Reads an answer of success; `refused` makes an error of one that turns out to be none. */
export type ReadAnswer<T> = (response: Response, refused: (refusal: Refusal) => ModelwrightError<"STORE_FAILED">) => Promise<T>;

const EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Longest text of an error that is read. */
const MAX_ERROR_BYTES = 1 << 14;

/** Signs and sends requests to one bucket, again when that may help. Bodies are hashed into the signature, so none can be changed. */
export class S3Client {
  readonly failures: S3Failures;
  readonly #options: CheckedS3Options;
  readonly #url: string;
  readonly #fetch: S3Fetch;
  readonly #runtime: Pick<Runtime, "clock" | "random">;
  #lib: Aws4FetchLibrary | undefined;

  constructor(store: string, options: CheckedS3Options, runtime: Pick<Runtime, "clock" | "random">) {
    this.failures = new S3Failures(store);
    this.#options = options;
    this.#url = bucketUrl(options);
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
    this.#runtime = runtime;
  }

  /**
   * Sends the request and reads the answer, again while a failure is passing; so call it for what may be done twice.
   *
   * @param read - reads an answer of success
   * @returns undefined when the server says one of `absent`
   * @throws a {@link ModelwrightError} with code `STORE_FAILED` when the server refuses or cannot be reached
   */
  async find<T>(request: S3Request, signal: AbortSignal | undefined, read: ReadAnswer<T>): Promise<T | undefined> {
    const bodyHash = request.bodyHash ?? (request.body === undefined ? EMPTY_HASH : (await sha256(request.body)).slice(7));
    return retry(() => this.#attempt({ ...request, bodyHash }, signal, read), this.#retryOptions, { signal });
  }

  /** As {@link S3Client.find}, for requests that always have an answer. */
  async send<T>(request: Omit<S3Request, "absent">, signal: AbortSignal | undefined, read: ReadAnswer<T>): Promise<T> {
    return (await this.find(request, signal, read)) as T;
  }

  get #retryOptions(): RetryOptions {
    const { clock, random } = this.#runtime;
    return { attempts: 4, ...(clock && { clock }), ...(random && { random }) };
  }

  async #attempt<T>(
    request: S3Request & { readonly bodyHash: string },
    signal: AbortSignal | undefined,
    read: ReadAnswer<T>,
  ): Promise<T | undefined> {
    const { operation, method, body, absent = [] } = request;
    const credentials = await this.#credentials(operation, signal);
    const signed = await this.#sign(request, credentials);
    const { accessKeyId, secretAccessKey, sessionToken = secretAccessKey } = credentials;
    const refused = (refusal: Refusal) => this.failures.refused(operation, refusal, [secretAccessKey, sessionToken, accessKeyId]);
    signal?.throwIfAborted();
    try {
      const response = await this.#fetch(signed.url.href, {
        method,
        headers: signed.headers,
        // Followed, a redirect would take the signature and the session token to a host that nobody has named.
        redirect: "manual",
        credentials: "omit",
        cache: "no-store",
        ...(body && { body: body as Uint8Array<ArrayBuffer> }),
        ...(signal && { signal }),
      });
      if (response.ok) return await read(response, refused);
      const refusal = await this.#refusal(response);
      if (absent.includes(refusal.code)) return undefined;
      throw refused(refusal);
    } catch (error) {
      signal?.throwIfAborted();
      throw ModelwrightError.is(error) ? error : this.failures.unreachable(operation, error);
    }
  }

  async #refusal(response: Response): Promise<Refusal> {
    const { status, type, headers } = response;
    if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
      await response.body?.cancel();
      const region = headers.get("x-amz-bucket-region") ?? "";
      const text = "the server sends the request to another place";
      const where = /^[a-z0-9-]{1,64}$/.test(region) ? `; the bucket's region is ${region}` : "";
      return { status, code: "PermanentRedirect", text: text + where };
    }
    return refusalOf(status, await boundedText(response, MAX_ERROR_BYTES));
  }

  async #credentials(operation: string, signal: AbortSignal | undefined): Promise<S3Credentials> {
    const { credentials } = this.#options;
    if (typeof credentials !== "function") return credentials;
    let answered: unknown;
    try {
      // One that never answers must not keep the store from closing once the call has given up.
      answered = await (signal === undefined ? credentials() : raceAbort(signal, credentials));
    } catch (cause) {
      signal?.throwIfAborted();
      throw this.failures.failed(operation, "the function for the credentials failed; see the cause", { cause });
    }
    return parseOptions(answeredCredentialsSchema, answered, "the credentials of s3");
  }

  async #sign(
    request: S3Request & { readonly bodyHash: string },
    credentials: S3Credentials,
  ): Promise<{ url: URL; headers: Headers }> {
    const { method, key, query = [], headers, bodyHash } = request;
    this.#lib ??= await peer<Aws4FetchLibrary>("aws4fetch", this.#options.lib, () => import("aws4fetch"));
    const { AwsV4Signer } = this.#lib;
    const { clock = systemClock } = this.#runtime;
    const search = query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
    const { sessionToken, ...keys } = credentials;
    const signer = new AwsV4Signer({
      ...keys,
      ...(sessionToken !== undefined && { sessionToken }),
      method,
      url: `${this.#url}${key === undefined ? "/" : `/${key}`}${search && `?${search}`}`,
      headers: { ...headers, "x-amz-content-sha256": bodyHash },
      service: "s3",
      region: this.#options.region,
      datetime: new Date(clock.now()).toISOString().replace(/[:-]|\.\d{3}/g, ""),
    });
    return signer.sign();
  }
}
