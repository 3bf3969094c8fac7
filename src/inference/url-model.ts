import * as z from "zod";
import type { CallOptions, Runtime } from "../core/call.ts";
import { withDeadline } from "../core/deadline.ts";
import { type Digest, isDigest, sha256Hasher } from "../core/digest.ts";
import { ModelwrightError } from "../core/errors.ts";
import { defaultLogger, guarded, type Logger } from "../core/logger.ts";
import type { LoadedModel, ModelSource } from "../core/model.ts";
import { invalidConfig, parseOptions, passed } from "../core/options.ts";
import { type DownloadProgress, download } from "./download.ts";
import { type FileCache, fileCache } from "./file-cache.ts";

/** Options of {@link urlModel}. */
export interface UrlModelOptions {
  /** What the bytes must be. Anything else is refused. @defaultValue not checked */
  readonly digest?: Digest | undefined;
  /**
   * What the model's other files must be, by their path relative to the model. With `digest` a file that is not listed is refused:
   * weights that anyone may change would make the model's own digest worthless.
   *
   * @defaultValue no digests
   */
  readonly companions?: Readonly<Record<string, Digest>> | undefined;
  /**
   * `auto`: files with a digest are kept in the browser's Cache API, where there is one, and are not downloaded again. `false`: every
   * load downloads.
   *
   * @defaultValue "auto"
   */
  readonly cache?: "auto" | false | undefined;
  /** Most bytes of one file. @defaultValue 2 GiB */
  readonly maxBytes?: number | undefined;
  /** Told after each part that arrives, and once for a file that comes from the cache. What it throws is logged. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Headers of the requests, for example `authorization`. Where the server redirects, they go along as `fetch` decides. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

const digest = passed<Digest>("sha256: and 64 lower-case hexadecimal digits", (value) => isDigest(value as string));
const optionsSchema = z.strictObject({
  digest: digest.optional(),
  companions: z.record(z.string(), digest).default({}),
  cache: z.union([z.literal("auto"), z.literal(false)]).default("auto"),
  maxBytes: z
    .int()
    .min(1)
    .default(2 * 1024 ** 3),
  onProgress: passed<(progress: DownloadProgress) => void>("a function", (value) => typeof value === "function").optional(),
  headers: z.record(z.string(), z.string()).default({}),
});

/** What loading one file needs. */
interface Download {
  readonly options: z.output<typeof optionsSchema>;
  readonly cache: FileCache | undefined;
  readonly logger: Logger;
}

/**
 * A {@link ModelSource} that downloads a model with `fetch`, in a browser or in Node. Each `load` downloads, unless the model has a
 * digest and is in the browser's cache; what comes from there is verified, and downloaded again when it is damaged.
 *
 * External weights are fetched relative to the model's URL, from its folder and nowhere else. The query of the model's URL is not
 * sent with them, nor shown in errors, because it may hold a signature.
 *
 * `load` rejects with `STORE_NOT_FOUND` when the server has no such file, or answers a web page in its place; with `STORE_FAILED`,
 * retryable, when it cannot be reached or is in trouble; with `STORE_FAILED` when it refuses or the file is larger than `maxBytes`;
 * with `STORE_CORRUPT` when the bytes do not have the digest.
 *
 * @param url - of the ONNX file; `http:` or `https:`. A relative one counts from the page
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID`
 * @example
 * ```ts
 * import { InferenceSession, urlModel } from "modelwright/inference";
 * import { onnxWeb } from "modelwright/onnx-web";
 *
 * const model = urlModel("https://models.example.com/fraud.onnx", {
 *   digest: "sha256:b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
 *   onProgress: ({ loadedBytes, totalBytes }) => console.log(loadedBytes, totalBytes),
 * });
 * await using session = await InferenceSession.open({ model, providers: [onnxWeb({ wasmPaths: "/ort/" })] });
 * ```
 */
export function urlModel(
  url: string | URL,
  options: UrlModelOptions = {},
  { logger = defaultLogger }: Pick<Runtime, "logger"> = {},
): ModelSource {
  const target = parseUrl(url);
  const parsed = parseOptions(optionsSchema, options, "urlModel");
  const log = guarded(logger);
  const from: Download = { options: parsed, cache: parsed.cache === "auto" ? fileCache(log) : undefined, logger: log };
  const load = async (signal: AbortSignal | undefined): Promise<LoadedModel> => {
    const { bytes, digest } = await file(target, parsed.digest, from, signal);
    return { identity: { digest }, bytes, companion: (path, call) => companion(target, path, from, call) };
  };
  return { spec: "model-source/1", name: shown(target), load: (call) => withDeadline(call, load) };
}

function companion(model: URL, path: string, from: Download, call: CallOptions | undefined): Promise<Uint8Array> {
  return withDeadline(call, async (signal) => {
    const { digest, companions } = from.options;
    const plain = plainPath(model, path);
    const expected = Object.hasOwn(companions, plain) ? companions[plain] : undefined;
    if (digest !== undefined && expected === undefined) {
      const message = `expected the digest of ${JSON.stringify(plain)}, which the model loads`;
      throw invalidConfig("urlModel", [{ path: ["companions"], message }]);
    }
    const target = new URL(plain.split("/").map(encodeURIComponent).join("/"), new URL(".", model));
    return (await file(target, expected, from, signal)).bytes;
  });
}

/** One file, from the cache or the server. The digest is that of the very bytes that are answered. */
async function file(
  url: URL,
  expected: Digest | undefined,
  { options, cache, logger }: Download,
  signal: AbortSignal | undefined,
): Promise<{ readonly bytes: Uint8Array; readonly digest: Digest }> {
  const onProgress = (progress: DownloadProgress) => {
    try {
      options.onProgress?.(progress);
    } catch (error) {
      logger.error("A listener of a download's progress failed", { error });
    }
  };
  const kept = expected === undefined ? undefined : cache;
  const cached = await kept?.read(expected!, options.maxBytes);
  signal?.throwIfAborted();
  if (cached !== undefined) {
    if ((await digestOf(cached)) === expected) {
      onProgress({ loadedBytes: cached.length, totalBytes: cached.length });
      return { bytes: cached, digest: expected };
    }
    logger.warn("A cached model was damaged; it is downloaded again", { url: shown(url), digest: expected });
    await kept?.drop(expected!);
  }
  const store = shown(url);
  const bytes = await download(url, {
    store,
    headers: options.headers,
    maxBytes: options.maxBytes,
    onProgress,
    signal,
    // Kept here, a second copy in the browser's HTTP cache would only take space; and that may be older than the digest.
    httpCache: kept === undefined ? "default" : "no-store",
  });
  const actual = await digestOf(bytes);
  if (expected !== undefined && actual !== expected) {
    throw new ModelwrightError(
      "STORE_CORRUPT",
      `${store} has the digest ${actual}, not ${expected}; check which file is served`,
      {
        details: { store, key: expected, actual },
      },
    );
  }
  await kept?.write(actual, bytes);
  signal?.throwIfAborted();
  return { bytes, digest: actual };
}

/** In pieces: Node's hash takes no more than 2 GiB at once. */
async function digestOf(bytes: Uint8Array): Promise<Digest> {
  const hasher = sha256Hasher();
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) hasher.update(bytes.subarray(at, at + PIECE_BYTES));
  return hasher.digest();
}

const PIECE_BYTES = 1 << 28;

function parseUrl(url: string | URL): URL {
  const invalid = (message: string) => invalidConfig("urlModel", [{ path: ["url"], message }]);
  const page = (globalThis as { location?: { href?: string } }).location?.href;
  const parsed = URL.canParse(String(url), page) ? new URL(String(url), page) : undefined;
  if (parsed === undefined) throw invalid("expected an absolute URL, or in a browser one relative to the page");
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") {
    const hint = parsed.protocol === "file:" ? "; for a file, pass fileModel(url) of modelwright/fs" : "";
    throw invalid(`expected http: or https:, but got ${parsed.protocol}${hint}`);
  }
  if (parsed.username !== "" || parsed.password !== "") throw invalid("expected no credentials; pass them in headers");
  parsed.hash = "";
  return parsed;
}

/** The path of another file in the folder of the model, or below it, without the parts that mean nothing, as in `./weights.bin`. */
function plainPath(model: URL, path: string): string {
  const parts = typeof path === "string" ? path.split("/").filter((part, i) => part !== "." && (part !== "" || i === 0)) : [];
  if (parts.length > 0 && !parts.some((part) => /^[. ]*$/.test(part) || part.includes("\\"))) return parts.join("/");
  const reason = `${JSON.stringify(String(path).slice(0, 200))} is no plain path inside the folder of the model`;
  throw new ModelwrightError("MODEL_INVALID", `${shown(model)} cannot be loaded: ${reason}`, { details: { reason } });
}

/** Without the query, which may hold a signature. */
function shown({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}
