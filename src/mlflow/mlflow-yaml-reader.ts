import { messageOf } from "../core/errors.ts";
import type { JsonValue } from "../core/json.ts";

/** What is used of the package `yaml`. */
export interface YamlLibrary {
  /** Reads one document. */
  parseDocument(
    text: string,
    options: { schema: "failsafe"; uniqueKeys: false; merge: false; logLevel: "error"; prettyErrors: false; version: "1.2" },
  ): { readonly errors: readonly Error[]; readonly warnings: readonly Error[]; readonly contents: unknown };
  /** Whether a node stands for another one. */
  isAlias(node: unknown): boolean;
  /** Whether a node has keys and values. */
  isMap(node: unknown): boolean;
  /** Whether a node is one value. */
  isScalar(node: unknown): boolean;
  /** Whether a node is a list. */
  isSeq(node: unknown): boolean;
}

interface YamlNode {
  readonly tag?: string | undefined;
  readonly anchor?: string | undefined;
  /** Of a scalar. */
  readonly type?: string | null | undefined;
  readonly value?: unknown;
  /** Of a map or a sequence. */
  readonly items?: readonly unknown[];
  /** Of an alias: the anchor. */
  readonly source?: unknown;
}

/** Limits, so that a hostile file cannot hold up the process: aliases stand for what they point to, again and again. */
const LIMITS = { nodes: 100_000, depth: 50 } as const;

/** What PyYAML takes plain text for. @source PyYAML, lib/yaml/resolver.py; YAML 1.1, language-independent types */
const NULL = /^(?:~|null|Null|NULL|)$/;
const TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const INTEGER = /^[-+]?(?:0|[1-9][0-9]*)$/;
const FLOAT = /^[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?$/;

/**
 * The value of a YAML file that Python's PyYAML wrote, as JSON. Plain text is taken as PyYAML takes it, so that a run id of the form
 * `12345678e9` stays text; dates, numbers of other bases, infinities and integers that a double cannot hold stay text, too.
 *
 * @throws an `Error` for YAML that is damaged, has tags, more than one document, a key twice, more than 100 000 nodes when aliases are
 * followed, or more than 50 levels
 */
export function readYaml(text: string, yaml: YamlLibrary): JsonValue {
  const document = parse(text, yaml);
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw problem;
  const anchors = new Map<string, YamlNode>();
  let nodes = 0;

  const convert = (given: unknown, depth: number): JsonValue => {
    if (given === null || given === undefined) return null;
    if (++nodes > LIMITS.nodes) throw new Error(`it has more than ${LIMITS.nodes} nodes`);
    if (depth > LIMITS.depth) throw new Error(`it is nested deeper than ${LIMITS.depth}`);
    const node = given as YamlNode;
    if (node.tag !== undefined) throw new Error(`it has the tag ${JSON.stringify(node.tag.slice(0, 100))}; tags are not read`);
    if (yaml.isAlias(node)) return convert(aliased(node), depth + 1);
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    if (yaml.isScalar(node)) return plain(node);
    if (yaml.isSeq(node)) return (node.items ?? []).map((item) => convert(item, depth + 1));
    if (!yaml.isMap(node)) throw new Error("it has a node of an unknown kind");
    const members = new Map<string, JsonValue>();
    for (const { key, value } of (node.items ?? []) as readonly { key: unknown; value: unknown }[]) {
      const name = keyText(key);
      if (members.has(name)) throw new Error(`it has the key ${JSON.stringify(name.slice(0, 100))} twice`);
      members.set(name, convert(value, depth + 1));
    }
    return Object.fromEntries(members);
  };
  const aliased = (alias: YamlNode): YamlNode => {
    const node = anchors.get(String(alias.source));
    if (node === undefined) throw new Error("it has an alias of nothing");
    return node;
  };
  const keyText = (key: unknown): string => {
    nodes += 1;
    const { value, tag } = (key ?? {}) as YamlNode;
    if (!yaml.isScalar(key) || typeof value !== "string" || tag !== undefined) throw new Error("it has a key that is not text");
    return value;
  };

  return convert(document.contents, 0);
}

function parse(text: string, yaml: YamlLibrary) {
  assertShallow(text);
  try {
    return yaml.parseDocument(text, {
      schema: "failsafe",
      uniqueKeys: false,
      merge: false,
      logLevel: "error",
      prettyErrors: false,
      version: "1.2",
    });
  } catch (error) {
    // A nesting of a hundred thousand levels overflows the parser's stack.
    throw new Error(`it cannot be parsed (${messageOf(error)})`, { cause: error });
  }
}

/** The parser needs seconds for hundreds of thousands of levels, so they are looked for before it begins. */
function assertShallow(text: string): void {
  if (/(?:[-?][ \t]+){100}/.test(text)) throw new Error(`it is nested deeper than ${LIMITS.depth}`);
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const mark = text[i];
    if (mark === "[" || mark === "{") depth += 1;
    else if (mark === "]" || mark === "}") depth = Math.max(0, depth - 1);
    // Brackets inside of texts count here, too; those of JSON are closed again.
    if (depth > LIMITS.depth * 4) throw new Error(`it is nested deeper than ${LIMITS.depth}`);
  }
}

function plain({ value, type }: YamlNode): JsonValue {
  const text = String(value ?? "");
  if (type !== "PLAIN") return text;
  if (NULL.test(text)) return null;
  if (TRUE.test(text)) return true;
  if (FALSE.test(text)) return false;
  const number = Number(text);
  if (INTEGER.test(text)) return Number.isSafeInteger(number) || String(number) === text ? number + 0 : text;
  return FLOAT.test(text) && Number.isFinite(number) ? number : text;
}
