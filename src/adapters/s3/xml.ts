/** An element of an XML document. Attributes are not kept; `text` is what stands directly in it. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** S3's deepest answer has four levels. */
const MAX_DEPTH = 16;

const DECLARATION = /^\s*<\?xml(?:\s[^<>?]*)?\?>/;
const TAG = /<(\/?)([A-Za-z_][\w.:-]*)(?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(\/?)>/y;
const TEXT = /[^<]+/y;
const REFERENCE = /&(?:#(\d{1,7})|#x([\dA-Fa-f]{1,6})|(amp|lt|gt|quot|apos));|&/g;
const named: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

/**
 * Reads the XML of S3's answers: elements, text, the five named and the numeric references, nothing else. A document type, an
 * entity of its own, a comment, CDATA or a processing instruction is an error, so that nothing can expand.
 *
 * @throws an `Error` for anything that is not such a document
 */
export function parseXml(source: string): XmlElement {
  const root = { name: "", text: "", children: [] as XmlElement[] };
  const open = [root];
  let at = DECLARATION.exec(source)?.[0].length ?? 0;
  while (at < source.length) {
    const parent = open.at(-1)!;
    TEXT.lastIndex = at;
    const text = TEXT.exec(source)?.[0];
    if (text !== undefined) {
      if (parent === root && text.trim() !== "") throw malformed("text outside of the root element", at);
      parent.text += unescaped(text, at);
      at += text.length;
      continue;
    }
    TAG.lastIndex = at;
    const tag = TAG.exec(source);
    if (tag === null) throw malformed("no tag that S3 would write", at);
    const [all, closes, name, isEmpty] = tag as unknown as [string, string, string, string];
    if (closes !== "") {
      if (open.length === 1 || parent.name !== name || isEmpty !== "") throw malformed("an end tag without its start", at);
      open.pop();
    } else {
      if (parent === root && root.children.length > 0) throw malformed("a second root element", at);
      if (open.length > MAX_DEPTH) throw malformed(`elements nested deeper than ${MAX_DEPTH}`, at);
      const element = { name, text: "", children: [] };
      parent.children.push(element);
      if (isEmpty === "") open.push(element);
    }
    at += all.length;
  }
  const [element] = root.children;
  if (element === undefined || open.length > 1) throw malformed("no end", at);
  return element;
}

/** The text of the first child with this name. */
export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

/** Text as it stands in an XML document. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function unescaped(text: string, at: number): string {
  return text.replace(REFERENCE, (all, decimal?: string, hexadecimal?: string, name?: string) => {
    const character = name === undefined ? characterOf(decimal, hexadecimal) : named.get(name);
    if (all === "&" || character === undefined) throw malformed("an unknown reference", at);
    return character;
  });
}

function characterOf(decimal: string | undefined, hexadecimal: string | undefined): string | undefined {
  const code = decimal === undefined ? Number.parseInt(hexadecimal ?? "", 16) : Number(decimal);
  return code <= 0x10_ffff ? String.fromCodePoint(code) : undefined;
}

function malformed(what: string, at: number): Error {
  return new Error(`The answer is not the XML of S3: ${what} at character ${at}`);
}
