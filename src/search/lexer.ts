import { invalidInput } from "../core/schema.ts";
import { LIMITS } from "./limits.ts";

/** A part of a text in the grammar. */
export interface Token {
  /** `quoted` is text in double quotes: a key or a value, whichever stands there. */
  readonly kind: "word" | "key" | "text" | "quoted" | "number" | "mark" | "end";
  /** A word, number or mark as it is written; of what was quoted, the content. */
  readonly value: string;
  /** Column, from 1. */
  readonly column: number;
}

/** What stands between quotes is by its mark. */
const QUOTED = { "`": "key", "'": "text", '"': "quoted" } as const;

/** Each matches where it is told to, in linear time. */
const PATTERNS = [
  ["space", /\s+/y],
  // What follows decides that 1a and 1.2.3 are no numbers.
  ["number", /[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])/y],
  ["word", /[A-Za-z_][A-Za-z0-9_]*/y],
  ["mark", /[!<>=]=|<>|[<>=().,]/y],
] as const;

/**
 * The parts of a text in one pass; the last one is `end`.
 *
 * @param subject - what the text is, for the message
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for what is no part of the grammar, and for quotes that do not end
 */
export function tokensOf(text: string, subject: string): readonly Token[] {
  if (typeof text !== "string" || text.length > LIMITS.source) {
    const message = `expected text of at most ${LIMITS.source} characters`;
    throw invalidInput(subject, [{ path: [], message }]);
  }
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const column = at + 1;
    const mark = text[at] as keyof typeof QUOTED;
    if (Object.hasOwn(QUOTED, mark)) {
      const end = endOfQuoted(text, at);
      if (end === undefined) throw unreadable(subject, column, `a closing ${mark}`, "the end of the text");
      tokens.push({ kind: QUOTED[mark], value: text.slice(at + 1, end).replaceAll(mark + mark, mark), column });
      at = end + 1;
      continue;
    }
    const found = PATTERNS.find(([, pattern]) => {
      pattern.lastIndex = at;
      return pattern.test(text);
    });
    if (found === undefined) {
      throw unreadable(subject, column, "a name, a value or an operator", JSON.stringify(wordAt(text, at)));
    }
    const [kind, pattern] = found;
    if (kind !== "space") tokens.push({ kind, value: text.slice(at, pattern.lastIndex), column });
    at = pattern.lastIndex;
  }
  tokens.push({ kind: "end", value: "", column: text.length + 1 });
  return tokens;
}

/** A text that does not fit the grammar: where, what was expected there and what stands there. */
export function unreadable(subject: string, column: number, expected: string, found: string) {
  return invalidInput(subject, [{ path: [], message: `expected ${expected} at column ${column}, but found ${found}` }]);
}

/** What a part is, for a message. */
export function describe({ kind, value }: Token): string {
  if (kind === "end") return "the end of the text";
  const short = value.length > 50 ? `${value.slice(0, 50)}…` : value;
  if (kind === "text") return `'${short}'`;
  return kind === "key" ? `\`${short}\`` : kind === "quoted" ? JSON.stringify(short) : short;
}

/** Where the quotes that begin at `start` end; two in a row stand for one within. */
function endOfQuoted(text: string, start: number): number | undefined {
  const mark = text[start]!;
  for (let end = text.indexOf(mark, start + 1); end >= 0; end = text.indexOf(mark, end + 2)) {
    if (text[end + 1] !== mark) return end;
  }
  return undefined;
}

/** What stands there up to the next space, for a message. */
function wordAt(text: string, at: number): string {
  return /^\S{1,20}/u.exec(text.slice(at, at + 50))?.[0] ?? text.slice(at, at + 1);
}
