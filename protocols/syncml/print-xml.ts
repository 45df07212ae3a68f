import type { Element } from "./element.ts";
import { requireXmlText } from "./xml-text.ts";

/**
 * Prints an element tree as one XML document without blanks between elements. The same tree always
 * prints the same text: a namespace is declared where it differs from the parent's, an element
 * without content is self-closed, and `& < >` and carriage returns in text are escaped.
 *
 * Throws a plain `Error` when text holds a character that XML cannot carry: whoever put it there
 * should have checked.
 */
export function printXml(root: Element): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${printElement(root, "")}`;
}

/** Prints one element without the XML declaration, for text that is itself XML. */
export function printElement(element: Element, inherited: string): string {
  const { name, namespace, children } = element;
  let start = `<${name}`;
  if (namespace !== inherited) start += ` xmlns="${escapeXml(namespace)}"`;
  for (const attribute of element.attributes) {
    start += ` ${attribute.name}="${escapeAttribute(attribute.value)}"`;
  }
  if (children.length === 0) {
    const { text } = element;
    return text === "" ? `${start}/>` : `${start}>${escapeXml(text)}</${name}>`;
  }
  let content = "";
  for (const child of children) content += printElement(child, namespace);
  return `${start}>${content}</${name}>`;
}

/** A reader turns line ends and tabs in an attribute into blanks unless they are references. */
export function escapeAttribute(value: string): string {
  return escapeXml(value).replaceAll("\n", "&#10;").replaceAll("\t", "&#9;");
}

/** Anything that cannot stand as it is in text or in a quoted attribute. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose.
const SPECIAL = /[&<>"\u0000-\u0008\u000b\u000c\u000d-\u001f\ud800-\udfff\ufffe\uffff]/;

/** Text as it stands in an element. Throws as `printXml` does. */
export function escapeXml(text: string): string {
  return SPECIAL.test(text) ? escapeSpecial(text) : text;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
};

function escapeSpecial(text: string): string {
  requireXmlText(text);
  return text.replace(/[&<>"\r]/g, (character) => ESCAPES[character] ?? character);
}
