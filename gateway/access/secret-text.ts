import { randomBytes, timingSafeEqual } from "node:crypto";
import { sha256Hex } from "../../devices/model/sha256.ts";

/** 32 characters without l, o, 0 and 1: people read these aloud and type them. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";

/** `count` random characters of five bits each. */
export function randomText(count: number): string {
  return [...randomBytes(count)].map((byte) => ALPHABET[byte % 32]).join("");
}

/** Compares two secrets without telling by the time it takes where they differ. */
export function isSameSecret(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(sha256Hex(a), "hex"), Buffer.from(sha256Hex(b), "hex"));
}
