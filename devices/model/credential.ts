import type { DeviceId } from "./ids.ts";

/** The weakest proof of a device's identity that is taken, weakest first. [syncml 3.4] */
export const REQUIRED_PROOFS = [
  "any",
  "syncml:auth-basic",
  "syncml:auth-md5",
  "syncml:auth-MAC",
  "certificate", // A client certificate that a trusted TLS proxy has verified.
] as const;
export type RequiredProof = (typeof REQUIRED_PROOFS)[number];

/** The same for one device; `site` follows the site's setting. */
export const DEVICE_SCHEMES = ["site", ...REQUIRED_PROOFS] as const;
export type DeviceScheme = (typeof DEVICE_SCHEMES)[number];

/**
 * What a device and its site know of each other's secrets in OMA DM. Of passwords only
 * B64(MD5(user:password)) is kept. [syncml 3.4]
 */
export interface DeviceCredential {
  readonly device: DeviceId;
  readonly userName: string;
  /** B64(H(user ":" password)). */
  readonly secretHash: string;
  /** During a rotation the former secret still works until the new one was used once. */
  readonly previousSecretHash: string | null;
  readonly scheme: DeviceScheme;
  /** Base64 of the nonce the device must use next; null before the first challenge. */
  readonly nextNonce: string | null;
  readonly guard: LoginGuard;
  /** The subject of the certificate that stands for this device and for no other, canonical. */
  readonly certificateSubject: string | null;
  /** The site's name and secret towards this device; null where the device does not ask for them. */
  readonly serverId: string | null;
  readonly serverSecretHash: string | null;
  /** The scheme and the nonce (base64) that the device last asked for; null before it has. */
  readonly serverScheme: "syncml:auth-md5" | "syncml:auth-MAC" | null;
  readonly serverNonce: string | null;
  /** Why the device did not accept us, until it does. */
  readonly serverProblem: ServerProblem | null;
  /** Where notifications go: `address:port`; null: where it last spoke from. [syncml 3.8] */
  readonly notifyAddress: string | null;
  /** The SessionID of the last notification until its session has come, and when it was sent. */
  readonly notifySession: number | null;
  readonly notifiedAtMs: number | null;
}

export const SERVER_PROBLEMS = [
  "none-set", // It asks for a password of ours, and there is none.
  "wrong", // It did not accept the one that is set.
  "clear-text", // It asks for the password itself, which is never sent.
] as const;
export type ServerProblem = (typeof SERVER_PROBLEMS)[number];

/**
 * Who failed to log in in the device's name, and where the device comes from itself: what decides how
 * long the next attempt waits. Kept with the credential, so that a restart forgives nothing.
 */
export interface LoginGuard {
  /** Networks that the device logged in from, the latest first. */
  readonly usual: readonly string[];
  /** By network, the oldest failure first. */
  readonly failures: readonly AddressFailures[];
  /** The bucket of failures from elsewhere, as it was at `atMs`. */
  readonly strange: { readonly level: number; readonly atMs: number };
}

export interface AddressFailures {
  readonly address: string;
  readonly count: number;
  readonly lastAtMs: number;
}

export const UNGUARDED: LoginGuard = {
  usual: [],
  failures: [],
  strange: { level: 0, atMs: 0 },
};
