import { cut, plainText } from "./plain-text.ts";

/** Longest text in a `title`, characters. */
const MAX_TITLE = 120;

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Any text as HTML text or the value of a quoted attribute, on one line, harmless (see {@link plainText}). */
export function escapeHtml(text: string): string {
  return plainText(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** A sentence of at most `width` characters. */
export function sentence(text: string, width: number): string {
  return escapeHtml(cut(plainText(text), width));
}

/** A name cut to `width` characters, its direction kept to itself; the whole, up to 120 characters, is its `title` where it was cut. */
export function nameHtml(text: string, width: number): string {
  const plain = plainText(text);
  if (plain === "") return '<i class="mu">empty</i>';
  const short = cut(plain, width);
  return short === plain
    ? `<bdi>${escapeHtml(plain)}</bdi>`
    : `<bdi title="${sentence(plain, MAX_TITLE)}">${escapeHtml(short)}</bdi>`;
}

/** What {@link nameHtml} is to HTML to the inside of an SVG text. */
export function nameSvg(text: string, width: number): string {
  const plain = plainText(text);
  const short = cut(plain, width);
  return short === plain ? escapeHtml(plain) : `${escapeHtml(short)}<title>${sentence(plain, MAX_TITLE)}</title>`;
}
