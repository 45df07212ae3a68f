/** The subject that every device has before a server gave it another. [E-038] */
const DEFAULT_SUBJECT = "b1c43cd0-1624-5fbb-8e54-34cf17dfd3a1";

/** How many times a name may have been percent-encoded and still be recognised. */
const ENCODINGS_MAX = 3;

/**
 * Does this text name the device's default certificate subject, in any spelling: encoded, decoded,
 * with `\\x00` or `%00` behind it, or without? Such criteria must be refused. [Q46]
 */
export function isDefaultSubject(text: string): boolean {
  let plain = text;
  for (let round = 0; round < ENCODINGS_MAX; round++) plain = decodeEscapes(plain);
  return plain.toLowerCase().includes(DEFAULT_SUBJECT);
}

/**
 * Can a certificate fit this text at all? Each of its parts has to be an attribute with a value, as in
 * `CN%3DDevice-42`, and none holds NUL, which no subject does. Criteria that fit nothing would keep
 * every device from its downloads.
 */
export function namesSubject(text: string): boolean {
  const plain = decodeEscapes(text.replace(/^Subject=/i, ""));
  return /^\s*[A-Za-z0-9.]+\s*=\s*\S/.test(plain) && !/\0|\\x00/i.test(plain);
}

/** Decodes what is a percent escape of one ASCII character and leaves the rest alone. */
function decodeEscapes(text: string): string {
  return text.replaceAll(/%([0-7][0-9a-f])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
