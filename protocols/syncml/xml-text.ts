// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose.
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** Throws a plain `Error` for text that XML cannot carry: whoever put it there should have checked. */
export function requireXmlText(text: string): void {
  if (!FORBIDDEN.test(text) && text.isWellFormed()) return;
  throw new Error(`XML cannot carry this text: ${JSON.stringify(text.slice(0, 80))}`);
}

const NAME_START =
  "A-Z_a-z\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d" +
  "\\u2070-\\u218f\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd\\u{10000}-\\u{effff}";
const NAME_REST = "\\-.0-9\\u00b7\\u0300-\\u036f\\u203f\\u2040";
const NAME = new RegExp(`^[${NAME_START}][${NAME_START}${NAME_REST}]*$`, "u");

/** Is it a name without a prefix that XML could give an element or an attribute? [XML Names, 4] */
export function isXmlName(name: string): boolean {
  return NAME.test(name);
}
