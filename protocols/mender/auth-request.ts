import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { z } from "zod";
import { readAs } from "../agent/read-message.ts";
import { ProtocolError } from "../errors.ts";

/** Bytes of a request; a key of the largest kind takes a tenth of it. */
export const AUTH_BYTES_MAX = 16 * 1024;
/** Smaller RSA keys are refused, and larger ones, which cost us more than they give. */
export const RSA_BITS_MIN = 2_048;
export const RSA_BITS_MAX = 8_192;
/** By what an identity is made of; a device says a few of them. */
const IDENTITY_PARTS_MAX = 32;
/** A longer identity goes by its hash. */
const IDENTITY_CHARACTERS_MAX = 256;

const Request = z.object({
  id_data: z.string().min(1).max(8_192),
  pubkey: z.string().min(1).max(8_192),
});
const Identity = z.record(
  z.string().min(1),
  z.union([z.string(), z.number(), z.array(z.string())]),
);

/** A device that asks to be let in. */
export interface AuthRequest {
  /** Its identity in one form whatever the order of its parts; by this it is known. */
  readonly identity: string;
  /** The identity's values, for people. */
  readonly name: string;
  readonly key: KeyObject;
  /** The public key in one form: SubjectPublicKeyInfo in base64. */
  readonly keyText: string;
}

/** @throws ProtocolError `mender-auth-request`, `mender-identity`, `mender-public-key` */
export function readAuthRequest(body: Uint8Array): AuthRequest {
  const { id_data, pubkey } = readAs("mender-auth-request", Request, body);
  const key = readPublicKey(pubkey);
  return { ...readIdentity(id_data), key, keyText: textOfKey(key) };
}

/** An identity as a device says it, in JSON. @throws ProtocolError `mender-identity` */
export function readIdentity(text: string): Pick<AuthRequest, "identity" | "name"> {
  const parts = readAs("mender-identity", Identity, new TextEncoder().encode(text));
  const sorted = Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1));
  if (sorted.length === 0 || sorted.length > IDENTITY_PARTS_MAX) {
    throw new ProtocolError(
      "mender-identity",
      `an identity has 1 to ${IDENTITY_PARTS_MAX} parts, this one ${sorted.length}`,
    );
  }
  const whole = JSON.stringify(Object.fromEntries(sorted));
  const isLong = whole.length > IDENTITY_CHARACTERS_MAX;
  return {
    identity: isLong ? `sha256:${createHash("sha256").update(whole).digest("hex")}` : whole,
    name: sorted.map(([, value]) => String(value)).join(" "),
  };
}

/** The same of a key in PEM, as `keyText` has it. @throws ProtocolError `mender-public-key` */
export function readKeyText(pem: string): string {
  return textOfKey(readPublicKey(pem));
}

function textOfKey(key: KeyObject): string {
  return key.export({ type: "spki", format: "der" }).toString("base64");
}

/**
 * Was the body signed with this key? RSA by PKCS #1 v1.5 and ECDSA over its SHA-256, Ed25519 over itself.
 *
 * @param signature the header X-MEN-Signature, base64
 */
export function isSignedWith(key: KeyObject, body: Uint8Array, signature: string): boolean {
  const hash = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  try {
    return verify(hash, body, key, Buffer.from(signature, "base64"));
  } catch {
    return false;
  }
}

function readPublicKey(pem: string): KeyObject {
  // A private key would be read as the public one that belongs to it.
  if (!/^\s*-----BEGIN (RSA )?PUBLIC KEY-----/.test(pem)) throw noKey();
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw noKey(cause);
  }
  const type = key.asymmetricKeyType;
  if (type === "ec" || type === "ed25519") return key;
  if (type !== "rsa") throw noKey();
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX) return key;
  throw new ProtocolError(
    "mender-public-key",
    `an RSA key has ${RSA_BITS_MIN} to ${RSA_BITS_MAX} bits, this one ${bits}`,
  );
}

function noKey(cause?: unknown): ProtocolError {
  return new ProtocolError(
    "mender-public-key",
    "pubkey is no public key of RSA, ECDSA or Ed25519 in PEM",
    { cause },
  );
}
