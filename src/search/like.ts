/** Whether text matches a pattern of `like`: `%` is any number of characters, `_` one, anything else itself. Both are lists of characters. */
function matchesPattern(text: readonly string[], pattern: readonly string[]): boolean {
  let at = 0;
  let next = 0;
  // Where the last `%` stands, and where the text behind it begins: only the last one has to be tried again.
  let star = -1;
  let begin = 0;
  while (at < text.length) {
    if (pattern[next] === "%") {
      star = next++;
      begin = at;
    } else if (next < pattern.length && (pattern[next] === "_" || pattern[next] === text[at])) {
      next++;
      at++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++begin;
    } else {
      return false;
    }
  }
  while (pattern[next] === "%") next++;
  return next === pattern.length;
}

/**
 * Whether text is like a pattern: `%` stands for any number of characters, `_` for one, a character being a code point. There is no
 * escape. Takes time in proportion to the product of the lengths at most.
 */
export function isLike(text: string, pattern: string): boolean {
  return matchesPattern([...text], [...pattern]);
}

/** Text with its ASCII letters in lower case; others stay, so that all stores answer alike. */
export function foldAscii(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** The ASCII letters that occur in text, in lower case, each once. */
export function lettersOf(text: string): readonly string[] {
  return [...new Set(foldAscii(text).match(/[a-z]/g))];
}

/** Which of two texts comes first, by code points, which is the order of UTF-8 bytes: negative, zero or positive. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    // Surrogates stand for code points above all others, though their own numbers are smaller than those of U+E000 and on.
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
