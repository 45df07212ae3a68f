import { createHash, timingSafeEqual } from "node:crypto";
import type { Credential } from "../syncml/message.ts";

/**
 * How the ends of OMA DM prove who they are, weakest first. [syncml 3.4]
 *
 * Basic and MD5 travel as the Cred of SyncHdr, the MAC as a header of the transport and never as a
 * Cred (`message-mac.ts`).
 *
 * H is MD5 because the specification says so; what is stored is B64(H(user ":" password)), which is
 * as good as the password for anyone who gets hold of it and is guarded like one.
 */
export const AUTH_SCHEMES = ["syncml:auth-basic", "syncml:auth-md5", "syncml:auth-MAC"] as const;
export type AuthScheme = (typeof AUTH_SCHEMES)[number];

/** How a device proved who it is: by what it knows, or by a certificate that TLS has verified. */
export type Proved = AuthScheme | "certificate";

/** The weakest proof that is taken from a device. */
export type RequiredProof = "any" | Proved;

const STRENGTH: readonly RequiredProof[] = ["any", ...AUTH_SCHEMES, "certificate"];

/** Is that proof less than what is required? */
export function isWeaker(proof: Proved, required: RequiredProof): boolean {
  return STRENGTH.indexOf(proof) < STRENGTH.indexOf(required);
}

/** `scheme`: right or wrong, it was not what was asked for. `certificate`: only that is taken. */
export type AuthProblem = "missing" | "wrong" | "scheme" | "certificate";

/** The scheme a Cred or Chal names, whatever its case; undefined when it is not one of ours. */
export function schemeOf(type: string): AuthScheme | undefined {
  const wanted = type.toLowerCase();
  return AUTH_SCHEMES.find((scheme) => scheme.toLowerCase() === wanted);
}

/** B64(H(user ":" password)): the only form in which a secret is kept. */
export function secretHashOf(userName: string, password: string): string {
  return createHash("md5").update(`${userName}:${password}`).digest("base64");
}

/** B64(user ":" password), as a Cred carries it. */
export function basicCredential(userName: string, password: string): Credential {
  return {
    type: "syncml:auth-basic",
    format: "b64",
    data: Buffer.from(`${userName}:${password}`).toString("base64"),
  };
}

/** B64(H(B64(H(user ":" password)) ":" nonce)), as a Cred carries it. `nonce` is base64. */
export function digestCredential(secretHash: string, nonce: string): Credential {
  return {
    type: "syncml:auth-md5",
    format: "b64",
    data: digest(secretHash, nonce).toString("base64"),
  };
}

/** Does `data` of a basic Cred hold the user and password behind `secretHash`? Constant time. */
export function verifyBasic(data: string, secretHash: string): boolean {
  const offered = createHash("md5").update(Buffer.from(data, "base64")).digest();
  return sameBytes(offered, Buffer.from(secretHash, "base64"));
}

/** Does `data` of an MD5 Cred answer this nonce (base64)? Constant time. */
export function verifyDigest(data: string, secretHash: string, nonce: string): boolean {
  return sameBytes(Buffer.from(data, "base64"), digest(secretHash, nonce));
}

function digest(secretHash: string, nonce: string): Buffer {
  return createHash("md5").update(`${secretHash}:`).update(Buffer.from(nonce, "base64")).digest();
}

export function sameBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
