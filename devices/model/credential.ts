import type { DeviceId } from "./ids.ts";

/** The one secret of a device for OMA DM. Only B64(MD5(user:password)) is stored. [syncml 3.4] */
export interface DeviceCredential {
  readonly device: DeviceId;
  readonly userName: string;
  /** B64(H(user ":" password)). */
  readonly secretHash: string;
  /** During a rotation the former secret still works until the new one was used once. */
  readonly previousSecretHash: string | null;
  /** The scheme the device must use; a weaker one is refused. `any`: whatever it offers. */
  readonly scheme: "any" | "syncml:auth-basic" | "syncml:auth-md5";
  /** Base64 of the nonce the device must use next; null before the first challenge. */
  readonly nextNonce: string | null;
  /** Failed attempts since the last success, and until when the device must wait. */
  readonly failures: number;
  readonly blockedUntilMs: number | null;
}
