import { concatBytes } from "../../core/digest.ts";

/**
 * The body of an answer; undefined when it is longer than `maxBytes`, of which the rest is not read.
 *
 * @throws what the platform throws when the connection breaks, or the body ends before its announced length
 */
export async function boundedBytes(response: Response, maxBytes: number): Promise<Uint8Array | undefined> {
  const announced = Number(response.headers.get("content-length") ?? 0);
  // Of a compressed body it is the compressed length, which may be the longer one.
  if (announced > maxBytes && !response.headers.has("content-encoding")) {
    await response.body?.cancel();
    return undefined;
  }
  const reader = response.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks.length === 1 ? chunks[0]! : concatBytes(chunks);
    chunks.push(value);
    length += value.length;
    if (length <= maxBytes) continue;
    await reader.cancel();
    return undefined;
  }
}
