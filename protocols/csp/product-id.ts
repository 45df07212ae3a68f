const GUID = /^[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}$/;

/**
 * A product's GUID in braces and upper case. Taken with or without braces, in any case; blanks
 * inside the braces are not. Undefined when it is no GUID.
 */
export function parseProductId(text: string): string | undefined {
  const trimmed = text.trim();
  const braced = trimmed.startsWith("{") && trimmed.endsWith("}");
  const guid = (braced ? trimmed.slice(1, -1) : trimmed).toUpperCase();
  return GUID.test(guid) ? `{${guid}}` : undefined;
}
