import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Digest, sha256 } from "../../src/core/digest.ts";
import type { DownloadProgress } from "../../src/inference/download.ts";
import { type UrlModelOptions, urlModel } from "../../src/inference/url-model.ts";
import { addModel } from "../../src/testing/tiny-models.ts";

const bytes = addModel();
const weights = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);

describe("urlModel", () => {
  let server: Server;
  let origin: string;
  let digest: Digest;
  const requests: IncomingMessage[] = [];
  const routes: Record<string, (response: ServerResponse, request: IncomingMessage) => void> = {
    "/models/add.onnx": (response) => response.setHeader("content-length", bytes.length).end(bytes),
    "/models/weights.bin": (response) => response.setHeader("content-length", weights.length).end(weights),
    "/models/deep/part%201.bin": (response) => response.end(Uint8Array.of(1, 2, 3)),
    "/secret.bin": (response) => response.end(Uint8Array.of(9)),
    "/gzip": (response) => {
      const body = gzipSync(weights);
      response.setHeader("content-encoding", "gzip").setHeader("content-length", body.length).end(body);
    },
    "/moved": (response) => response.writeHead(302, { location: "/models/add.onnx" }).end(),
    "/page": (response) => response.setHeader("content-type", "text/html; charset=utf-8").end("<!doctype html>"),
    "/forbidden": (response) => response.writeHead(403).end("no"),
    "/busy": (response) => response.writeHead(503).end("later"),
    "/cut": (response) => {
      response.setHeader("content-length", 1000);
      response.write(Uint8Array.of(1, 2, 3), () => response.destroy());
    },
    "/endless": (response) => {
      const more = () => {
        while (!response.destroyed && response.write(weights));
      };
      response.on("drain", more);
      more();
    },
    "/silent": (response) => void response.writeHead(200).flushHeaders(),
  };

  beforeAll(async () => {
    digest = await sha256(bytes);
    server = createServer((request, response) => {
      requests.push(request);
      const route = routes[new URL(request.url!, "http://host").pathname];
      if (route === undefined) response.writeHead(404).end();
      else route(response, request);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    requests.length = 0;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const load = (path: string, options?: UrlModelOptions) => urlModel(origin + path, options).load();

  it("answers the bytes and their digest", async () => {
    const model = await load("/models/add.onnx");
    expect(model.bytes).toEqual(bytes);
    expect(model.identity).toEqual({ digest });
  });

  it("is a source that names its address without the query, which may hold a signature", async () => {
    const source = urlModel(new URL(`${origin}/absent?signature=hidden#part`));
    expect(source).toMatchObject({ spec: "model-source/1", name: `${origin}/absent` });
    const error: Error = await source.load().then(undefined, (failure) => failure);
    expect(error).toMatchObject({ code: "STORE_NOT_FOUND", message: expect.not.stringContaining("hidden") });
    expect(requests.map(({ url }) => url)).toEqual(["/absent?signature=hidden"]);
  });

  it("accepts the bytes that have the digest, and no others", async () => {
    expect((await load("/models/add.onnx", { digest })).identity.digest).toBe(digest);
    const other = await sha256(weights);
    await expect(load("/models/add.onnx", { digest: other })).rejects.toMatchObject({
      code: "STORE_CORRUPT",
      details: { store: `${origin}/models/add.onnx`, key: other, actual: digest },
    });
  });

  it("tells how far it is, up to the last byte", async () => {
    const told: DownloadProgress[] = [];
    await load("/models/weights.bin", { onProgress: (progress) => told.push(progress) });
    expect(told.length).toBeGreaterThan(1);
    expect(told.map(({ loadedBytes }) => loadedBytes)).toEqual(told.map(({ loadedBytes }) => loadedBytes).sort((a, b) => a - b));
    expect(new Set(told.map(({ totalBytes }) => totalBytes))).toEqual(new Set([weights.length]));
    expect(told.at(-1)?.loadedBytes).toBe(weights.length);
  });

  it("does not claim to know the length of a file that comes compressed", async () => {
    const told: DownloadProgress[] = [];
    const model = await load("/gzip", { onProgress: (progress) => told.push(progress) });
    expect(model.bytes).toEqual(weights);
    expect(told.at(-1)).toEqual({ loadedBytes: weights.length, totalBytes: undefined });
  });

  it("goes on when a listener of the progress throws, and logs it", async () => {
    const errors: string[] = [];
    const logger = { debug() {}, info() {}, warn() {}, error: (message: string) => void errors.push(message) };
    const fail = () => {
      throw new Error("the bar is gone");
    };
    const model = await urlModel(`${origin}/models/add.onnx`, { onProgress: fail }, { logger }).load();
    expect(model.bytes).toEqual(bytes);
    expect(errors.length).toBeGreaterThan(0);
  });

  it("sends the headers, to the model and to its companions", async () => {
    const model = await load("/models/add.onnx", { headers: { authorization: "Bearer t" } });
    await model.companion?.("weights.bin");
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer t", "Bearer t"]);
  });

  it("follows redirects", async () => {
    expect((await load("/moved")).bytes).toEqual(bytes);
  });

  it.each([
    ["/absent", "STORE_NOT_FOUND", false],
    ["/page", "STORE_NOT_FOUND", false],
    ["/forbidden", "STORE_FAILED", false],
    ["/busy", "STORE_FAILED", true],
    ["/cut", "STORE_FAILED", true],
  ])("fails on %s with %s, retryable: %s", async (path, code, retryable) => {
    await expect(load(path)).rejects.toMatchObject({ code, retryable, message: expect.stringContaining(origin + path) });
  });

  it("fails with a retryable STORE_FAILED when nobody listens", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, "close");
    const failure = urlModel(`http://127.0.0.1:${port}/m.onnx`).load();
    await expect(failure).rejects.toMatchObject({ code: "STORE_FAILED", retryable: true, cause: expect.any(Error) });
  });

  it("stops a file that is announced or turns out larger than maxBytes", async () => {
    const tooLarge = { code: "STORE_FAILED", retryable: false, message: expect.stringContaining("maxBytes") };
    await expect(load("/models/weights.bin", { maxBytes: weights.length - 1 })).rejects.toMatchObject(tooLarge);
    await expect(load("/gzip", { maxBytes: weights.length - 1 })).rejects.toMatchObject(tooLarge);
    await expect(load("/endless", { maxBytes: 1_000_000 })).rejects.toMatchObject(tooLarge);
    expect((await load("/gzip", { maxBytes: weights.length })).bytes).toEqual(weights);
  });

  it("ends a download that is aborted, with the caller's reason", async () => {
    const reason = new Error("enough");
    const abort = new AbortController();
    const onProgress = () => abort.abort(reason);
    await expect(urlModel(`${origin}/endless`, { onProgress }).load({ signal: abort.signal })).rejects.toBe(reason);
    const { socket } = requests[0]!;
    if (!socket.destroyed) await new Promise((resolve) => socket.on("close", resolve));
    expect(socket.destroyed).toBe(true);
  });

  it("ends a download that takes longer than timeoutMs", async () => {
    await expect(urlModel(`${origin}/silent`).load({ timeoutMs: 20 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  });

  it("answers companions from the model's folder", async () => {
    const { companion } = await load("/models/add.onnx?signature=1");
    expect(await companion?.("weights.bin")).toEqual(weights);
    expect(await companion?.("./deep//part 1.bin")).toEqual(Uint8Array.of(1, 2, 3));
    expect(requests.map(({ url }) => url)).toEqual([
      "/models/add.onnx?signature=1",
      "/models/weights.bin",
      "/models/deep/part%201.bin",
    ]);
    await expect(companion?.("absent.bin")).rejects.toMatchObject({ code: "STORE_NOT_FOUND" });
  });

  it("fetches no companion from outside the model's folder, whatever the path", async () => {
    const { companion } = await load("/models/add.onnx");
    requests.length = 0;
    const part = fc.oneof(
      fc.constantFrom("..", ".", "", "%2e%2e", "..%2f", "\\..\\", ". .", "secret.bin", "//", "http:", "a?b", "a#b", "@"),
      fc.string({ maxLength: 8 }),
    );
    const path = fc.array(part, { maxLength: 5 }).map((parts) => parts.join("/"));
    await fc.assert(
      fc.asyncProperty(path, async (text) => {
        await companion?.(text).catch(() => {});
        for (const { url } of requests.splice(0)) expect(new URL(url!, origin).pathname).toMatch(/^\/models\/./);
      }),
      { examples: [["../secret.bin"], ["/secret.bin"], ["//evil.example/x"], ["..\\secret.bin"], ["https://evil.example/x"]] },
    );
    for (const text of ["../secret.bin", "/secret.bin", "", "a/../../secret.bin"]) {
      await expect(companion?.(text)).rejects.toMatchObject({ code: "MODEL_INVALID" });
    }
  });

  it("wants a digest of each companion of a model that has one", async () => {
    const companions = { "weights.bin": await sha256(weights), "deep/part 1.bin": digest };
    const { companion } = await load("/models/add.onnx", { digest, companions });
    expect(await companion?.("weights.bin")).toEqual(weights);
    await expect(companion?.("deep/part 1.bin")).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    requests.length = 0;
    await expect(companion?.("other.bin")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(companion?.("constructor")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(requests).toEqual([]);
  });

  it.each([
    "file:///etc/passwd",
    "data:application/octet-stream;base64,AAAA",
    "ftp://host/m.onnx",
    "model.onnx",
    "",
    "http://user:secret@host/m.onnx",
  ])("refuses %j, without repeating a password", (url) => {
    expect(() => urlModel(url)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.not.stringContaining("secret") }),
    );
  });

  it.each([new URL("file:///models/fraud.onnx"), "file:///models/fraud.onnx"])("tells what reads a file: %s", (url) => {
    expect(() => urlModel(url)).toThrow(
      /expected http: or https:, but got file:; for a file, pass fileModel\(url\) of modelwright\/fs/,
    );
  });

  it("refuses wrong options, all at once", () => {
    const options = { digest: "sha256:1", maxBytes: 0, cache: true } as never;
    const paths = ["digest", "cache", "maxBytes"].map((name) => expect.objectContaining({ path: [name] }));
    expect(() => urlModel(origin, options)).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        details: { subject: "urlModel", issues: expect.arrayContaining(paths) },
      }),
    );
  });
});
