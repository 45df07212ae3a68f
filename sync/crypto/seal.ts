/**
 * Secrets that travel inside a policy document, readable by one site only: an ephemeral X25519
 * agreement with the site's sealing key, HKDF-SHA256, AES-256-GCM. [D21]
 *
 *   sealed = base64( ephemeral public key (32) | IV (12) | tag (16) | ciphertext )
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";

const RAW_KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** What precedes the 32 raw bytes in the DER form of an X25519 public key. [RFC 8410] */
const SPKI_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

/**
 * @param purpose what the secret is for, such as `setting/enterprise/enrollmentToken@prague`; opening needs the
 *   same text, so that a sealed value cannot be moved to another place
 */
export function seal(text: string, sealingPublic: KeyObject, purpose: string): string {
  const ephemeral = generateKeyPairSync("x25519");
  const raw = ephemeral.publicKey.export({ type: "spki", format: "der" }).subarray(-RAW_KEY_BYTES);
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: sealingPublic });
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv("aes-256-gcm", keyFrom(shared, raw, purpose), iv);
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([raw, iv, cipher.getAuthTag(), body]).toString("base64");
}

/** Undefined when the text was not sealed for this key and purpose, or was changed. */
export function open(sealed: string, sealingPrivate: string, purpose: string): string | undefined {
  const bytes = Buffer.from(sealed, "base64");
  if (bytes.length < RAW_KEY_BYTES + IV_BYTES + TAG_BYTES) return undefined;
  const raw = bytes.subarray(0, RAW_KEY_BYTES);
  const iv = bytes.subarray(RAW_KEY_BYTES, RAW_KEY_BYTES + IV_BYTES);
  const tag = bytes.subarray(RAW_KEY_BYTES + IV_BYTES, RAW_KEY_BYTES + IV_BYTES + TAG_BYTES);
  const body = bytes.subarray(RAW_KEY_BYTES + IV_BYTES + TAG_BYTES);
  try {
    const privateKey = createPrivateKey({
      key: Buffer.from(sealingPrivate, "base64"),
      format: "der",
      type: "pkcs8",
    });
    const publicKey = createPublicKey({
      key: Buffer.concat([SPKI_PREFIX, raw]),
      format: "der",
      type: "spki",
    });
    const shared = diffieHellman({ privateKey, publicKey });
    const decipher = createDecipheriv("aes-256-gcm", keyFrom(shared, raw, purpose), iv);
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
  } catch {
    return undefined; // A wrong key, a moved value and a changed byte all end here.
  }
}

function keyFrom(shared: Buffer, ephemeralRaw: Uint8Array, purpose: string): Buffer {
  const info = Buffer.from(`outpost seal 1\n${purpose}`);
  return Buffer.from(hkdfSync("sha256", shared, ephemeralRaw, info, 32));
}
