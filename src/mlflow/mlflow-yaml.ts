import type { JsonValue } from "../core/json.ts";

/** Longest key that may stand before its colon without being announced by `?`; escapes count. @source YAML 1.2.2, section 7.4 */
const MAX_SIMPLE_KEY = 1_000;

/**
 * A JSON value as YAML that readers of YAML 1.1, as Python's PyYAML is one, and of 1.2 understand alike: text always in quotes, and
 * ASCII alone, so that it does not matter in which encoding a file is opened.
 */
export function yamlText(value: JsonValue): string {
  return `${lines(value).join("\n")}\n`;
}

function lines(value: JsonValue): readonly string[] {
  if (isList(value)) return value.length === 0 ? ["[]"] : value.flatMap((item) => nested("-", lines(item)));
  if (typeof value !== "object" || value === null) return [scalar(value)];
  const members = Object.entries(value);
  return members.length === 0 ? ["{}"] : members.flatMap(([key, member]) => memberLines(key, member));
}

function memberLines(key: string, member: JsonValue): readonly string[] {
  const name = quoted(key);
  const inner = lines(member);
  if (name.length > MAX_SIMPLE_KEY) return [`? ${name}`, ...nested(":", inner)];
  if (isBlock(member)) return [`${name}:`, ...inner.map((line) => `  ${line}`)];
  return [`${name}: ${inner[0]}`];
}

/** The lines behind a mark of one character. */
function nested(mark: string, inner: readonly string[]): readonly string[] {
  return inner.map((line, i) => (i === 0 ? `${mark} ${line}` : `  ${line}`));
}

function isBlock(value: JsonValue): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function scalar(value: string | number | boolean | null): string {
  if (typeof value === "string") return quoted(value);
  // YAML 1.1 takes 1e+21 for text: a float has to have a point.
  return typeof value === "number" ? JSON.stringify(value).replace(/^(-?\d+)e/, "$1.0e") : String(value);
}

/** Text in double quotes. A character beyond 16 bits is one escape in YAML, where JSON has two. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[^\u0020-\u007e]/gu, (char) => {
    const code = char.codePointAt(0)!;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
