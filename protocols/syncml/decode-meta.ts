import { numberOf } from "./decode-leaf.ts";
import type { Element } from "./element.ts";
import type { Challenge, Meta } from "./message.ts";

/**
 * Decodes a Meta element, or an Item whose Format and Type were written outside of a Meta. Format
 * is put in lower case (a client writes `Chr`), an empty Format or Type counts as not given.
 */
export function decodeMeta(element: Element): Meta | undefined {
  let format: string | undefined;
  let type: string | undefined;
  let mark: string | undefined;
  let size: number | undefined;
  for (const child of element.children) {
    switch (child.name) {
      case "Format":
        format = child.text.trim().toLowerCase() || undefined;
        break;
      case "Type":
        type = normaliseType(child.text.trim()) || undefined;
        break;
      case "Mark":
        mark = child.text.trim() || undefined;
        break;
      case "Size":
        size = numberOf(child.text);
        break;
      default: // Everything else in Meta belongs to data synchronisation or to SyncHdr.
    }
  }
  if (format === undefined && type === undefined && mark === undefined && size === undefined) {
    return undefined;
  }
  return { format, type, mark, size };
}

/** `Reversed-Domain-Name: com.example` and the same without the blank are one type. */
function normaliseType(type: string): string {
  const colon = type.indexOf(":");
  if (colon < 0 || type.charCodeAt(colon + 1) > 32) return type;
  return type.slice(0, colon + 1) + type.slice(colon + 1).trimStart();
}

/** The Meta of a Cred or a Chal; an unnamed type is basic, as the specification has it. */
export function decodeChallengeMeta(element: Element): Challenge {
  let format: string | undefined;
  let type = "syncml:auth-basic";
  let nextNonce: string | undefined;
  const meta = element.children.find(({ name }) => name === "Meta") ?? element;
  for (const child of meta.children) {
    if (child.name === "Format") format = child.text.trim().toLowerCase() || undefined;
    else if (child.name === "Type") type = child.text.trim() || type;
    else if (child.name === "NextNonce") nextNonce = child.text.trim();
  }
  return { type, format, nextNonce };
}
