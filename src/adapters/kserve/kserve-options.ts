import * as z from "zod";
import { parseOptions, passed } from "../../core/options.ts";

/** Sends a request, as the platform's `fetch` does. */
export type KServeFetch = (url: string, init: RequestInit) => Promise<Response>;

/** Headers of every request, by name. Their values are never logged and never part of a message. */
export type KServeHeaders = Readonly<Record<string, string>>;

/** Options of {@link kserve}. */
export interface KServeOptions {
  /**
   * The server's URL, `http:` or `https:`, up to what stands before `/v2`: `https://ml.example.com` or
   * `https://ml.example.com/serving/fraud`.
   */
  readonly url: string;
  /** Name of the model on the server. @defaultValue the name under which the session knows the model */
  readonly model?: string | undefined;
  /** Version of the model on the server. @defaultValue the one that the server chooses, which may change while the model is in use */
  readonly version?: string | number | undefined;
  /** Shown in errors, and as `session.provider`. @defaultValue `kserve/` and the host of the URL */
  readonly name?: string | undefined;
  /**
   * What every request carries beside the protocol's own headers, such as `authorization`; or a function that is asked for it before
   * each request, which should keep a token as long as it is valid.
   */
  readonly headers?: KServeHeaders | (() => Promise<KServeHeaders> | KServeHeaders) | undefined;
  /**
   * How tensors travel. `binary` is exact and several times as fast; the server must know the extension. `json` has no 16-bit floats,
   * no NaN and no infinities.
   *
   * @defaultValue `auto`: binary when the server says that it knows the extension `binary_tensor_data`, else JSON
   */
  readonly tensors?: "auto" | "binary" | "json" | undefined;
  /** Requests that are on their way at once, at least 1; on HTTP/1.1 each has a connection. Further ones wait. @defaultValue 8 */
  readonly concurrency?: number | undefined;
  /** Tries of a request in all, at least 1, where the failure may pass. @defaultValue 3 */
  readonly attempts?: number | undefined;
  /**
   * Longest time that one try may take, ms; then it counts as a failure that may pass. The caller's own limit counts beside it, for all
   * tries together.
   *
   * @defaultValue 60000
   */
  readonly attemptTimeoutMs?: number | undefined;
  /** Requests longer than this are compressed with gzip. @defaultValue none is */
  readonly compressAboveBytes?: number | undefined;
  /**
   * Whether the server may compress what it answers. It then compresses every answer, which pays on a slow line only. In browsers, the
   * browser decides.
   *
   * @defaultValue false
   */
  readonly compressedAnswers?: boolean | undefined;
  /** Longest answer that is read, in bytes, after decompression. @defaultValue 268435456, which is 256 MiB */
  readonly maxResponseBytes?: number | undefined;
  /** Sends the requests, for a proxy or for certificates of your own. @defaultValue the platform's `fetch` */
  readonly fetch?: KServeFetch | undefined;
}

const urlSchema = z.string().superRefine((value, context) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const wrong =
    url === undefined || !["http:", "https:"].includes(url.protocol)
      ? "expected a URL that begins with http:// or https://"
      : url.username !== "" || url.password !== ""
        ? "expected a URL without a user; give a token in headers"
        : url.search !== "" || url.hash !== "" || !/^[\w./~-]*$/.test(url.pathname)
          ? "expected a URL with a host and at most a plain path"
          : undefined;
  if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong });
});

/** Goes into a path, percent-encoded. A part of dots alone would climb; a lone surrogate has no encoding. */
const pathPart = z
  .string()
  .min(1)
  .max(512)
  .refine((text) => text !== "." && text !== ".." && !/\p{Surrogate}/u.test(text), "expected the name of a model or version");

const ours = [
  "accept",
  "accept-encoding",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "host",
  "inference-header-content-length",
  "transfer-encoding",
];

/** Checked here, because the platform's own errors would repeat the value. */
const headersSchema = z.record(
  z
    .string()
    .max(256)
    .regex(/^[!#$%&'*+.^_`|~\w-]+$/, "expected the name of a header")
    .refine((name) => !ours.includes(name.toLowerCase()), "expected a header that the adapter does not set itself"),
  z
    .string()
    .max(65_536)
    .regex(/^[\t\x20-\x7e]*$/, "expected printable ASCII characters"),
);

const optionsSchema = z.strictObject({
  url: urlSchema,
  model: pathPart.optional(),
  version: z.union([pathPart, z.int().min(1)], { error: "expected a name or a positive integer" }).optional(),
  name: z.string().min(1).max(256).optional(),
  headers: z
    .union(
      [passed<() => Promise<KServeHeaders> | KServeHeaders>("a function", (value) => typeof value === "function"), headersSchema],
      { error: "expected printable headers that the adapter does not set itself, or a function that answers them" },
    )
    .default({}),
  tensors: z.enum(["auto", "binary", "json"]).default("auto"),
  concurrency: z.int().min(1).max(10_000).default(8),
  attempts: z.int().min(1).max(100).default(3),
  attemptTimeoutMs: z.number().positive().default(60_000),
  compressAboveBytes: z.number().min(0).optional(),
  compressedAnswers: z.boolean().default(false),
  maxResponseBytes: z
    .int()
    .min(1024)
    .default(256 * 1024 * 1024),
  fetch: passed<KServeFetch>("a function", (value) => typeof value === "function").optional(),
});

/** {@link KServeOptions}, checked. */
export type CheckedKServeOptions = z.output<typeof optionsSchema>;

/** @throws a `ModelwrightError` with code `CONFIG_INVALID` that lists every issue and repeats no header */
export function parseKServeOptions(options: unknown): CheckedKServeOptions {
  return parseOptions(optionsSchema, options, "kserve");
}

/** Headers that the function answered. @throws a `ModelwrightError` with code `CONFIG_INVALID` that repeats no value */
export function parseAnsweredHeaders(headers: unknown): KServeHeaders {
  return parseOptions(headersSchema, headers, "the headers of kserve");
}

/** Whether `text` may name a model in a path. */
export function isPathPart(text: string): boolean {
  return pathPart.safeParse(text).success;
}

/** The URL without a slash at its end. */
export function baseUrl(options: CheckedKServeOptions): string {
  const { origin, pathname } = new URL(options.url);
  return origin + pathname.replace(/\/+$/, "");
}
