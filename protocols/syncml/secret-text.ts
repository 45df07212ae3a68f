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
  "sharedkey",
  "sharedsecret",
]);

const NAMES = `(?:${[...SECRET_NODES].join("|")})`;

/**
 * XML stands in text as it is, or escaped once more and again. `text` is what follows a start tag: the
 * end of the first group, and the secret.
 */
const ESCAPED = "&(?:amp;){0,4}";
const ESCAPED_QUOTE = "(?:quot|apos|#3[49]|#x2[27]);";
const LEVELS = [
  { lt: "<", gt: ">", inside: "[^<>]{0,200}?", text: "(?:\\s{0,99}<!\\[CDATA\\[)?)([^<]+)" },
  {
    lt: `${ESCAPED}lt;`,
    gt: `${ESCAPED}gt;`,
    inside: `(?:(?!${ESCAPED}lt;)[^<>]){0,200}?`,
    text: `(?=[^<]))([^<&]*(?:&(?!(?:amp;){0,4}lt;)[^<&]*){0,500})`,
  },
] as const;
const QUOTES = [
  { quote: '"', value: '[^"<]+' },
  { quote: "'", value: "[^'<]+" },
  {
    quote: `${ESCAPED}${ESCAPED_QUOTE}`,
    value: `[^<&]*(?:&(?!(?:amp;){0,4}(?:lt;|${ESCAPED_QUOTE}))[^<&]*){0,500}`,
  },
] as const;
const PREFIX = "(?:[\\w.-]{1,40}:)?";
const IS = "\\s{0,9}=\\s{0,9}";

/** Documents in Data: device trees, provisioning documents, Wi-Fi profiles. */
const DOCUMENT_PATTERNS: readonly RegExp[] = LEVELS.flatMap(({ lt, gt, inside, text }) => {
  const begin = (name: string) => `${lt}${PREFIX}${name}(?:\\s${inside})?${gt}`;
  return [
    // The name and the value of a node.
    `(${begin("NodeName")}\\s{0,9}${NAMES}\\s{0,9}${lt}/${PREFIX}NodeName[\\s\\S]{0,1000}?${begin("Value")}${text}`,
    `(${begin(NAMES)}${text}`,
    ...QUOTES.flatMap(({ quote, value }) => {
      const name = `\\bname${IS}${quote}\\s{0,9}${NAMES}\\s{0,9}${quote}`;
      const parm = `${lt}${PREFIX}parm\\s${inside}`;
      return [
        `(${parm}${name}${inside}\\bvalue${IS}${quote})(${value})`,
        `(${parm}\\bvalue${IS}${quote})(${value})(?=${quote}${inside}${name})`,
      ];
    }),
  ].map((source) => new RegExp(source, "gi"));
});
const ANY_NAME = new RegExp(NAMES, "i");

/** What a program is told at its start, such as `DB_PASSWORD="a b"`. */
const ARGUMENT =
  "(?:password|passwd|passphrase|pwd|secret|(?<!publickey)token|(?:access|api|licen[cs]e|pid|private|product|secret|shared)_?key)";

/**
 * Secrets that stand inside of other text: what comes before one is the first group, it itself the
 * second. No part of a pattern may run over any length, or hostile text would take for ever.
 */
const PATTERNS: readonly RegExp[] = [
  // The signature of a link, ours or a vendor's, also where the text is XML in XML.
  /([?&](?:amp;)*(?:sig|signature|key|code|x-amz-signature|x-amz-security-token|x-goog-signature|(?:access_)?token)=)([^&\s"'<]+)/gi,
  // A password in a link.
  /(:\/\/[^\s/:@"'<]{1,256}:)([^\s/@"'<]+)(?=@)/g,
  ...[
    `(${ARGUMENT}${IS}")([^"<]+(?:""[^"<]*){0,50})`,
    `(${ARGUMENT}${IS}')([^'<]+)`,
    `(${ARGUMENT}${IS}${ESCAPED}${ESCAPED_QUOTE})(${QUOTES[2].value})`,
    `(${ARGUMENT}=)(?=[^\\s"'<&])([^\\s"'<&]*(?:&(?!(?:amp;){0,4}(?:lt;|${ESCAPED_QUOTE}))[^\\s"'<&]*){0,500})`,
  ].map((source) => new RegExp(source, "gi")),
];

/** Any of the patterns needs one of these. */
const SUSPICIOUS = /[=<@&]/;

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
  const patterns = ANY_NAME.test(whole) ? [...PATTERNS, ...DOCUMENT_PATTERNS] : PATTERNS;
  for (const pattern of patterns) {
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
