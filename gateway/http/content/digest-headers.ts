import { fieldError } from "../../../devices/model/errors.ts";
import { parseSha256, type Sha256 } from "../../../devices/model/ids.ts";

/**
 * The SHA-256 that a sender announces, in whichever of the headers in use it does so: `Repr-Digest` or
 * `Content-Digest` (RFC 9530), `Digest` (RFC 3230), or `X-Content-SHA256` in hexadecimal.
 *
 * Undefined when none announces a SHA-256. Throws AppError "unprocessable" when one does so unreadably:
 * a check that somebody asked for must not be skipped silently.
 */
export function declaredSha256(headers: Headers): Sha256 | undefined {
  const digests = [
    ...["repr-digest", "content-digest"].map((name) => structured(headers.get(name))),
    instance(headers.get("digest")),
    hexadecimal(headers.get("x-content-sha256")),
  ].filter((digest) => digest !== undefined);
  if (new Set(digests).size > 1) throw unreadable("The headers announce different digests.");
  return digests[0];
}

function structured(header: string | null): Sha256 | undefined {
  const member = /(?:^|,)\s*sha-256\s*=\s*([^,]*)/i.exec(header ?? "")?.[1];
  if (member === undefined) return undefined;
  return fromBase64(/^:([^:]*):/.exec(member)?.[1] ?? "");
}

function instance(header: string | null): Sha256 | undefined {
  const value = /(?:^|,)\s*sha-256\s*=\s*([^,]*)/i.exec(header ?? "")?.[1];
  return value === undefined ? undefined : fromBase64(value.trim());
}

function hexadecimal(header: string | null): Sha256 | undefined {
  if (header === null) return undefined;
  const digest = parseSha256(header.trim().toLowerCase());
  if (!digest) throw unreadable("X-Content-SHA256 takes 64 hexadecimal digits.");
  return digest;
}

function fromBase64(text: string): Sha256 {
  const digest = parseSha256(Buffer.from(text, "base64").toString("hex"));
  if (!digest) throw unreadable("The announced SHA-256 is not 32 bytes in base64.");
  return digest;
}

function unreadable(message: string) {
  return fieldError("/digest", message);
}
