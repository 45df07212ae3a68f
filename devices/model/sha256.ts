import { createHash } from "node:crypto";

/** SHA-256 of bytes, or of a text in UTF-8, as 64 small hexadecimal digits. */
export function sha256Hex(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Sixteen digits that stand for these texts, for ids that are made from what they stand for. */
export function shortDigest(...parts: readonly string[]): string {
  return sha256Hex(parts.join("\n")).slice(0, 16);
}
