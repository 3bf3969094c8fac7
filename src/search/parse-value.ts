import { kindOf } from "./kinds.ts";
import type { Token } from "./lexer.ts";
import { foldAscii } from "./like.ts";
import { LIMITS } from "./limits.ts";
import type { SearchField, SearchValue } from "./port.ts";
import { parseTime, TIME_FORMS } from "./times.ts";

type Kind = ReturnType<typeof kindOf>;

/** The value that a part of a text is for a field, or what was expected there instead. */
export function readValue(
  { kind: part, value }: Token,
  field: SearchField,
  kind: Kind,
): { readonly value: SearchValue } | { readonly expected: string } {
  const types = typesOf(field, kind);
  if (part === "number") {
    const number = Number(value);
    if (!Number.isFinite(number)) return { expected: "a number that double precision can hold" };
    return types.some((type) => type !== "text") ? { value: number } : { expected: "text in quotes" };
  }
  const isText = part === "text" || part === "quoted";
  if (isText && types.includes("text")) {
    if (value.length > LIMITS.text) return { expected: `text of at most ${LIMITS.text} characters` };
    return { value: hasClosedWords(field, kind) ? foldAscii(value) : value };
  }
  if (isText && types.includes("time")) {
    const time = parseTime(value);
    return time === undefined ? { expected: TIME_FORMS } : { value: time };
  }
  if (types.includes("time")) return { expected: TIME_FORMS };
  if (!types.includes("text")) return { expected: "a number" };
  return { expected: types.includes("number") ? "a number, or text in quotes" : "text in quotes" };
}

/** What values of a field are compared with. */
function typesOf({ entity, key }: SearchField, { attributes, params }: Kind): readonly ("text" | "number" | "time")[] {
  if (entity === "attribute") return [attributes[key]!];
  if (entity === "param") return params;
  return [entity === "metric" ? "number" : "text"];
}

/** The status of a run, whose words MLflow writes in capitals and we do not. */
function hasClosedWords({ entity, key }: SearchField, kind: Kind): boolean {
  return entity === "attribute" && key === "status" && kind === kindOf("runs");
}
