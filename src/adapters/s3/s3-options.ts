import * as z from "zod";
import { passed } from "../../core/options.ts";

/** What signs requests. Never logged, never part of a message. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined;
}

/** Sends a request, as the platform's `fetch` does. */
export type S3Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What is called of the library `aws4fetch`. */
export interface Aws4FetchLibrary {
  readonly AwsV4Signer: new (
    options: S3SignerOptions,
  ) => {
    /** The request with its signature. */
    sign(): Promise<{ readonly url: URL; readonly headers: Headers }>;
  };
}

/** What the signer is given. */
export interface S3SignerOptions {
  method: string;
  url: string;
  headers: HeadersInit;
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  service: string;
  region: string;
  datetime: string;
}

/** Options of {@link s3}. */
export interface S3Options {
  /** An existing bucket. */
  readonly bucket: string;
  /** The service's URL without the bucket, `http:` or `https:`, for example `https://s3.eu-central-1.amazonaws.com`. */
  readonly endpoint: string;
  /** The region that signatures name, for example `eu-central-1`; `auto` on Cloudflare R2, often `us-east-1` elsewhere. */
  readonly region: string;
  /**
   * The credentials, or a function that is asked for them before each request and should keep them as long as they are valid, as the
   * providers of the AWS SDK do.
   */
  readonly credentials: S3Credentials | (() => Promise<S3Credentials> | S3Credentials);
  /** What all keys begin with, ending in `/`: letters, digits and `-_./`. @defaultValue "" */
  readonly prefix?: string | undefined;
  /**
   * Whether the bucket is the first part of the path rather than of the host.
   *
   * @defaultValue false on `amazonaws.com`, for bucket names without a dot; true elsewhere
   */
  readonly pathStyle?: boolean | undefined;
  /**
   * Size of a part of a multipart upload, from 5 MiB to 5 GiB. Of a stream about three parts are in memory; it may have 10 000.
   *
   * @defaultValue 8388608, which is enough for 78 GiB
   */
  readonly partSizeBytes?: number | undefined;
  /** Sends the requests. @defaultValue the platform's `fetch` */
  readonly fetch?: S3Fetch | undefined;
  /** The library, where the host has imported it already. @defaultValue the installed `aws4fetch` */
  readonly lib?: Aws4FetchLibrary | undefined;
}

const MIB = 1 << 20;
/** Bounds of a part that S3 sets, but for the last one. */
const MIN_PART_BYTES = 5 * MIB;
const MAX_PART_BYTES = 5 * 1024 * MIB;

const text = z.string().min(1).max(16_384);

/** Goes into a header. Checked here, because the platform's own error would repeat it. */
const headerText = text.regex(/^[!-~]+$/, "expected printable ASCII characters without spaces");

const credentialsSchema = z.strictObject({
  accessKeyId: headerText,
  secretAccessKey: text,
  sessionToken: headerText.optional(),
});

/** Credentials that the function answered. Providers of AWS answer more than these, for example when they expire. */
export const answeredCredentialsSchema: z.ZodType<S3Credentials> = credentialsSchema.strip();

/**
 * A key is put together from this, a digest and an id, and is never encoded: only characters that mean themselves in a URL, in a
 * signature and in XML.
 */
const prefixSchema = z
  .string()
  .max(512)
  .regex(/^(?:[A-Za-z0-9._-]+\/)*$/, 'expected names of letters, digits and "-_." that each end in "/"')
  .refine((prefix) => !prefix.split("/").some((name) => name === "." || name === ".."), 'expected no part "." or ".."');

const endpointSchema = z.string().superRefine((value, context) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const wrong =
    url === undefined || !["http:", "https:"].includes(url.protocol)
      ? "expected a URL that begins with http:// or https://"
      : url.username !== "" || url.password !== ""
        ? "expected a URL without a user; give the keys as credentials"
        : url.search !== "" || url.hash !== "" || !/^[\w./-]*$/.test(url.pathname)
          ? "expected a URL with a host and at most a plain path"
          : undefined;
  if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong });
});

/** Of {@link S3Options}. */
export const optionsSchema = z.strictObject({
  bucket: z
    .string()
    .regex(/^[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.))+[A-Za-z0-9]$/, "expected the name of a bucket")
    .max(255),
  endpoint: endpointSchema,
  region: z.string().regex(/^[A-Za-z0-9-]{1,64}$/, "expected the name of a region, for example eu-central-1"),
  credentials: z.union(
    [
      passed<Exclude<S3Options["credentials"], S3Credentials>>("a function", (value) => typeof value === "function"),
      credentialsSchema,
    ],
    { error: "expected { accessKeyId, secretAccessKey, sessionToken? } or a function that answers them" },
  ),
  prefix: prefixSchema.default(""),
  pathStyle: z.boolean().optional(),
  partSizeBytes: z
    .int()
    .min(MIN_PART_BYTES)
    .max(MAX_PART_BYTES)
    .default(8 * MIB),
  fetch: passed<S3Fetch>("a function", (value) => typeof value === "function").optional(),
  lib: passed<Aws4FetchLibrary>("the aws4fetch module", isAws4Fetch).optional(),
});

/** {@link S3Options}, checked. */
export type CheckedS3Options = z.output<typeof optionsSchema>;

/** The URL of the bucket, without a slash at its end. */
export function bucketUrl({ endpoint, bucket, pathStyle }: CheckedS3Options): string {
  const url = new URL(endpoint);
  const path = url.pathname.replace(/\/+$/, "");
  const inPath = pathStyle ?? !(/(?:^|\.)amazonaws\.com(?:\.cn)?$/.test(url.hostname) && !bucket.includes("."));
  return inPath ? `${url.origin}${path}/${bucket}` : `${url.protocol}//${bucket}.${url.host}${path}`;
}

function isAws4Fetch(value: unknown): boolean {
  return typeof (value as Partial<Aws4FetchLibrary> | null)?.AwsV4Signer === "function";
}
