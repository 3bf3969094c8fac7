import type { KServeAnswer } from "./kserve-client.ts";

/** What a server says that it is. */
export interface ServerDescription {
  readonly name: string;
  readonly version: string;
  /** Extensions of the protocol that it says it knows, for example `binary_tensor_data`. */
  readonly extensions: readonly string[];
}

/** Longest text of a server that is kept, and most of them. */
const MAX_LENGTH = 256;

/** The JSON of an answer; undefined when it is none. */
export function readJson({ body }: Pick<KServeAnswer, "body">): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

/** Whether an answer of success does not say otherwise, as `{"ready": false}` does. Most servers say it by the status alone. */
export function describesTrue(answer: KServeAnswer, member: "live" | "ready"): boolean {
  const said = readJson(answer);
  return !(typeof said === "object" && said !== null && (said as Readonly<Record<string, unknown>>)[member] === false);
}

/** What a server says of itself; undefined when it does not. */
export function readServer(answer: KServeAnswer): ServerDescription | undefined {
  const said = readJson(answer) as { readonly name?: unknown; readonly version?: unknown; readonly extensions?: unknown } | null;
  if (typeof said?.name !== "string") return undefined;
  const extensions = Array.isArray(said.extensions) ? said.extensions.slice(0, MAX_LENGTH) : [];
  return {
    name: said.name.slice(0, MAX_LENGTH),
    version: typeof said.version === "string" ? said.version.slice(0, MAX_LENGTH) : "",
    extensions: extensions.filter((extension) => typeof extension === "string" && extension.length <= MAX_LENGTH),
  };
}
