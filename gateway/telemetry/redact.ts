/** Keeps secrets out of the log, whoever logs them by mistake. */

export const REDACTED = "[redacted]";
/** A longer text is cut: the log is for events, not for bodies. */
export const TEXT_LENGTH_MAX = 4_000;

const SECRET_NAME =
  /pass(word|phrase|wd)?$|secret|token|authori[sz]ation|cookie|credential|^cred$|nonce|(api|private|database|encryption)-?_?key|(enrol(l)?ment|join)-?_?code$|signature|^sig$|hmac/i;

/** Is a field of this name likely to hold a secret? */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Free text without what looks like credentials: in addresses, queries and headers; cut if long. */
export function scrub(text: string): string {
  const clean = text
    .replace(/\b(https?:\/\/)[^\s/@]+@/gi, `$1${REDACTED}@`)
    .replace(/\b(sig|token|access_token|password|secret|code)=[^&\s"']+/gi, `$1=${REDACTED}`)
    .replace(/\b(Bearer|Basic|Digest)\s+[A-Za-z0-9+/=._~-]{6,}/gi, `$1 ${REDACTED}`);
  return clean.length <= TEXT_LENGTH_MAX ? clean : `${clean.slice(0, TEXT_LENGTH_MAX)}…`;
}
