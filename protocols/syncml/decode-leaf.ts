import type { Element } from "./element.ts";

/** The text of the first child of that name; undefined when there is none. */
export function childText(element: Element, name: string): string | undefined {
  for (const child of element.children) if (child.name === name) return child.text;
  return undefined;
}

/** A whole number of at most nine digits, blanks around it allowed; otherwise undefined. */
export function numberOf(text: string): number | undefined {
  const digits = text.trim();
  if (digits === "" || digits.length > 9) return undefined;
  let value = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}
