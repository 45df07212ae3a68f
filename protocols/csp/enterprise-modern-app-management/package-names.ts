import { createHash } from "node:crypto";

/** Characters of a package's name, and of the hash of who published it. */
const NAME = /^[A-Za-z0-9.-]{3,50}$/;
const PUBLISHER_ID = /^[0-9a-hjkmnp-tv-z]{13}$/;
const VERSION = /^\d{1,5}(\.\d{1,5}){3}$/;
const ARCHITECTURES = ["x86", "x64", "arm", "arm64", "neutral"];

/** A package full name, taken apart: `Name_Version_Architecture_ResourceId_PublisherId`. */
export interface PackageFullName {
  readonly familyName: string;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly resourceId: string;
}

/**
 * A package family name, `Name_PublisherId`, as Windows writes it; the hash is in small letters.
 * Undefined when it is none.
 */
export function parseFamilyName(text: string): string | undefined {
  const [name = "", publisherId = "", ...more] = text.trim().split("_");
  const hash = publisherId.toLowerCase();
  return more.length === 0 && NAME.test(name) && PUBLISHER_ID.test(hash)
    ? `${name}_${hash}`
    : undefined;
}

/** Undefined when the text is no package full name. */
export function parseFullName(text: string): PackageFullName | undefined {
  const parts = text.trim().split("_");
  const [name = "", version = "", architecture = "", resourceId = "", publisherId = ""] = parts;
  const familyName = parseFamilyName(`${name}_${publisherId}`);
  const fits =
    parts.length === 5 &&
    VERSION.test(version) &&
    ARCHITECTURES.includes(architecture.toLowerCase());
  return fits && familyName !== undefined
    ? { familyName, name, version, architecture: architecture.toLowerCase(), resourceId }
    : undefined;
}

/** Names of families ignore letter case. */
export function sameFamily(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** What the names of a package are made of. */
export interface PackageIdentity {
  readonly name: string;
  /** The subject of the certificate that signs it, exactly as the manifest has it. */
  readonly publisher: string;
  readonly version: string;
  readonly architecture: string;
  readonly resourceId: string;
}

/** Crockford's letters in small: no i, l, o, u. */
const BASE_32 = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * The hash of a publisher that package names end with: the first 64 bits of SHA-256 over its UTF-16,
 * five bits a character.
 */
export function publisherIdOf(publisher: string): string {
  const digest = createHash("sha256").update(Buffer.from(publisher, "utf16le")).digest();
  // 13 characters hold 65 bits: the last one is 0.
  const bits = digest.readBigUInt64BE(0) << 1n;
  return Array.from({ length: 13 }, (_, n) => {
    const index = Number((bits >> BigInt(60 - 5 * n)) & 31n);
    return BASE_32.charAt(index);
  }).join("");
}

export function familyNameOf({ name, publisher }: PackageIdentity): string {
  return `${name}_${publisherIdOf(publisher)}`;
}

export function fullNameOf(identity: PackageIdentity): string {
  const { name, version, architecture, resourceId, publisher } = identity;
  return [name, version, architecture, resourceId, publisherIdOf(publisher)].join("_");
}
