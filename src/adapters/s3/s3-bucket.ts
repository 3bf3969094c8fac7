import type { Digest } from "../../core/digest.ts";
import { boundedText } from "./bounded-text.ts";
import type { S3Client, S3Request } from "./s3-client.ts";
import { refusalOf } from "./s3-failure.ts";
import { childText, escapeXml, parseXml, type XmlElement } from "./xml.ts";

/** What HEAD tells of an object. */
export interface ObjectInfo {
  readonly sizeBytes: number;
  /** The SHA-256 of the whole object, where the server has computed one. */
  readonly digest: Digest | undefined;
}

/** Longest answer in XML: 1000 keys of 1024 characters, and what is around them. */
const MAX_XML_BYTES = 1 << 22;

const drained = (response: Response): Promise<string> => boundedText(response, MAX_XML_BYTES);

/**
 * The verbs of S3's REST API that the store needs, each one request. Keys hold only characters that need no encoding.
 *
 * @source Amazon Simple Storage Service API Reference, version 2006-03-01
 */
export class S3Bucket {
  readonly #client: S3Client;
  readonly #name: string;

  /** @param name - of the bucket, for copies */
  constructor(client: S3Client, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /** HeadObject. */
  async head(operation: string, key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    const headers = { "x-amz-checksum-mode": "ENABLED" };
    const absent = ["HTTP 404", "NoSuchKey"];
    return this.#client.find({ operation, method: "HEAD", key, headers, absent }, signal, async (response) => {
      await drained(response);
      return { sizeBytes: this.#size(operation, response.headers.get("content-length")), digest: checksumOf(response.headers) };
    });
  }

  /** GetObject from an offset on; the caller reads or cancels the body. */
  async get(operation: string, key: string, from: number, signal?: AbortSignal): Promise<Response | undefined> {
    const headers: Record<string, string> = from === 0 ? {} : { range: `bytes=${from}-` };
    const request: S3Request = { operation, method: "GET", key, headers, absent: ["NoSuchKey"] };
    return this.#client.find(request, signal, async (response) => {
      if (from === 0 || response.headers.get("content-range")?.startsWith(`bytes ${from}-`)) return response;
      await response.body?.cancel();
      throw this.#client.failures.failed(operation, "the server does not go on where the connection broke", { retryable: true });
    });
  }

  /** PutObject. The server compares what arrives with the digest. */
  async put(key: string, bytes: Uint8Array, digest: Digest, signal?: AbortSignal): Promise<void> {
    const hex = digest.slice(7);
    const headers = { "content-type": "application/octet-stream", "x-amz-checksum-sha256": base64OfHex(hex) };
    await this.#client.send({ operation: "put", method: "PUT", key, headers, body: bytes, bodyHash: hex }, signal, drained);
  }

  /** DeleteObject; also when there is none. */
  async delete(operation: string, key: string, signal?: AbortSignal): Promise<void> {
    await this.#client.find({ operation, method: "DELETE", key, absent: ["NoSuchKey"] }, signal, drained);
  }

  /** ListObjectsV2: one page of the keys with this prefix, and where the next page begins. */
  async list(
    prefix: string,
    token: string | undefined,
    signal?: AbortSignal,
  ): Promise<{ objects: readonly { key: string; sizeBytes: number }[]; next: string | undefined }> {
    const query: [string, string][] = [
      ["list-type", "2"],
      ["prefix", prefix],
    ];
    if (token !== undefined) query.push(["continuation-token", token]);
    const page = await this.#xml({ operation: "list", method: "GET", query }, "ListBucketResult", signal);
    const objects = page.children
      .filter(({ name }) => name === "Contents")
      .map((entry) => ({ key: childText(entry, "Key") ?? "", sizeBytes: this.#size("list", childText(entry, "Size") ?? null) }));
    if (childText(page, "IsTruncated") !== "true") return { objects, next: undefined };
    const next = childText(page, "NextContinuationToken");
    if (next === undefined || next === token) throw this.#client.failures.failed("list", "the server does not say how to go on");
    return { objects, next };
  }

  /** CreateMultipartUpload; answers the id of the upload. */
  async createUpload(key: string, signal?: AbortSignal): Promise<string> {
    const headers = { "content-type": "application/octet-stream" };
    const request: S3Request = { operation: "put", method: "POST", key, query: [["uploads", ""]], headers };
    const id = childText(await this.#xml(request, "InitiateMultipartUploadResult", signal), "UploadId");
    if (id !== undefined && id !== "") return id;
    throw this.#client.failures.failed("put", "the server has begun a multipart upload without an id");
  }

  /** UploadPart; answers the part's tag. Parts are numbered from 1. */
  async uploadPart(key: string, uploadId: string, number: number, bytes: Uint8Array, signal?: AbortSignal): Promise<string> {
    const request: S3Request = { operation: "put", method: "PUT", key, query: part(uploadId, number), body: bytes };
    const tag = await this.#client.send(request, signal, async (response) => {
      await drained(response);
      return response.headers.get("etag");
    });
    if (tag !== null) return tag;
    throw this.#client.failures.failed(
      "put",
      "the answer has no ETag; in a browser, the CORS rules of the bucket must expose the header ETag",
    );
  }

  /** UploadPartCopy of the bytes from `first` to `last`, both included; answers the part's tag. */
  async copyPart(
    { from, to, uploadId, number }: { from: string; to: string; uploadId: string; number: number },
    [first, last]: readonly [number, number],
    signal?: AbortSignal,
  ): Promise<string> {
    const headers = { "x-amz-copy-source": `/${this.#name}/${from}`, "x-amz-copy-source-range": `bytes=${first}-${last}` };
    const request: S3Request = { operation: "put", method: "PUT", key: to, query: part(uploadId, number), headers };
    const tag = childText(await this.#xml(request, "CopyPartResult", signal), "ETag");
    if (tag !== undefined) return tag;
    throw this.#client.failures.failed("put", "the server has copied a part without an ETag");
  }

  /** CompleteMultipartUpload. Repeated after a lost answer it may find no upload: then the object is there. */
  async completeUpload(key: string, uploadId: string, tags: readonly string[], signal?: AbortSignal): Promise<void> {
    const parts = tags.map((tag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escapeXml(tag)}</ETag></Part>`).join("");
    const body = new TextEncoder().encode(
      `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts}</CompleteMultipartUpload>`,
    );
    const headers = { "content-type": "application/xml" };
    const request: S3Request = { operation: "put", method: "POST", key, query: [["uploadId", uploadId]], headers, body };
    const absent = ["NoSuchUpload"];
    const done = await this.#findXml({ ...request, absent }, "CompleteMultipartUploadResult", signal);
    if (done !== undefined || (await this.head("put", key, signal)) !== undefined) return;
    throw this.#client.failures.failed("put", "the multipart upload is gone; something else has aborted it", { retryable: true });
  }

  /** AbortMultipartUpload; also when there is none. */
  async abortUpload(key: string, uploadId: string, signal?: AbortSignal): Promise<void> {
    const query = [["uploadId", uploadId]] as const;
    await this.#client.find({ operation: "put", method: "DELETE", key, query, absent: ["NoSuchUpload"] }, signal, drained);
  }

  /** CopyObject, at most 5 GiB. Where the server computes checksums, answers the copy's. */
  async copy(from: string, to: string, signal?: AbortSignal): Promise<Digest | undefined> {
    const headers = { "x-amz-copy-source": `/${this.#name}/${from}`, "x-amz-checksum-algorithm": "SHA256" };
    const result = await this.#xml({ operation: "put", method: "PUT", key: to, headers }, "CopyObjectResult", signal);
    return digestOfBase64(childText(result, "ChecksumSHA256"));
  }

  async #xml(request: S3Request, name: string, signal: AbortSignal | undefined): Promise<XmlElement> {
    return (await this.#findXml(request, name, signal)) as XmlElement;
  }

  async #findXml(request: S3Request, name: string, signal: AbortSignal | undefined): Promise<XmlElement | undefined> {
    const { failures } = this.#client;
    return this.#client.find(request, signal, async (response, refused) => {
      const text = await drained(response);
      let element: XmlElement;
      try {
        element = parseXml(text);
      } catch (cause) {
        throw failures.failed(request.operation, (cause as Error).message, { cause });
      }
      // Copies and completions begin to answer before they are done, so their failure comes with status 200.
      if (element.name === "Error") throw refused(refusalOf(200, text));
      if (element.name !== name)
        throw failures.failed(request.operation, `expected ${name}, but the server answered another element`);
      return element;
    });
  }

  #size(operation: string, text: string | null): number {
    const size = text !== null && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(size)) return size;
    throw this.#client.failures.failed(operation, "the server does not tell the size of an object");
  }
}

function part(uploadId: string, number: number): readonly (readonly [string, string])[] {
  return [
    ["partNumber", `${number}`],
    ["uploadId", uploadId],
  ];
}

/** The checksum of the whole object. That of a multipart upload ends in `-` and the count of parts, and is a hash of hashes. */
function checksumOf(headers: Headers): Digest | undefined {
  return headers.get("x-amz-checksum-type") === "COMPOSITE" ? undefined : digestOfBase64(headers.get("x-amz-checksum-sha256"));
}

function digestOfBase64(text: string | null | undefined): Digest | undefined {
  if (!text || !/^[A-Za-z0-9+/]{43}=$/.test(text)) return undefined;
  return `sha256:${Array.from(atob(text), (character) => character.charCodeAt(0).toString(16).padStart(2, "0")).join("")}`;
}

function base64OfHex(hex: string): string {
  return btoa(hex.replace(/../g, (byte) => String.fromCharCode(Number.parseInt(byte, 16))));
}
