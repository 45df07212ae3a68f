import { hkdfSync } from "node:crypto";
import type { AccountCredential } from "../../../protocols/mde2/provisioning-document.ts";

export const SEED_BYTES = 32;
const PASSWORD_CHARACTERS = 26;
const NONCE_BYTES = 16;
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";

/** Both secrets of a device's OMA DM account, and their first nonces. [syncml 3.4] */
export interface AccountSecrets {
  /** Proves the device to the site. */
  readonly device: AccountCredential;
  /** Proves the site to this device, and to no other. */
  readonly server: AccountCredential;
}

/**
 * The secrets that follow from a random seed. So an answer that was lost can be made again without
 * keeping a password; the seed is forgotten soon.
 */
export function accountSecrets(
  seed: Uint8Array,
  userName: string,
  serverId: string,
): AccountSecrets {
  const credential = (name: string, side: "device" | "server"): AccountCredential => ({
    userName: name,
    password: [...derived(seed, `${side} password`, PASSWORD_CHARACTERS)]
      .map((byte) => ALPHABET[byte % ALPHABET.length])
      .join(""),
    nonce: Buffer.from(derived(seed, `${side} nonce`, NONCE_BYTES)).toString("base64"),
  });
  return { device: credential(userName, "device"), server: credential(serverId, "server") };
}

function derived(seed: Uint8Array, purpose: string, bytes: number): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", seed, "", `outpost enrolment 1 ${purpose}`, bytes));
}
