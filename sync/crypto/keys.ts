/**
 * The keys of the link: Ed25519 to sign, X25519 to seal secrets for one site. Keys travel and rest
 * as base64 of DER (SPKI public, PKCS#8 private).
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import type { HubIdentity } from "../ports/hub-store.ts";
import type { SiteKeys } from "../ports/site-link-store.ts";

export const SIGNATURE_BYTES = 64;
/** Longer than any key we make (44 bytes of DER), short enough to refuse anything else. */
const PUBLIC_KEY_CHARACTERS_MAX = 128;

/** The keys of a site's first start. */
export function newSiteKeys(): SiteKeys {
  const signing = generateKeyPairSync("ed25519");
  const sealing = generateKeyPairSync("x25519");
  return {
    signingPrivate: privateText(signing.privateKey),
    signingPublic: publicText(signing.publicKey),
    sealingPrivate: privateText(sealing.privateKey),
    sealingPublic: publicText(sealing.publicKey),
  };
}

/** The keys of a hub's first start. `organisation` becomes part of every device's id. [D10] */
export function newHubIdentity(organisation: string): HubIdentity {
  const signing = generateKeyPairSync("ed25519");
  return {
    organisation,
    signingPrivate: privateText(signing.privateKey),
    signingPublic: publicText(signing.publicKey),
  };
}

/** A signer with its key read once. */
export function signerFor(privateKey: string): (bytes: Uint8Array) => Uint8Array {
  const key = createPrivateKey({
    key: Buffer.from(privateKey, "base64"),
    format: "der",
    type: "pkcs8",
  });
  return (bytes) => new Uint8Array(sign(null, bytes, key));
}

/** False for a wrong signature and for bytes that are no signature at all; never throws. */
export function isSigned(publicKey: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  try {
    return verify(null, bytes, publicKey, signature);
  } catch {
    return false; // Not a point on the curve: as wrong as any other signature.
  }
}

/** A public key of the wanted kind, or undefined when the text is not one. */
export function parsePublicKey(text: string, kind: "ed25519" | "x25519"): KeyObject | undefined {
  if (text.length > PUBLIC_KEY_CHARACTERS_MAX) return undefined;
  try {
    const key = createPublicKey({ key: Buffer.from(text, "base64"), format: "der", type: "spki" });
    return key.asymmetricKeyType === kind ? key : undefined;
  } catch {
    return undefined; // Whatever node finds wrong with it, it is not a key.
  }
}

function publicText(key: KeyObject): string {
  return key.export({ type: "spki", format: "der" }).toString("base64");
}

function privateText(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "der" }).toString("base64");
}
