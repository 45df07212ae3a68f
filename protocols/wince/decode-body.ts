import { ProtocolError, quoted } from "../errors.ts";

/** Names of encodings of systems that the standard decoder knows by another one. */
const ALIASES: Readonly<Record<string, string>> = {
  "932": "shift_jis",
  "936": "gbk",
  "949": "euc-kr",
  "950": "big5",
  "65001": "utf-8",
  "20866": "koi8-r",
};

const DECLARATION = /^\s*<\?xml\s[^?]*\?>/;
const ENCODING = /\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']/;
/** Bytes at the beginning in which a declaration is looked for. */
const DECLARATION_BYTES = 200;

/**
 * The text of a document without its XML declaration. Its encoding is the one that its byte order mark, its
 * declaration or its content type says, else UTF-8. A document that says none and is not UTF-8 is read in
 * the code page that the device names in it, as a poll does, or has named before.
 *
 * @param codePage the number of the device's code page, where it is known
 * @throws ProtocolError `ce-encoding` for an encoding that is not known, or bytes that are not in it
 */
export function decodeBody(
  bytes: Uint8Array,
  {
    contentType,
    codePage,
  }: { readonly contentType: string | null; readonly codePage: string | null },
): string {
  const said = byMark(bytes) ?? declared(bytes) ?? byContentType(contentType);
  if (said !== undefined) return undeclared(decode(bytes, said));
  try {
    return undeclared(decode(bytes, "utf-8"));
  } catch (error) {
    const named = /<CodePage>\s*(\d{3,5})\s*</.exec(latin(bytes))?.[1] ?? codePage;
    if (named === null) throw error;
    return undeclared(decode(bytes, named));
  }
}

function byMark(bytes: Uint8Array): string | undefined {
  const [first, second, third] = bytes;
  if (first === 0xef && second === 0xbb && third === 0xbf) return "utf-8";
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  // Text in two bytes each without a mark begins with a tag all the same.
  return first === 0x3c && second === 0 ? "utf-16le" : undefined;
}

function declared(bytes: Uint8Array): string | undefined {
  const [declaration] = DECLARATION.exec(latin(bytes.subarray(0, DECLARATION_BYTES))) ?? [];
  return declaration === undefined ? undefined : ENCODING.exec(declaration)?.[1];
}

function byContentType(contentType: string | null): string | undefined {
  return /;\s*charset\s*=\s*"?([A-Za-z0-9._-]{1,40})/i.exec(contentType ?? "")?.[1];
}

function decode(bytes: Uint8Array, name: string): string {
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(labelOf(name) as Bun.Encoding, { fatal: true });
  } catch (cause) {
    throw new ProtocolError("ce-encoding", `the encoding ${quoted(name)} is not known`, { cause });
  }
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new ProtocolError("ce-encoding", `the bytes are not ${quoted(name)}`, { cause });
  }
}

/** `1251`, `cp1251` and `windows-1251` are one; 866 is a name that the decoder knows. */
function labelOf(name: string): string {
  const number = /^(?:cp|ibm|windows-|x-cp)?(\d{3,5})$/i.exec(name)?.[1];
  if (number === undefined) return name;
  return ALIASES[number] ?? (/^(125\d|874)$/.test(number) ? `windows-${number}` : name);
}

/** The parser reads UTF-8 and refuses a declaration that says otherwise; this text was decoded already. */
function undeclared(text: string): string {
  return text.replace(DECLARATION, "");
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
