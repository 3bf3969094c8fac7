/** Longest text that is looked at, UTF-16 units; what is behind it is never shown. */
const MAX_READ = 2000;

const CONTROLS =
  /[\p{Cc}\p{Surrogate}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\ufffe\uffff\u{e0000}-\u{e007f}]/gu;

/** Scripts from here on have glyphs about twice as wide as Latin ones. */
const WIDE = 0x1100;

/**
 * Text on one line that can neither turn its surroundings around nor hide: white space of any kind is a space; control characters, marks
 * of direction and halves of surrogate pairs are shown as a replacement mark.
 */
export function plainText(text: string): string {
  return String(text)
    .slice(0, MAX_READ)
    .replaceAll(/[\s\u0085]+/gu, " ")
    .trim()
    .replaceAll(CONTROLS, "\ufffd");
}

/** At most `width` columns of a plain text, a wide glyph counting as two, with an ellipsis where it was cut. No character is cut in half. */
export function cut(text: string, width: number): string {
  let left = width;
  let end = 0;
  let fits = "";
  for (const glyph of text) {
    left -= glyph.codePointAt(0)! >= WIDE ? 2 : 1;
    if (left >= 1) fits = text.slice(0, end + glyph.length);
    if (left < 0) return `${fits}…`;
    end += glyph.length;
  }
  return text;
}
