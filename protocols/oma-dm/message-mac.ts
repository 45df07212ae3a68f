import { createHash } from "node:crypto";
import { sameBytes } from "./credentials.ts";

/**
 * The MAC of a message: `x-syncml-hmac: algorithm=MD5, username="u", mac=…`, over the exact bytes of
 * the body. It is called HMAC and is a plain chain of MD5, not RFC 2104. [syncml 3.4]
 */
export const MAC_HEADER = "x-syncml-hmac";

/** A MAC as it came with a message. */
export interface ReceivedMac {
  /** Empty when the header was there and could not be read. */
  readonly userName: string;
  /** Base64. */
  readonly mac: string;
  /** B64(H(body)). */
  readonly bodyHash: string;
}

/** What a message is signed with. */
export interface MacKey {
  readonly userName: string;
  /** B64(H(user ":" password)). */
  readonly secretHash: string;
  /** Base64. */
  readonly nonce: string;
}

/**
 * Reads the header of a message; undefined when there is none. One that cannot be read, or that
 * names another algorithm than MD5, is a MAC that fits nothing.
 */
export function receivedMac(
  header: string | null | undefined,
  body: Uint8Array,
): ReceivedMac | undefined {
  if (header === null || header === undefined) return undefined;
  const bodyHash = bodyHashOf(body);
  const parameters = parametersOf(header);
  const userName = parameters.get("username");
  const mac = parameters.get("mac");
  const algorithm = parameters.get("algorithm") ?? "MD5";
  const isReadable = userName !== undefined && mac !== undefined && /^md-?5$/i.test(algorithm);
  return isReadable
    ? { userName, mac: mac.replaceAll(/\s+/g, ""), bodyHash }
    : { userName: "", mac: "", bodyHash };
}

/** The value of the header for a body that is sent. */
export function macHeader(key: MacKey, body: Uint8Array): string {
  const mac = macOf(key.secretHash, key.nonce, bodyHashOf(body)).toString("base64");
  const userName = key.userName.replaceAll(/["\\]/g, "\\$&");
  return `algorithm=MD5, username="${userName}", mac=${mac}`;
}

/** Does the MAC answer this secret and nonce (base64)? Constant time. */
export function verifyMac(received: ReceivedMac, secretHash: string, nonce: string): boolean {
  const offered = Buffer.from(received.mac, "base64");
  return sameBytes(offered, macOf(secretHash, nonce, received.bodyHash));
}

function macOf(secretHash: string, nonce: string, bodyHash: string): Buffer {
  return createHash("md5")
    .update(`${secretHash}:`)
    .update(Buffer.from(nonce, "base64"))
    .update(`:${bodyHash}`)
    .digest();
}

function bodyHashOf(body: Uint8Array): string {
  return createHash("md5").update(body).digest("base64");
}

/** `name=value` with commas between; values may be quoted, names have any case, blanks are free. */
const PARAMETER = /([A-Za-z]+)\s*=\s*("(?:\\.|[^"\\])*"|[^,]*)/g;

function parametersOf(header: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const [, name = "", value = ""] of header.matchAll(PARAMETER)) {
    parameters.set(name.toLowerCase(), unquoted(value.trim()));
  }
  return parameters;
}

function unquoted(value: string): string {
  if (!value.startsWith('"') || !value.endsWith('"') || value.length < 2) return value;
  return value.slice(1, -1).replaceAll(/\\(.)/g, "$1");
}
