/**
 * The subject of a certificate as RFC 4514 writes it: `CN=Device-42,O=Contoso`. The older form with
 * slashes is not read: a slash inside a value could pass for another attribute there.
 */

/** The attributes of a subject, as they are written; separators inside values stay. */
export function subjectAttributes(subject: string): readonly string[] {
  const attributes = subject.match(/(?:\\.|"(?:\\.|[^"\\])*"|[^,+\\"])+/gs) ?? [];
  return attributes.map((attribute) => attribute.trim()).filter((attribute) => attribute !== "");
}

/**
 * One text for all the ways to write a subject: proxies differ in the order of attributes, the blanks
 * between them and the letter case of their types. Values are compared letter for letter.
 * Undefined when it names no attribute.
 */
export function canonicalSubject(subject: string): string | undefined {
  const attributes = subjectAttributes(subject).map(canonicalAttribute);
  if (attributes.length === 0 || attributes.includes("")) return undefined;
  return attributes.sort().join(",");
}

function canonicalAttribute(attribute: string): string {
  const equals = attribute.indexOf("=");
  const type = attribute.slice(0, equals).trim().toUpperCase();
  const value = attribute.slice(equals + 1).trim();
  return equals < 1 || type === "" || value === "" ? "" : `${type}=${value}`;
}
