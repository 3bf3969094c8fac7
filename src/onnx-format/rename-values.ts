import { fieldBytes, type MessageRewriter } from "./message-rewriter.ts";
import type { ProtoInput } from "./proto-input.ts";
import { sparseName, textField } from "./survey-nodes.ts";
import { text } from "./write-model.ts";

/** New names of values. */
export interface Renames {
  readonly has: (name: string) => boolean;
  /** The field of this number with the new name; undefined for a value that keeps its name. */
  readonly field: (number: number, name: string) => Uint8Array | undefined;
}

/** @param names - new names by old ones */
export function renamesOf(names: ReadonlyMap<string, string>): Renames {
  // Written once: a file can use a name a million times.
  const written = new Map<string, Uint8Array>();
  const field = (number: number, name: string) => {
    const to = names.get(name);
    if (to === undefined) return undefined;
    const key = `${number} ${name}`;
    const known = written.get(key);
    if (known !== undefined) return known;
    const bytes = fieldBytes((writer) => text(writer, number, to));
    written.set(key, bytes);
    return bytes;
  };
  return { has: (name) => names.has(name), field };
}

/**
 * Takes a field of a graph and renames values in it: where nodes and initializers give or use them, in what is declared of them, and
 * in graphs inside, as far as they mean the same values.
 *
 * @source onnx.proto, `GraphProto`; ONNX IR specification, "Names Within a Graph"
 */
export function renameField(at: MessageRewriter, field: number, renames: Renames): void {
  if (field === 1) at.message(1, (inner) => renameInNode(at, inner, renames));
  else if (field === 5) renameIn(at, 5, 8, renames);
  else if (field === 11 || field === 12 || field === 13) renameIn(at, field, 1, renames);
  else if (field === 14) at.message(14, (inner) => renameInAnnotation(at, inner, renames));
  else if (field === 15) at.message(15, (inner) => (inner === 1 ? renameIn(at, 1, 8, renames) : at.input.skip()));
  else at.input.skip();
}

function renameInNode(at: MessageRewriter, field: number, renames: Renames): void {
  if (field === 1 || field === 2) renameText(at, field, renames);
  else if (field === 5) at.message(5, (inner) => renameInAttribute(at, inner, renames));
  else at.input.skip();
}

function renameInAttribute(at: MessageRewriter, field: number, renames: Renames): void {
  if (field !== 6 && field !== 11) {
    at.input.skip();
    return;
  }
  const hidden = at.input.ahead(() => namesHidden(at.input, renames));
  // Not a copy of what is left of them: a file can have many names and many graphs.
  const outer: Renames = {
    has: (name) => !hidden.has(name) && renames.has(name),
    field: (number, name) => (hidden.has(name) ? undefined : renames.field(number, name)),
  };
  at.message(field, (inner) => renameField(at, inner, hidden.size === 0 ? renames : outer));
}

/** Which tensor is quantized, and the tensors with its parameters. */
function renameInAnnotation(at: MessageRewriter, field: number, renames: Renames): void {
  if (field === 1) renameText(at, 1, renames);
  else if (field === 2) renameIn(at, 2, 2, renames);
  else at.input.skip();
}

/** Takes a message and renames the value that one of its fields names. */
function renameIn(at: MessageRewriter, field: number, number: number, renames: Renames): void {
  at.message(field, (inner) => (inner === number ? renameText(at, inner, renames) : at.input.skip()));
}

function renameText(at: MessageRewriter, field: number, renames: Renames): void {
  const renamed = renames.field(field, at.input.text());
  if (renamed !== undefined) at.replace(renamed);
}

/** Those of the names that a graph gives to values of its own, so that in it they mean other values. */
function namesHidden(input: ProtoInput, renames: Renames): ReadonlySet<string> {
  const names = new Set<string>();
  const hide = (name: string) => {
    if (renames.has(name)) names.add(name);
  };
  const readNode = (field: number) => {
    if (field === 2) hide(input.text());
    else input.skip();
  };
  input.message((field) => {
    if (field === 1) input.message(readNode);
    else if (field === 5) hide(textField(input, 8));
    else if (field === 11) hide(textField(input, 1));
    else if (field === 15) hide(sparseName(input));
    else input.skip();
  });
  return names;
}
