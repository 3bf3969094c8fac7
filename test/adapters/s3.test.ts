import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyObject } from "../../src/adapters/s3/copy-object.ts";
import { type S3Fetch, type S3Options, s3 } from "../../src/adapters/s3/index.ts";
import { S3Bucket } from "../../src/adapters/s3/s3-bucket.ts";
import { S3Client } from "../../src/adapters/s3/s3-client.ts";
import { optionsSchema } from "../../src/adapters/s3/s3-options.ts";
import { type Digest, sha256 } from "../../src/core/digest.ts";
import { Limiter } from "../../src/core/limiter.ts";
import { parseOptions } from "../../src/core/options.ts";
import { blobStoreConformance } from "../../src/testing/conformance/blob-store.ts";
import { all } from "../all.ts";
import { requirement } from "../requirement.ts";
import { type S3Server, startS3, withoutS3 } from "./fixtures/s3-server.ts";

const onS3 = await requirement("OpenStack Swift", withoutS3);
const MIB = 1 << 20;
const hello = new TextEncoder().encode("hello");
/** Waits between tries last no time. */
const atOnce = { random: { next: () => 0, uint32: () => 0 } };

onS3("s3 on OpenStack Swift", () => {
  let server: S3Server;
  let stores = 0;
  beforeAll(async () => {
    server = await startS3();
  }, 60_000);
  afterAll(() => server?.[Symbol.asyncDispose]());

  /** A prefix that nobody else uses. */
  const fresh = () => `store-${++stores}/`;
  /** With the smallest parts that there are. */
  const open = (options: Partial<S3Options> = {}) =>
    s3({ ...server.options, prefix: fresh(), partSizeBytes: 5 * MIB, ...options }, atOnce);
  const keyOf = (prefix: string, digest: Digest) => `${prefix}sha256/${digest.slice(7, 9)}/${digest.slice(9)}`;

  blobStoreConformance({ describe, it, expect }, () => open(), {
    damage: async (store, digest) => {
      const prefix = `${store.name.slice("s3:models/".length)}/`;
      await server.send("PUT", `/models/${keyOf(prefix, digest)}`, new TextEncoder().encode("damaged"));
    },
  });

  /** Bytes in chunks whose array is used again, and their digest. */
  function large(sizeBytes: number, chunkBytes = 100_003): { content: AsyncIterable<Uint8Array>; digest: Digest } {
    const block = new Uint8Array(chunkBytes);
    const fill = (at: number) => block.fill((at / chunkBytes) % 251).subarray(0, Math.min(chunkBytes, sizeBytes - at));
    const hash = createHash("sha256");
    for (let at = 0; at < sizeBytes; at += chunkBytes) hash.update(fill(at));
    async function* content(): AsyncGenerator<Uint8Array, void> {
      for (let at = 0; at < sizeBytes; at += chunkBytes) yield fill(at);
    }
    return { content: content(), digest: `sha256:${hash.digest("hex")}` };
  }

  /** Counts the bytes of a blob, which `stream` compares with its digest. */
  async function sizeOf(store: ReturnType<typeof s3>, digest: Digest): Promise<number> {
    let sizeBytes = 0;
    for await (const chunk of store.stream(digest)) sizeBytes += chunk.length;
    return sizeBytes;
  }

  /** Passes requests on and keeps their methods and paths without the host. */
  function recording(requests: string[]): S3Fetch {
    return (url, init) => {
      const { pathname, search } = new URL(url);
      requests.push(`${init.method} ${pathname.slice("/models/".length)}${search}`.replace(/uploadId=[^&]+/, "uploadId"));
      return fetch(url, init);
    };
  }

  describe("a stream of 10 MiB", { timeout: 60_000 }, () => {
    const sizeBytes = 10 * MIB + 7;

    it("goes up in parts to a temporary key, is copied to its own, and leaves no other object", async () => {
      const prefix = fresh();
      const requests: string[] = [];
      await using store = open({ prefix, fetch: recording(requests) });
      const { content, digest } = large(sizeBytes);
      expect(await store.put(content)).toEqual({ digest, sizeBytes });
      expect(await server.keys(prefix)).toEqual([keyOf(prefix, digest)]);
      expect(await sizeOf(store, digest)).toBe(sizeBytes);
      expect((await store.get(digest)).length).toBe(sizeBytes);
      const parts = requests.filter((request) => request.includes("partNumber"));
      // Two are in flight, so that they may arrive in another order.
      expect(parts.map((request) => /partNumber=(\d+)/.exec(request)![1]).sort()).toEqual(["1", "2", "3"]);
      expect(parts.every((request) => request.startsWith(`PUT ${prefix}tmp/`))).toBe(true);
    });

    it("goes up to its own key when its digest is expected, without a copy", async () => {
      const prefix = fresh();
      const requests: string[] = [];
      await using store = open({ prefix, fetch: recording(requests) });
      const { content, digest } = large(sizeBytes);
      expect(await store.put(content, { expected: digest })).toEqual({ digest, sizeBytes });
      expect(requests.filter((request) => !request.includes(keyOf(prefix, digest)))).toEqual([]);
      expect(await sizeOf(store, digest)).toBe(sizeBytes);
    });

    it("leaves nothing when it has another digest than expected", async () => {
      const prefix = fresh();
      await using store = open({ prefix });
      const expected: Digest = `sha256:${"0".repeat(64)}`;
      const { content, digest } = large(sizeBytes);
      await expect(store.put(content, { expected })).rejects.toMatchObject({
        code: "STORE_CORRUPT",
        details: { key: expected, actual: digest },
      });
      expect(await server.keys(prefix)).toEqual([]);
    });

    it("is not sent again when it is stored", async () => {
      const prefix = fresh();
      const requests: string[] = [];
      await using store = open({ prefix, fetch: recording(requests) });
      const { digest } = await store.put(large(sizeBytes).content);
      requests.length = 0;
      expect(await store.put(large(sizeBytes).content, { expected: digest })).toEqual({ digest, sizeBytes });
      // Swift has no checksum of the object, so it is read.
      expect(requests).toEqual([`HEAD ${keyOf(prefix, digest)}`, `GET ${keyOf(prefix, digest)}`]);
      expect(await store.put(large(sizeBytes).content)).toEqual({ digest, sizeBytes });
      expect(await server.keys(prefix)).toEqual([keyOf(prefix, digest)]);
    });

    it("leaves nothing when the producer fails in the middle", async () => {
      const prefix = fresh();
      await using store = open({ prefix });
      const failure = new Error("the upload broke");
      async function* failing(): AsyncGenerator<Uint8Array, void> {
        yield* large(12 * MIB).content;
        throw failure;
      }
      await expect(store.put(failing())).rejects.toBe(failure);
      expect(await server.keys(prefix)).toEqual([]);
    });

    it("leaves nothing when it is aborted in the middle, and is cleaned up before the store is closed", async () => {
      const prefix = fresh();
      const controller = new AbortController();
      const store = open({ prefix });
      const reason = new Error("not needed any more");
      async function* aborting(): AsyncGenerator<Uint8Array, void> {
        yield* large(12 * MIB).content;
        expect(await server.keys(prefix)).toHaveLength(1);
        controller.abort(reason);
        await new Promise(() => {});
      }
      await expect(store.put(aborting(), { signal: controller.signal })).rejects.toBe(reason);
      await store[Symbol.asyncDispose]();
      expect(await server.keys(prefix)).toEqual([]);
    });

    it("leaves nothing when a part cannot be sent", async () => {
      const prefix = fresh();
      const broken: S3Fetch = (url, init) =>
        url.includes("partNumber=2") ? Promise.reject(new TypeError("fetch failed")) : fetch(url, init);
      await using store = open({ prefix, fetch: broken });
      await expect(store.put(large(sizeBytes).content)).rejects.toMatchObject({
        code: "STORE_FAILED",
        details: { operation: "put" },
        retryable: true,
      });
      expect(await server.keys(prefix)).toEqual([]);
    });

    it("leaves nothing when its copy fails after the parts are complete", async () => {
      const prefix = fresh();
      const broken: S3Fetch = (url, init) =>
        new Headers(init.headers).has("x-amz-copy-source") ? Promise.reject(new TypeError("fetch failed")) : fetch(url, init);
      await using store = open({ prefix, fetch: broken });
      await expect(store.put(large(sizeBytes).content)).rejects.toMatchObject({ code: "STORE_FAILED" });
      expect(await server.keys(prefix)).toEqual([]);
    });

    it("goes up although every request fails once on its way and once on its way back", async () => {
      const prefix = fresh();
      const tries = new Map<string, number>();
      const unreliable: S3Fetch = async (url, init) => {
        const request = `${init.method} ${url}`;
        const count = (tries.get(request) ?? 0) + 1;
        tries.set(request, count);
        if (count === 1) throw new TypeError("fetch failed");
        const response = await fetch(url, init);
        if (count > 2) return response;
        await response.body?.cancel();
        return new Response("<Error><Code>SlowDown</Code><Message>Please reduce your rate</Message></Error>", { status: 503 });
      };
      await using store = open({ prefix, fetch: unreliable });
      const { content, digest } = large(sizeBytes);
      expect(await store.put(content, { expected: digest })).toEqual({ digest, sizeBytes });
      await using reliable = open({ prefix });
      expect(await sizeOf(reliable, digest)).toBe(sizeBytes);
    });

    it("is copied in parts where it is larger than one request copies", async () => {
      const prefix = fresh();
      await using store = open({ prefix });
      const { content, digest } = large(sizeBytes);
      await store.put(content);
      const client = new S3Client("s3:models", parseOptions(optionsSchema, server.options, "s3"), {});
      const bucket = new S3Bucket(client, "models");
      const [from, other] = [keyOf(prefix, digest), `${prefix}elsewhere/`];
      const limits = { maxBytes: 6 * MIB, partBytes: 6 * MIB };
      expect(await copyObject(bucket, { from, to: keyOf(other, digest), sizeBytes }, undefined, limits)).toBeUndefined();
      await using copies = open({ prefix: other });
      expect(await sizeOf(copies, digest)).toBe(sizeBytes);
      await expect(
        copyObject(bucket, { from: `${prefix}no`, to: `${prefix}x`, sizeBytes }, undefined, limits),
      ).rejects.toMatchObject({
        code: "STORE_FAILED",
        message: expect.stringContaining("NoSuchKey"),
      });
      expect((await server.keys(prefix)).length).toBe(2);
    });
  });

  it("sends bytes in one request, and nothing when they are stored", async () => {
    const prefix = fresh();
    const requests: string[] = [];
    await using store = open({ prefix, fetch: recording(requests) });
    const { digest } = await store.put(hello);
    const key = keyOf(prefix, digest);
    expect(requests).toEqual([`HEAD ${key}`, `PUT ${key}`]);
    requests.length = 0;
    async function* stream(): AsyncGenerator<Uint8Array, void> {
      yield hello;
    }
    await store.put(stream());
    expect(requests).toEqual([`HEAD ${key}`, `GET ${key}`]);
  });

  it("needs no read to see that bytes are stored where the server knows their SHA-256", async () => {
    const requests: string[] = [];
    const known = Buffer.from(createHash("sha256").update(hello).digest()).toString("base64");
    let answered = known;
    const record = recording(requests);
    const withChecksum: S3Fetch = async (url, init) => {
      const response = await record(url, init);
      if (init.method !== "HEAD" || !response.ok) return response;
      const headers = new Headers(response.headers);
      headers.set("x-amz-checksum-sha256", answered);
      return new Response(null, { headers });
    };
    await using store = open({ fetch: withChecksum });
    await store.put(hello);
    requests.length = 0;
    await store.put(hello);
    expect(requests.map((request) => request.split(" ")[0])).toEqual(["HEAD"]);
    answered = Buffer.alloc(32).toString("base64"); // that of other bytes
    requests.length = 0;
    await store.put(hello);
    expect(requests.map((request) => request.split(" ")[0])).toEqual(["HEAD", "PUT"]);
  });

  it("lists more objects than a page has, and no object that a store has not put there", async () => {
    const prefix = fresh();
    await using store = open({ prefix });
    const limiter = new Limiter({ concurrency: 8 });
    const puts = Array.from({ length: 45 }, (_, i) => limiter.run(() => store.put(new Uint8Array([i >> 8, i]))));
    const infos = await Promise.all(puts);
    for (const key of ["sha256/zz/README", "sha256/ab/cd", `sha256/AB/${"0".repeat(62)}`, "tmp/0", "a&b<c>"])
      await server.send("PUT", `/models/${prefix}${encodeURI(key)}`, hello);
    const listed = await all(store.list());
    expect(listed.map(({ digest }) => digest).sort()).toEqual(infos.map(({ digest }) => digest).sort());
  }, 60_000);

  it("shares a bucket with stores of other prefixes", async () => {
    await using one = open();
    await using other = open();
    const { digest } = await one.put(hello);
    expect(await other.stat(digest)).toBeUndefined();
    expect(await all(other.list())).toEqual([]);
    await using whole = open({ prefix: "" });
    expect(whole.name).toBe("s3:models");
    expect((await whole.put(new Uint8Array([1, 2, 3]))).sizeBytes).toBe(3);
    expect(await server.keys("sha256/")).toHaveLength(1);
  });

  it("goes on reading where the connection broke", async () => {
    const prefix = fresh();
    await using writer = open({ prefix });
    const { digest } = await writer.put(large(6 * MIB).content);
    const ranges: (string | null)[] = [];
    const breaking: S3Fetch = async (url, init) => {
      const response = await fetch(url, init);
      if (init.method !== "GET") return response;
      ranges.push(new Headers(init.headers).get("range"));
      if (ranges.length > 3) return response;
      let left = MIB;
      const cut = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          controller.enqueue(chunk.subarray(0, left));
          left -= chunk.length;
          if (left <= 0) controller.error(new TypeError("terminated"));
        },
      });
      const { status, headers } = response;
      return new Response(response.body!.pipeThrough(cut), { status, headers });
    };
    await using store = open({ prefix, fetch: breaking });
    expect((await store.get(digest)).length).toBe(6 * MIB);
    expect(ranges).toHaveLength(4);
    expect(ranges[0]).toBeNull();
    expect(ranges.slice(1).every((range) => /^bytes=\d+-$/.test(range!))).toBe(true);
  });

  it("gives up reading when the connection breaks again and again", async () => {
    const prefix = fresh();
    await using writer = open({ prefix });
    const { digest } = await writer.put(hello);
    const broken: S3Fetch = async (url, init) => {
      const response = await fetch(url, init);
      const body = new ReadableStream({ pull: (controller) => controller.error(new TypeError("terminated")) });
      return init.method === "GET" ? new Response(body, { status: response.status, headers: response.headers }) : response;
    };
    await using store = open({ prefix, fetch: broken });
    await expect(store.get(digest)).rejects.toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining("terminated"),
      retryable: true,
    });
  });

  describe("refuses", () => {
    const secret = "hunter2-hunter2-hunter2";

    it.each([
      ["a wrong secret", { accessKeyId: "test:tester", secretAccessKey: secret }, "SignatureDoesNotMatch"],
      [
        "an unknown key",
        { accessKeyId: "test:nobody", secretAccessKey: secret },
        "InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied",
      ],
    ])("%s on every verb, and repeats no credentials", async (_, credentials, code) => {
      await using store = open({ credentials });
      const digest = await sha256(hello);
      for (const verb of [
        () => store.put(hello),
        () => store.get(digest),
        () => all(store.list()),
        () => all(store.stream(digest)),
      ]) {
        const error = await verb().catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: "STORE_FAILED", retryable: false });
        const text = `${JSON.stringify(error)} ${(error as Error).stack} ${String((error as Error).cause)}`;
        expect(text).not.toContain(secret);
        expect(text).not.toContain(credentials.accessKeyId);
      }
      await expect(store.get(digest)).rejects.toThrow(new RegExp(code));
    });

    it("a bucket that does not exist, and says so", async () => {
      await using store = open({ bucket: "no-such-bucket" });
      await expect(store.put(hello)).rejects.toThrow(/failed to put: NoSuchBucket: .*; create the bucket first/);
      await expect(store.get(await sha256(hello))).rejects.toMatchObject({ code: "STORE_FAILED" });
    });

    it("a body that was changed on its way", async () => {
      const prefix = fresh();
      const changing: S3Fetch = (url, init) =>
        fetch(url, init.method === "PUT" ? { ...init, body: new TextEncoder().encode("hellO") } : init);
      await using store = open({ prefix, fetch: changing });
      await expect(store.put(hello)).rejects.toMatchObject({ code: "STORE_FAILED" });
      expect(await server.keys(prefix)).toEqual([]);
    });
  });

  it("asks a function for the credentials before each request, so that they can be renewed", async () => {
    let asked = 0;
    await using store = open({
      credentials: async () => {
        asked += 1;
        return server.options.credentials;
      },
    });
    const { digest } = await store.put(hello);
    expect(asked).toBe(2);
    expect(await store.get(digest)).toEqual(hello);
  });

  it("closes while a reader has stopped asking in the middle of a large object", async () => {
    const store = open();
    const { digest } = await store.put(large(9 * MIB).content);
    const iterator = store.stream(digest)[Symbol.asyncIterator]();
    await iterator.next();
    await store[Symbol.asyncDispose]();
    await expect(iterator.next()).rejects.toMatchObject({ code: "CLOSED" });
  });
});
