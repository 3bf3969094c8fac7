import { invalidInput } from "../core/schema.ts";
import { fieldProblem } from "./fields.ts";
import { attributeNamed, ENTITY_WORDS, kindOf, type SearchKind } from "./kinds.ts";
import { describe, type Token, tokensOf, unreadable } from "./lexer.ts";
import { LIMITS } from "./limits.ts";
import { readValue } from "./parse-value.ts";
import type { Filter, SearchField, SearchOrder, SearchValue } from "./port.ts";

/**
 * The filter that a text means. The grammar is MLflow's with `OR`, `NOT`, parentheses and more operators:
 *
 * ```text
 * metrics.auc > 0.9 AND (params.model = 'tree' OR tags."team name" LIKE 'risk%')
 * alias = 'champion' AND stage IN ('staging', 'production') AND created_at >= '2026-01-31'
 * NOT tags.frozen = 'yes' AND datasets.name = 'loans' AND description IS NOT NULL
 * ```
 *
 * - What goes before the dot is `attributes`, `tags`, `metrics`, `params`, `aliases` or `datasets`, or its singular. A name alone is an
 *   attribute, by our name of it or by MLflow's (`run_name`, `start_time`, `version_number`); `alias` alone is the name of an alias.
 * - Keys with other characters than letters, digits, `_` and dots stand in backticks or double quotes, text in single or double quotes;
 *   the quote itself is doubled within.
 * - Operators: `=` (also `==`), `!=` (also `<>`), `<`, `<=`, `>`, `>=`, `LIKE`, `ILIKE`, `IN`, `NOT LIKE`, `NOT ILIKE`, `NOT IN`,
 *   `IS NULL`, `IS NOT NULL`. Words in upper or lower case. `NOT` binds more tightly than `AND`, and that than `OR`.
 * - A comparison with what a record lacks is false, also `!=` and `NOT IN`; `NOT tags.team = 'risk'` matches records without the tag.
 * - Metrics are compared with numbers, tags and the params of runs with text, hyperparameters of versions with either. Times are
 *   milliseconds since the epoch, or ISO 8601 text. The status of a run is written in upper or lower case.
 *
 * Text of white space alone is a filter that every record matches. Takes linear time.
 *
 * @param kind - what is searched, by which names are known
 * @throws a `ModelwrightError` with code `INPUT_INVALID` that says the column, from 1, what was expected there and what was found
 */
export function parseFilter(text: string, kind: SearchKind): Filter {
  const parser = new Parser(text, kind, "The filter");
  if (parser.atEnd()) return { op: "and", of: [] };
  const filter = parser.filter(1);
  parser.end("AND, OR or the end of the text");
  return filter;
}

/**
 * The order that a text means, for example `metrics.auc DESC, name`. Fields are those of {@link parseFilter} but for aliases and data
 * sets, of which a record may have several; `ASC` may be left out. Text of white space alone is no order.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` as {@link parseFilter} does
 */
export function parseOrder(text: string, kind: SearchKind): readonly SearchOrder[] {
  const parser = new Parser(text, kind, "The order");
  if (parser.atEnd()) return [];
  const orders = [parser.order()];
  while (parser.takes("mark", ",")) orders.push(parser.order());
  parser.end("ASC, DESC, a comma or the end of the text");
  return orders;
}

const COMPARISONS = new Map([
  ["=", "="],
  ["==", "="],
  ["!=", "!="],
  ["<>", "!="],
  ["<", "<"],
  ["<=", "<="],
  [">", ">"],
  [">=", ">="],
] as const);

type Comparison = typeof COMPARISONS extends Map<unknown, infer Op> ? Op : never;

/** Reads one part after the other; never looks back, and ahead by two at most. */
class Parser {
  readonly #tokens: readonly Token[];
  readonly #kind: SearchKind;
  readonly #subject: string;
  #at = 0;

  constructor(text: string, kind: SearchKind, subject: string) {
    this.#tokens = tokensOf(text, subject);
    this.#kind = kind;
    this.#subject = subject;
  }

  filter(depth: number): Filter {
    return this.#joined("or", () => this.#joined("and", () => this.#negation(depth)));
  }

  order(): SearchOrder {
    const field = this.#field("order");
    if (this.#takesWord("desc")) return { field, direction: "desc" };
    this.#takesWord("asc");
    return { field, direction: "asc" };
  }

  /** Whether the next part is this one, which is passed then. */
  takes(kind: Token["kind"], value: string): boolean {
    const token = this.#next;
    if (token.kind !== kind || token.value !== value) return false;
    this.#at += 1;
    return true;
  }

  atEnd(): boolean {
    return this.#next.kind === "end";
  }

  end(expected: string): void {
    if (!this.atEnd()) throw this.#unexpected(expected);
  }

  get #next(): Token {
    return this.#tokens[this.#at]!;
  }

  #joined(op: "and" | "or", part: () => Filter): Filter {
    const of = [part()];
    while (this.#takesWord(op)) of.push(part());
    return of.length === 1 ? of[0]! : { op, of };
  }

  #negation(depth: number): Filter {
    if (depth > LIMITS.depth) throw this.#unexpected(`at most ${LIMITS.depth} levels of NOT and parentheses`);
    if (this.#takesWord("not")) return { op: "not", of: this.#negation(depth + 1) };
    if (!this.takes("mark", "(")) return this.#condition();
    const inner = this.filter(depth + 1);
    this.#expect(")", "AND, OR or )");
    return inner;
  }

  #condition(): Filter {
    const field = this.#field("filter");
    if (this.#takesWord("is")) return this.#nullTest(field);
    if (this.#takesWord("not")) {
      // As SQL has it: what a record lacks is not in the list, and not out of it either.
      const test = this.#wordTest(field, "IN, LIKE or ILIKE");
      return {
        op: "and",
        of: [
          { op: "exists", field },
          { op: "not", of: test },
        ],
      };
    }
    const { kind, value } = this.#next;
    const op = kind === "mark" ? COMPARISONS.get(value as Comparison) : undefined;
    if (op === undefined) return this.#wordTest(field, "an operator");
    this.#at += 1;
    return { op, field, value: this.#value(field) };
  }

  #nullTest(field: SearchField): Filter {
    const negated = this.#takesWord("not");
    if (!this.#takesWord("null")) throw this.#unexpected(negated ? "NULL" : "NULL or NOT NULL");
    const exists: Filter = { op: "exists", field };
    return negated ? exists : { op: "not", of: exists };
  }

  #wordTest(field: SearchField, expected: string): Filter {
    if (this.#takesWord("in")) {
      this.#expect("(", "( and a list of values");
      const values = [this.#value(field)];
      while (this.takes("mark", ",")) values.push(this.#value(field));
      this.#expect(")", "a comma or )");
      return { op: "in", field, values };
    }
    const op = this.#takesWord("like") ? "like" : this.#takesWord("ilike") ? "ilike" : undefined;
    if (op === undefined) throw this.#unexpected(expected);
    const column = this.#next.column;
    const value = this.#value(field);
    if (typeof value !== "string") throw unreadable(this.#subject, column, "a pattern in quotes", `${value}`);
    return { op, field, value };
  }

  #field(use: "filter" | "order"): SearchField {
    const start = this.#next;
    const field = this.#fieldAt(start);
    const problem = fieldProblem(field, kindOf(this.#kind), use);
    if (problem === undefined) return field;
    throw invalidInput(this.#subject, [{ path: [], message: `column ${start.column}: ${problem}` }]);
  }

  #fieldAt(start: Token): SearchField {
    const kind = kindOf(this.#kind);
    const first = this.#key("the name of an attribute, or tags, metrics, params and a key");
    const entity = start.kind === "word" ? ENTITY_WORDS.get(first) : undefined;
    if (!this.takes("mark", ".")) {
      if (entity === "alias") return { entity, key: "name" };
      return { entity: "attribute", key: attributeNamed(first, kind) };
    }
    if (entity === undefined) {
      throw unreadable(this.#subject, start.column, "attributes, tags, metrics, params, aliases or datasets", describe(start));
    }
    let key = this.#key("a key");
    // MLflow's own keys, such as `mlflow.source.name`, are often written without quotes.
    while (this.takes("mark", ".")) key += `.${this.#key("the rest of the key, or quotes around all of it")}`;
    return { entity, key: entity === "attribute" ? attributeNamed(key, kind) : key };
  }

  #key(expected: string): string {
    const { kind, value } = this.#next;
    if (value === "" || (kind !== "word" && kind !== "key" && kind !== "quoted")) throw this.#unexpected(expected);
    this.#at += 1;
    return value;
  }

  #value(field: SearchField): SearchValue {
    const token = this.#next;
    const value = readValue(token, field, kindOf(this.#kind));
    if ("expected" in value) throw this.#unexpected(value.expected);
    this.#at += 1;
    return value.value;
  }

  #expect(mark: string, expected: string): void {
    if (!this.takes("mark", mark)) throw this.#unexpected(expected);
  }

  #takesWord(word: string): boolean {
    const { kind, value } = this.#next;
    if (kind !== "word" || value.length !== word.length || value.toLowerCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #unexpected(expected: string) {
    return unreadable(this.#subject, this.#next.column, expected, describe(this.#next));
  }
}
