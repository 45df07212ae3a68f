import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { broken } from "./rules.ts";

/** Smaller RSA keys are refused, and larger ones, which cost us more than they give. */
export const RSA_BITS_MIN = 2_048;
export const RSA_BITS_MAX = 4_096;
const RSA_EXPONENT_MIN = 65_537n;
const CURVES: readonly string[] = [
  "prime256v1",
  "secp384r1",
  "secp521r1",
  "P-256",
  "P-384",
  "P-521",
];

const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
const EC_PUBLIC_KEY = "1.2.840.10045.2.1";

/** Signature algorithms, and the hash that they contain. */
const SIGNATURES: Readonly<Record<string, { readonly key: "rsa" | "ec"; readonly hash: string }>> =
  {
    // SHA-1 only proves here that the sender has the key; who asks for no hash gets it from old clients.
    "1.2.840.113549.1.1.5": { key: "rsa", hash: "sha1" },
    "1.3.14.3.2.29": { key: "rsa", hash: "sha1" },
    "1.2.840.113549.1.1.11": { key: "rsa", hash: "sha256" },
    "1.2.840.113549.1.1.12": { key: "rsa", hash: "sha384" },
    "1.2.840.113549.1.1.13": { key: "rsa", hash: "sha512" },
    "1.2.840.10045.4.3.2": { key: "ec", hash: "sha256" },
    "1.2.840.10045.4.3.3": { key: "ec", hash: "sha384" },
    "1.2.840.10045.4.3.4": { key: "ec", hash: "sha512" },
  };

const HASHES: Readonly<Record<string, string>> = {
  "1.3.14.3.2.26": "sha1",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

/** The hash with this object identifier; undefined when it is not one we use. */
export function hashOf(oid: string): string | undefined {
  return HASHES[oid];
}

/**
 * A public key that is strong enough: RSA of 2,048 to 4,096 bits, or one of the NIST curves.
 *
 * @throws ProtocolError `mde2-certificate-request` for what is no key, `mde2-weak-key`
 */
export function needStrongKey(spki: Uint8Array): KeyObject {
  const key = publicKeyFrom(spki);
  const { modulusLength, publicExponent, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa") {
    const bits = modulusLength ?? 0;
    if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX) {
      throw broken(
        "mde2-weak-key",
        `an RSA key has ${RSA_BITS_MIN} to ${RSA_BITS_MAX} bits, this one ${bits}`,
      );
    }
    const exponent = publicExponent ?? 0n;
    if (exponent < RSA_EXPONENT_MIN || exponent % 2n === 0n) {
      throw broken("mde2-weak-key", `the exponent of the RSA key is ${exponent}`);
    }
    return key;
  }
  if (key.asymmetricKeyType === "ec" && CURVES.includes(namedCurve ?? "")) return key;
  throw broken("mde2-weak-key", `a key of the kind ${key.asymmetricKeyType} is not accepted`);
}

/**
 * Is this the signature of `key` over `bytes`? `digest` is the hash of a CMS signer, whose algorithm
 * may name the key alone.
 *
 * @throws ProtocolError `mde2-signature` for an algorithm that is not accepted
 */
export function isSignature(
  key: KeyObject,
  algorithm: string,
  bytes: Uint8Array,
  signature: Uint8Array,
  digest?: string,
): boolean {
  const keyOnly = algorithm === RSA_ENCRYPTION || algorithm === EC_PUBLIC_KEY;
  const named = SIGNATURES[algorithm];
  const hash = keyOnly ? digest : named?.hash;
  if (hash === undefined) {
    throw broken("mde2-signature", `the signature algorithm ${algorithm} is not accepted`);
  }
  if (named !== undefined && named.key !== key.asymmetricKeyType) return false;
  try {
    return verify(hash, bytes, key, signature);
  } catch {
    return false; // Not a signature at all: as wrong as any other.
  }
}

function publicKeyFrom(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  } catch (cause) {
    throw broken("mde2-certificate-request", "the public key cannot be read", cause);
  }
}
