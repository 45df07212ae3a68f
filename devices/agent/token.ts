import { randomBytes } from "node:crypto";

/** What a device proves itself with: 256 bits of chance in characters that the protocol takes. [2.2] */
export function newToken(): string {
  return randomBytes(32).toString("base64url");
}
