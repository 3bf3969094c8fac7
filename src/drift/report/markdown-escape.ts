import { cut, plainText } from "./plain-text.ts";

/**
 * Text of at most `width` characters that means itself within a line or a cell of Markdown, on one line: no markup, no link and no HTML of
 * its own takes effect. At the beginning of a line it may still open a list or a heading, so it does not belong there.
 */
export function escapeMarkdown(text: string, width: number): string {
  return cut(plainText(text), width)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("://", "&#58;//")
    .replaceAll(/www\./gi, (www) => `${www.slice(0, 3)}&#46;`)
    .replaceAll(/[\\`*~|[\]$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, "\\$&");
}
