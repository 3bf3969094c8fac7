import { ModelwrightError, messageOf } from "../core/errors.ts";

/** How far a download is. */
export interface DownloadProgress {
  /** Bytes that have arrived, after decompression. */
  readonly loadedBytes: number;
  /** All bytes; undefined where the server does not say, or compresses. */
  readonly totalBytes: number | undefined;
}

/** How a file is downloaded. */
export interface DownloadOptions {
  /** The file, as errors name it. */
  readonly store: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Most bytes of the file. */
  readonly maxBytes: number;
  readonly onProgress: (progress: DownloadProgress) => void;
  readonly signal: AbortSignal | undefined;
  /** `cache` of `fetch`. */
  readonly httpCache: "default" | "no-store";
}

/**
 * The bytes behind a URL.
 *
 * @throws a {@link ModelwrightError} with code `STORE_NOT_FOUND` or `STORE_FAILED`; `signal.reason` when aborted
 */
export async function download(url: URL, options: DownloadOptions): Promise<Uint8Array> {
  const { store, headers, signal, httpCache } = options;
  let response: Response;
  try {
    response = await fetch(url, { headers, cache: httpCache, ...(signal === undefined ? {} : { signal }) });
  } catch (cause) {
    signal?.throwIfAborted();
    throw unreachable(store, cause);
  }
  const reader = response.body?.getReader();
  try {
    checkAnswer(response, store);
    return await readAll(reader, announcedBytes(response), options);
  } catch (error) {
    // Else the connection would stay open for a body that nobody reads. What cancelling says about itself is of no use.
    await reader?.cancel().catch(() => {});
    throw error;
  }
}

async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
  announced: number | undefined,
  { store, maxBytes, onProgress, signal }: DownloadOptions,
): Promise<Uint8Array> {
  if (announced !== undefined && announced > maxBytes) throw tooLarge(store, maxBytes);
  let bytes = allocate(store, announced ?? 0);
  let loadedBytes = 0;
  for (;;) {
    const { done, value } = (await reader?.read().catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw unreachable(store, cause);
    })) ?? { done: true, value: undefined };
    if (done) return loadedBytes === bytes.length ? bytes : bytes.slice(0, loadedBytes);
    const needed = loadedBytes + value.length;
    if (needed > maxBytes) throw tooLarge(store, maxBytes);
    if (needed > bytes.length) {
      const larger = allocate(store, Math.min(maxBytes, Math.max(needed, 2 * bytes.length)));
      larger.set(bytes.subarray(0, loadedBytes));
      bytes = larger;
    }
    bytes.set(value, loadedBytes);
    loadedBytes = needed;
    // The length is that of the compressed file where a browser hides that it is compressed; then more arrives than was announced.
    onProgress({ loadedBytes, totalBytes: announced !== undefined && loadedBytes <= announced ? announced : undefined });
  }
}

function checkAnswer(response: Response, store: string): void {
  const { status, ok } = response;
  // Servers of single-page apps answer their page, with 200, for every path that they do not know.
  const isPage = /^text\/html\b/i.test(response.headers.get("content-type") ?? "");
  if (status === 404 || status === 410 || (ok && isPage)) {
    const given = ok ? "answered a web page" : `answered ${status}`;
    throw new ModelwrightError("STORE_NOT_FOUND", `There is no model at ${store}: the server ${given}; check the URL`, {
      details: { store, key: store },
    });
  }
  if (ok) return;
  throw new ModelwrightError("STORE_FAILED", `${store} could not be loaded: the server answered ${status}`, {
    details: { store, operation: "load" },
    retryable: status === 408 || status === 429 || status >= 500,
  });
}

/** The length that the answer's head states, unless the body is compressed. */
function announcedBytes({ headers }: Response): number | undefined {
  const text = headers.get("content-length");
  return text !== null && /^\d{1,15}$/.test(text) && headers.get("content-encoding") === null ? Number(text) : undefined;
}

function allocate(store: string, length: number): Uint8Array {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new ModelwrightError("STORE_FAILED", `${store} could not be loaded: there is no memory for ${length} bytes`, {
      details: { store, operation: "load" },
      cause,
    });
  }
}

function tooLarge(store: string, maxBytes: number): ModelwrightError<"STORE_FAILED"> {
  const message = `${store} could not be loaded: it is larger than ${maxBytes} bytes; raise maxBytes if it should be`;
  return new ModelwrightError("STORE_FAILED", message, { details: { store, operation: "load" } });
}

function unreachable(store: string, cause: unknown): ModelwrightError<"STORE_FAILED"> {
  const { cause: inner } = cause as { cause?: unknown };
  const reason = inner === undefined ? messageOf(cause) : `${messageOf(cause)} (${messageOf(inner)})`;
  return new ModelwrightError("STORE_FAILED", `${store} could not be loaded: ${reason}`, {
    details: { store, operation: "load" },
    cause,
    retryable: true,
  });
}
