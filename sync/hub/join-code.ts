/**
 * One-time codes for joining a site. A code also carries a fingerprint of the hub's key, so that the
 * site knows the hub it was meant for, whoever answers. [PROTOCOL 1]
 *
 *   abcde-fghij-kmnpq-rstuv.0123456789abcdef
 */

import type { SiteId } from "../../devices/model/ids.ts";
import { sha256Hex } from "../../devices/model/sha256.ts";
import { JOIN_CODE_MS_MAX } from "../limits.ts";
import type { JoinCode } from "../ports/hub-store.ts";

/** Without 0, 1, l and o: codes are read out over the telephone. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";
const GROUPS = 4;
const GROUP_CHARACTERS = 5;
const FINGERPRINT_CHARACTERS = 16;

/** How long a code is good unless its maker says otherwise, in milliseconds. */
export const JOIN_CODE_MS_DEFAULT = 24 * 60 * 60 * 1000;

export interface NewJoinCode {
  /** The id the site will have; of a site that exists: this code replaces its box. */
  readonly site: SiteId;
  readonly name: string;
  readonly by: string;
  /** At most `JOIN_CODE_MS_MAX`. */
  readonly validMs: number;
}

/** @returns the code to show once, and the record to keep: only the code's hash */
export function makeJoinCode(
  wanted: NewJoinCode,
  hubPublicKey: string,
  nowMs: number,
  randomBytes: (count: number) => Uint8Array,
): { readonly code: string; readonly record: JoinCode } {
  const characters = [...randomBytes(GROUPS * GROUP_CHARACTERS)].map((byte) => ALPHABET[byte % 32]);
  const groups = Array.from({ length: GROUPS }, (_, index) =>
    characters.slice(index * GROUP_CHARACTERS, (index + 1) * GROUP_CHARACTERS).join(""),
  );
  const code = `${groups.join("-")}.${fingerprintOfKey(hubPublicKey)}`;
  return {
    code,
    record: {
      id: Buffer.from(randomBytes(8)).toString("hex"),
      codeHash: hashOfCode(code),
      site: wanted.site,
      name: wanted.name,
      createdBy: wanted.by,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + Math.min(wanted.validMs, JOIN_CODE_MS_MAX),
      usedAtMs: null,
      usedByKey: null,
    },
  };
}

/** What is kept of a code. Case, spaces around it and forgotten dashes do not matter. */
export function hashOfCode(code: string): string {
  return sha256Hex(code.trim().toLowerCase().replaceAll(/[\s-]/g, ""));
}

/** Is this the hub that the code was made by? */
export function isCodeOf(code: string, hubPublicKey: string): boolean {
  return code
    .trim()
    .toLowerCase()
    .endsWith(`.${fingerprintOfKey(hubPublicKey)}`);
}

function fingerprintOfKey(publicKey: string): string {
  return sha256Hex(publicKey).slice(0, FINGERPRINT_CHARACTERS);
}
