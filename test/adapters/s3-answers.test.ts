import { createHash } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { type S3Fetch, type S3Options, s3 } from "../../src/adapters/s3/index.ts";
import type { Digest } from "../../src/core/digest.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { all } from "../all.ts";

/** Waits between tries last no time. */
const atOnce = { random: { next: () => 0, uint32: () => 0 } };

describe("s3", () => {
  const valid = {
    bucket: "models",
    endpoint: "https://s3.eu-central-1.amazonaws.com",
    region: "eu-central-1",
    credentials: { accessKeyId: "key", secretAccessKey: "hunter2-hunter2" },
  };
  const digest: Digest = `sha256:${"ab".repeat(32)}`;

  it.each([
    ["a bucket with a slash", { bucket: "a/b" }],
    ["a bucket that climbs", { bucket: "a..b" }],
    ["an endpoint of another scheme", { endpoint: "file:///etc/passwd" }],
    ["an endpoint without a scheme", { endpoint: "s3.example.com" }],
    ["an endpoint with a user", { endpoint: "https://user:pass@s3.example.com" }],
    ["an endpoint with a query", { endpoint: "https://s3.example.com/?x=1" }],
    ["a region with a slash", { region: "eu/central" }],
    ["a prefix without its slash", { prefix: "prod" }],
    ["a prefix that begins with a slash", { prefix: "/prod/" }],
    ["a prefix that climbs", { prefix: "prod/../" }],
    ["a prefix that needs encoding", { prefix: "a b/" }],
    ["parts smaller than S3 takes", { partSizeBytes: 1000 }],
    ["credentials without a secret", { credentials: { accessKeyId: "key" } }],
    ["another library", { lib: {} }],
    ["an unknown option", { secretAccessKey: "hunter2-hunter2" }],
  ])("refuses %s and repeats no secret", (_, wrong) => {
    expect(() => s3({ ...valid, ...wrong } as never)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(() => s3({ ...valid, ...wrong } as never)).not.toThrow(/hunter2/);
  });

  it.each([
    ["the host on AWS", {}, "https://models.s3.eu-central-1.amazonaws.com/sha256/"],
    ["the path elsewhere", { endpoint: "https://minio.example.com:9000/" }, "https://minio.example.com:9000/models/sha256/"],
    ["the path for a name with a dot", { bucket: "my.models" }, "https://s3.eu-central-1.amazonaws.com/my.models/sha256/"],
    ["the path when it is asked for", { pathStyle: true }, "https://s3.eu-central-1.amazonaws.com/models/sha256/"],
    [
      "the path below that of the endpoint",
      { endpoint: "https://x.example.com/storage/v1/s3" },
      "https://x.example.com/storage/v1/s3/models/sha256/",
    ],
  ])("names the bucket in %s", async (_, options, expected) => {
    const urls: string[] = [];
    const answering: S3Fetch = async (url) => {
      urls.push(url);
      return new Response(null, { status: 404 });
    };
    await using store = s3({ ...valid, ...options, fetch: answering });
    expect(await store.stat(digest)).toBeUndefined();
    expect(urls).toEqual([`${expected}ab/${"ab".repeat(31)}`]);
  });

  it("is opened without I/O and takes the library that the host has imported", async () => {
    const lib = await import("aws4fetch");
    let requests = 0;
    await using store = s3({
      ...valid,
      lib,
      fetch: async (_, init) => {
        requests += 1;
        expect(new Headers(init.headers).get("x-amz-security-token")).toBe("session-token");
        return new Response(null, { status: 404 });
      },
      credentials: () => ({ ...valid.credentials, sessionToken: "session-token" }),
    });
    expect(requests).toBe(0);
    expect(await store.stat(digest)).toBeUndefined();
    expect(requests).toBe(1);
  });

  /** A server that answers everything alike, which no real one does. */
  async function answering(listener: RequestListener): Promise<{ endpoint: string } & AsyncDisposable> {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const close = () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      });
    return { endpoint: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: close };
  }
  const openAt = (endpoint: string, more: Partial<S3Options> = {}) =>
    s3({ ...valid, endpoint, ...more }, { ...atOnce, logger: silentLogger });

  it("follows no redirect, to which it would carry the signature", async () => {
    let followed = 0;
    await using elsewhere = await answering((_, response) => {
      followed += 1;
      response.end();
    });
    await using server = await answering((_, response) => {
      response.writeHead(307, { location: elsewhere.endpoint, "x-amz-bucket-region": "eu-west-3" }).end();
    });
    await using store = openAt(server.endpoint);
    await expect(store.get(digest)).rejects.toThrow(
      "s3:models failed to get: PermanentRedirect: the server sends the request to another place; the bucket's region is eu-west-3; check the region and the endpoint",
    );
    expect(followed).toBe(0);
  });

  it("leaves out what a server echoes of the credentials", async () => {
    const credentials = { ...valid.credentials, accessKeyId: "AKIAEXAMPLE", sessionToken: "session-token" };
    for (const status of [200, 403]) {
      await using server = await answering((request, response) => {
        response.writeHead(status, { "content-type": "application/xml" });
        response.end(
          `<Error><Code>Odd</Code><Message>${request.headers.authorization} ${request.headers["x-amz-security-token"]} hunter2-hunter2</Message></Error>`,
        );
      });
      await using store = openAt(server.endpoint, { credentials });
      const error = (await all(store.list()).catch((thrown: unknown) => thrown)) as Error;
      expect(error.message).toContain("Odd");
      expect(error.message).not.toMatch(/AKIAEXAMPLE|session-token|hunter2/);
    }
  });

  it.each([500, 502, 503, 504, 429])("tries four times when the server answers %i", async (status) => {
    let requests = 0;
    await using server = await answering((_, response) => {
      requests += 1;
      response.writeHead(status).end("<html>");
    });
    await using store = openAt(server.endpoint);
    await expect(store.stat(digest)).rejects.toMatchObject({
      code: "STORE_FAILED",
      message: `s3:models failed to stat: HTTP ${status}`,
      retryable: true,
    });
    expect(requests).toBe(4);
  });

  it("tries four times when nobody answers, and says why", async () => {
    const server = await answering(() => {});
    await server[Symbol.asyncDispose]();
    await using store = openAt(server.endpoint);
    await expect(store.get(digest)).rejects.toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringMatching(/^s3:models failed to get: .*ECONNREFUSED/),
      retryable: true,
    });
  });

  it("gives up a request that is not answered when it is aborted or out of time", async () => {
    await using server = await answering(() => {});
    await using store = openAt(server.endpoint);
    const controller = new AbortController();
    const reason = new Error("not needed any more");
    const getting = store.get(digest, { signal: controller.signal });
    controller.abort(reason);
    await expect(getting).rejects.toBe(reason);
    await expect(store.stat(digest, { timeoutMs: 20 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await expect(all(store.stream(digest, { timeoutMs: 20 }))).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await expect(all(store.list({ timeoutMs: 20 }))).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  });

  it("stops a stream whose server falls silent in the middle, and closes", async () => {
    await using server = await answering((_, response) => {
      response.writeHead(200, { "content-length": "1000000" });
      response.write("x".repeat(1000));
    });
    const store = openAt(server.endpoint);
    await expect(all(store.stream(digest, { timeoutMs: 50 }))).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await store[Symbol.asyncDispose]();
  });

  it("reads no more of an endless error than it needs", async () => {
    let sent = 0;
    await using server = await answering((_, response) => {
      response.writeHead(400);
      const more = () => {
        while (!response.destroyed && sent < 1e9) {
          sent += 65_536;
          if (!response.write("x".repeat(65_536))) return void response.once("drain", more);
        }
      };
      more();
    });
    await using store = openAt(server.endpoint);
    await expect(store.get(digest)).rejects.toThrow("s3:models failed to get: HTTP 400");
    expect(sent).toBeLessThan(20e6);
  });

  it.each([
    ["an entity that expands", '<!DOCTYPE x [<!ENTITY a "aaaa">]><ListBucketResult>&a;</ListBucketResult>'],
    ["an unknown reference", "<ListBucketResult><Prefix>&a;</Prefix></ListBucketResult>"],
    ["elements without an end", "<ListBucketResult>".repeat(100_000)],
    ["another element", "<Other/>"],
    ["no XML", "hello"],
    ["nothing", ""],
    ["a page without a continuation", "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"],
    [
      "an object without a size",
      `<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>sha256/ab/${"ab".repeat(31)}</Key><Size>-1</Size></Contents></ListBucketResult>`,
    ],
  ])("refuses a listing with %s", async (_, xml) => {
    await using server = await answering((_request, response) => {
      response.end(xml);
    });
    await using store = openAt(server.endpoint);
    await expect(all(store.list())).rejects.toMatchObject({
      code: "STORE_FAILED",
      details: { operation: "list" },
      retryable: false,
    });
  });

  it("does not go round in circles when pages continue with themselves", async () => {
    let requests = 0;
    await using server = await answering((_, response) => {
      requests += 1;
      response.end(
        "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>a</NextContinuationToken></ListBucketResult>",
      );
    });
    await using store = openAt(server.endpoint);
    await expect(all(store.list())).rejects.toMatchObject({ code: "STORE_FAILED" });
    expect(requests).toBe(2);
  });

  it("does not go round in circles when pages continue with earlier ones", async () => {
    let requests = 0;
    await using server = await answering((_, response) => {
      requests += 1;
      response.end(
        `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>${requests < 4 ? `first ${requests}` : requests % 3}</NextContinuationToken></ListBucketResult>`,
      );
    });
    await using store = openAt(server.endpoint);
    await expect(all(store.list())).rejects.toMatchObject({ code: "STORE_FAILED", details: { operation: "list" } });
    expect(requests).toBeLessThan(20);
  });

  it("takes what a provider of the AWS SDK answers, which is more than it needs", async () => {
    await using server = await answering((_, response) => {
      response.writeHead(404).end();
    });
    const provider = async () => ({ ...valid.credentials, expiration: new Date(0), accountId: "1", $source: {} });
    await using store = openAt(server.endpoint, { credentials: provider });
    expect(await store.stat(digest)).toBeUndefined();
  });

  it("gives up on a function for the credentials that never answers, and closes", async () => {
    const store = s3({ ...valid, credentials: () => new Promise<never>(() => {}) });
    await expect(store.stat(digest, { timeoutMs: 20 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await store[Symbol.asyncDispose]();
  });

  it("does not repeat a token that no header can hold", async () => {
    const credentials = { ...valid.credentials, sessionToken: "hunter2\nhunter2" };
    expect(() => s3({ ...valid, credentials })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    await using store = s3({ ...valid, credentials: () => credentials });
    const error = (await store.stat(digest).catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    expect(error.message).not.toContain("hunter2");
  });

  it("does not take memory for a size that the server cannot mean", async () => {
    await using server = await answering((_, response) => {
      response.writeHead(200, { "content-length": `${2 ** 50}` });
      response.write("x");
    });
    await using store = openAt(server.endpoint);
    await expect(store.get(digest)).rejects.toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining("does not fit into memory"),
    });
  });

  it("wraps what the function for the credentials throws, and names nothing that it answers wrongly", async () => {
    const failure = new Error("the vault is sealed");
    await using failing = s3({ ...valid, credentials: () => Promise.reject(failure) });
    await expect(failing.stat(digest)).rejects.toMatchObject({ code: "STORE_FAILED", cause: failure });
    await using wrong = s3({ ...valid, credentials: () => ({ secretAccessKey: "hunter2-hunter2" }) as never });
    const error = (await wrong.stat(digest).catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    expect(error.message).not.toContain("hunter2");
  });

  it("sends two parts at once and has at most three in memory; refuses a copy that the server says is another", async () => {
    const MIB = 1 << 20;
    const arrays = new Set<ArrayBufferLike>();
    let copied = "<CopyObjectResult/>";
    let parts = 0;
    let release = () => {};
    const deleted: string[] = [];
    const answering: S3Fetch = async (url, init) => {
      const { pathname, searchParams } = new URL(url);
      if (init.method === "HEAD") return new Response(null, { status: 404 });
      if (init.method === "DELETE") {
        deleted.push(pathname);
        return new Response(null, { status: 204 });
      }
      if (new Headers(init.headers).has("x-amz-copy-source")) return new Response(copied);
      if (searchParams.has("uploads"))
        return new Response("<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>");
      if (!searchParams.has("partNumber")) return new Response("<CompleteMultipartUploadResult/>");
      arrays.add((init.body as Uint8Array).buffer);
      parts += 1;
      // A part is answered when the next one has been sent, so that this ends only if two are sent at once.
      release();
      const next = new Promise<void>((resolve) => {
        release = resolve;
      });
      if (parts < 13) await next;
      return new Response(null, { headers: { etag: '"1"' } });
    };
    const chunk = new Uint8Array(MIB);
    async function* content(): AsyncGenerator<Uint8Array, void> {
      for (let i = 0; i < 100; i++) yield chunk;
    }
    await using store = s3({ ...valid, fetch: answering });
    const { sizeBytes } = await store.put(content());
    expect([sizeBytes, parts, arrays.size <= 3, deleted.length]).toEqual([100 * MIB, 13, true, 1]);
    const other = createHash("sha256").update("other").digest("base64");
    copied = `<CopyObjectResult><ChecksumSHA256>${other}</ChecksumSHA256></CopyObjectResult>`;
    await expect(store.put(content())).rejects.toMatchObject({ code: "STORE_FAILED", retryable: true });
    expect(deleted.filter((path) => path.includes("/sha256/"))).toHaveLength(1);
  });
});
