/** Stands where a secret stood. */
export const MASK = "[masked]";

/**
 * Nodes whose values are secrets, by the last part of their URI or by their name in a tree, in lower
 * case: of DM accounts (1.1.2 and 1.2), enterprise enrolment, certificates and Wi-Fi.
 */
export const SECRET_NODES: ReadonlySet<string> = new Set([
  "aauthdata",
  "aauthsecret",
  "challenge",
  "clientnonce",
  "clientpw",
  "enrollmenttoken",
  "keymaterial",
  "password",
  "pfxcertblob",
  "pfxcertpassword",
  "presharedkey",
  "privatekey",
  "servernonce",
  "serverpw",
  "sharedsecret",
]);

const NAMES = [...SECRET_NODES].join("|");

/**
 * Secrets that stand inside of other text: what comes before one is the first group, it itself the
 * second. No part of a pattern may run over any length, or hostile text would take for ever.
 */
const PATTERNS: readonly RegExp[] = [
  // The signature of a link, ours or a vendor's, also where the text is XML in XML.
  /([?&](?:amp;)*(?:sig|signature|x-amz-signature|x-amz-security-token|x-goog-signature|(?:access_)?token)=)([^&\s"'<]+)/gi,
  // A password in a link.
  /(:\/\/[^\s/:@"'<]{1,256}:)([^\s/@"'<]+)(?=@)/g,
  // Documents in Data: a device tree, a provisioning document, a Wi-Fi profile.
  new RegExp(
    `(<NodeName>\\s{0,9}(?:${NAMES})\\s{0,9}</NodeName>[\\s\\S]{0,1000}?<Value>)([^<]+)`,
    "gi",
  ),
  new RegExp(`(<parm\\s[^>]{0,200}?name="(?:${NAMES})"[^>]{0,200}?value=")([^"]+)`, "gi"),
  /(<(?:keyMaterial|sharedKey|password)>)([^<]+)/gi,
];

/** Any of the patterns needs one of these. */
const SUSPICIOUS = /[=<@]/;

/** Text without the secrets that stand in it, such as the signatures of links. */
export function maskText(text: string): string {
  return SUSPICIOUS.test(text) ? maskPiece(text, "") : text;
}

/**
 * The same for a piece of a longer text.
 *
 * @param before what came before the piece, as it was: a secret may begin there
 */
export function maskPiece(text: string, before: string): string {
  const whole = before + text;
  const secrets: (readonly [start: number, end: number])[] = [];
  for (const pattern of PATTERNS) {
    for (const match of whole.matchAll(pattern)) {
      const start = match.index + (match[1] ?? "").length;
      const end = start + (match[2] ?? "").length;
      if (end > before.length) secrets.push([Math.max(start, before.length), end]);
    }
  }
  if (secrets.length === 0) return text;
  let masked = "";
  let at = before.length;
  for (const [start, end] of secrets.sort(([one], [other]) => one - other)) {
    if (start >= at) masked += whole.slice(at, start) + MASK;
    at = Math.max(at, end);
  }
  return masked + whole.slice(at);
}
