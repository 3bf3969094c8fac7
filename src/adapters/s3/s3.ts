import type { CallOptions, Runtime } from "../../core/call.ts";
import { isBytes } from "../../core/chunks.ts";
import { withDeadline } from "../../core/deadline.ts";
import { concatBytes, type Digest, parseDigest, sha256Hasher } from "../../core/digest.ts";
import { ModelwrightError } from "../../core/errors.ts";
import { uuidv7Generator } from "../../core/ids.ts";
import { iterate } from "../../core/iterate.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import { defaultLogger, guarded } from "../../core/logger.ts";
import { parseOptions } from "../../core/options.ts";
import type { BlobInfo, BlobStore } from "../../storage/port.ts";
import { abortable } from "./abortable.ts";
import { objectChunks } from "./object-chunks.ts";
import { S3Bucket } from "./s3-bucket.ts";
import { S3Client } from "./s3-client.ts";
import { optionsSchema, type S3Options } from "./s3-options.ts";
import { S3Writer } from "./s3-writer.ts";

/** Whether SHA-256 is computed as bytes come (Node); WebCrypto takes them all at once, so they are kept for it. */
const hashesStreams =
  typeof (globalThis as { process?: { getBuiltinModule?: unknown } }).process?.getBuiltinModule === "function";

/**
 * A {@link BlobStore} in a bucket of S3, or of a service that speaks its protocol, through the peer `aws4fetch`.
 *
 * A blob is the object `<prefix>sha256/ab/cdef…`. `put` of what is stored already sends nothing: it compares the server's SHA-256 of
 * the object, or reads the object where the server has none. A stream that does not fit into one part goes up in parts; where its
 * digest is not given as `expected`, to `<prefix>tmp/<id>`, from where the server copies it to its key. A process that is killed
 * meanwhile leaves parts or that object behind: give the bucket lifecycle rules that abort incomplete uploads and expire
 * `<prefix>tmp/` after a day.
 *
 * Bytes that are read are compared with their digest. Bytes that are sent are part of the signature. Requests are tried up to four
 * times when the network or the server fails; reading goes on where a connection broke. `delete` looks first, so of two that delete
 * at once both may answer true. In `stream` and `list` the `timeoutMs` of the call limits each step. Without the permission
 * `s3:ListBucket`, S3 refuses to say that an object does not exist, and `STORE_FAILED` comes in place of `STORE_NOT_FOUND`.
 *
 * In a browser, the bucket needs CORS rules for the methods GET, HEAD, PUT, POST and DELETE, all headers, and the exposed headers
 * `ETag` and `x-amz-checksum-sha256`; never ship lasting credentials to one.
 *
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID`; the first call that sends throws `MISSING_PEER` when the library is
 * not installed
 * @example
 * ```ts
 * import { s3 } from "modelwright/s3";
 *
 * await using blobs = s3({
 *   bucket: "models",
 *   endpoint: "https://s3.eu-central-1.amazonaws.com",
 *   region: "eu-central-1",
 *   credentials: { accessKeyId: "AKIA…", secretAccessKey: "…" },
 *   prefix: "prod/",
 * });
 * const { digest } = await blobs.put(new TextEncoder().encode("hello"));
 * const bytes = await blobs.get(digest);
 * ```
 */
export function s3(options: S3Options, runtime: Pick<Runtime, "clock" | "random" | "logger"> = {}): BlobStore {
  const checked = parseOptions(optionsSchema, options, "s3");
  const { prefix, partSizeBytes } = checked;
  const { clock, random } = runtime;
  const name = `s3:${checked.bucket}${prefix && `/${prefix.slice(0, -1)}`}`;
  const client = new S3Client(name, checked, runtime);
  const { failures } = client;
  const bucket = new S3Bucket(client, checked.bucket);
  const nextId = uuidv7Generator({ ...(clock && { clock }), ...(random && { random }) });
  const keyOf = (digest: Digest) => `${prefix}sha256/${digest.slice(7, 9)}/${digest.slice(9)}`;
  // Of iterations that were begun and dropped without an end; nobody else would end their requests.
  const iterations = new Set<AbortController>();
  const lifecycle = new Lifecycle(`Blob store ${name}`, () => {
    for (const controller of iterations) controller.abort();
  });
  const writer = new S3Writer({
    store: name,
    bucket,
    failures,
    logger: guarded(runtime.logger ?? defaultLogger),
    clock,
    partSizeBytes,
    keyOf,
    temporaryKey: () => `${prefix}tmp/${nextId()}`,
    intact,
  });

  const running = <T>(call: CallOptions | undefined, work: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> =>
    // In this order a call that gives up early still counts as running until it has cleaned up.
    withDeadline(call, (signal) => lifecycle.run(() => work(signal)), clock);

  return {
    spec: "blob/1",
    name,
    capabilities: { streaming: hashesStreams, durable: true },

    put: (content, call) =>
      running(call, (signal) =>
        isBytes(content) ? writer.putBytes(content, call?.expected, signal) : writer.put(content, call?.expected, signal),
      ),

    get: (digest, call) =>
      running(call, async (signal) => {
        let whole: Uint8Array | undefined;
        const parts: Uint8Array[] = [];
        let sizeBytes = 0;
        const begun = (announced: number | undefined) => {
          if (announced !== undefined) whole = allocate(announced);
        };
        for await (const chunk of read("get", parseDigest(digest), { verify: call?.verify !== false, begun }, signal)) {
          sizeBytes += chunk.length;
          if (whole === undefined) parts.push(chunk);
          else if (sizeBytes <= whole.length) whole.set(chunk, sizeBytes - chunk.length);
          else throw failures.failed("get", `the object is longer than the ${whole.length} bytes that the server announced`);
        }
        return whole?.subarray(0, sizeBytes) ?? concatBytes(parts);
      }),

    stream: (digest, call) =>
      iterate(
        abortable(iterations, (signal) => streamed(digest, signal)),
        (next) => running(call, next),
      ),

    stat: (digest, call) =>
      running(call, async (signal) => {
        const known = parseDigest(digest);
        const info = await bucket.head("stat", keyOf(known), signal);
        return info === undefined ? undefined : { digest: known, sizeBytes: info.sizeBytes };
      }),

    delete: (digest, call) =>
      running(call, async (signal) => {
        const key = keyOf(parseDigest(digest));
        if ((await bucket.head("delete", key, signal)) === undefined) return false;
        await bucket.delete("delete", key, signal);
        return true;
      }),

    list: (call) => iterate(abortable(iterations, infos), (next) => running(call, next)),

    [Symbol.asyncDispose]: () => lifecycle.close(),
  };

  async function* read(
    operation: string,
    digest: Digest,
    { verify, begun }: { readonly verify: boolean; readonly begun?: (sizeBytes: number | undefined) => void },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void> {
    const hasher = verify ? sha256Hasher() : undefined;
    const source = objectChunks({ bucket, failures, operation, key: keyOf(digest) }, signal, begun);
    let found = false;
    try {
      for (;;) {
        const item = await source.next();
        if (item.done) {
          found = item.value;
          break;
        }
        hasher?.update(item.value);
        yield item.value;
      }
    } finally {
      await source.return(true);
    }
    if (!found) {
      throw new ModelwrightError("STORE_NOT_FOUND", `${name} holds no blob ${digest}; put it first`, {
        details: { store: name, key: digest },
      });
    }
    const actual = (await hasher?.digest()) ?? digest;
    if (actual === digest) return;
    const message = `${name} holds damaged bytes under ${digest} (found: ${actual}); put the content again to repair it, or delete it`;
    throw new ModelwrightError("STORE_CORRUPT", message, { details: { store: name, key: digest, actual } });
  }

  async function* streamed(digest: Digest, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    yield* read("stream", parseDigest(digest), { verify: true }, signal);
  }

  async function intact(digest: Digest, sizeBytes: number | undefined, signal: AbortSignal | undefined): Promise<boolean> {
    const info = await bucket.head("put", keyOf(digest), signal);
    if (info === undefined || (sizeBytes !== undefined && info.sizeBytes !== sizeBytes)) return false;
    if (info.digest !== undefined) return info.digest === digest;
    try {
      for await (const _ of read("put", digest, { verify: true }, signal)) signal?.throwIfAborted();
      return true;
    } catch (error) {
      signal?.throwIfAborted();
      if (ModelwrightError.is(error, "STORE_CORRUPT") || ModelwrightError.is(error, "STORE_NOT_FOUND")) return false;
      throw error;
    }
  }

  async function* infos(signal: AbortSignal): AsyncGenerator<BlobInfo, void> {
    const root = `${prefix}sha256/`;
    let token: string | undefined;
    // A token that comes again at any distance is seen, with one kept (R. P. Brent, BIT 20 (1980), doi:10.1007/BF01933190).
    let kept: string | undefined;
    let pages = 0;
    do {
      const page = await bucket.list(root, token, signal);
      for (const { key, sizeBytes } of page.objects) {
        const [, shard, rest] = /^([0-9a-f]{2})\/([0-9a-f]{62})$/.exec(key.slice(root.length)) ?? [];
        // Anything else was not put there by a store.
        if (shard !== undefined && key.startsWith(root)) yield { digest: `sha256:${shard}${rest}`, sizeBytes };
      }
      token = page.next;
      if (token !== undefined && token === kept) throw failures.failed("list", "the server goes round in circles");
      pages += 1;
      if ((pages & (pages - 1)) === 0) kept = token;
    } while (token !== undefined);
  }

  function allocate(sizeBytes: number): Uint8Array {
    try {
      return new Uint8Array(sizeBytes);
    } catch (cause) {
      throw failures.failed("get", `the object of ${sizeBytes} bytes does not fit into memory; use stream`, { cause });
    }
  }
}
