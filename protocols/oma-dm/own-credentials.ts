import type { Credential, StatusCommand } from "../syncml/message.ts";
import { type AuthScheme, digestCredential, schemeOf } from "./credentials.ts";
import type { MacKey } from "./message-mac.ts";

/** Our password itself is never sent: only its hash is kept, and no device gets more than a digest. */
export type OwnScheme = Exclude<AuthScheme, "syncml:auth-basic">;

/** What we prove ourselves with to a device that asks who its server is. */
export interface OwnCredential {
  readonly userName: string;
  /** B64(H(user ":" password)). */
  readonly secretHash: string;
  /** What the device last asked for, and the nonce (base64) that it last gave; null before it has. */
  readonly scheme: OwnScheme | null;
  readonly nonce: string | null;
}

/** How far that has come in one session. */
export interface OwnProof {
  readonly scheme: OwnScheme;
  /** Base64. Empty before the device has given one: real clients begin with that. [syncml 1] */
  readonly nonce: string;
  /** The device said 212: nothing more is asked for in this session. */
  readonly accepted: boolean;
  /** Refusals in a row. */
  readonly refusals: number;
}

/** Refusals in a row after which we stop trying. [syncml 3.3] */
export const OWN_ATTEMPTS_MAX = 3;

export type OwnProblem = "none-set" | "wrong" | "clear-text";

/** What a device's Status for our SyncHdr means for how we prove ourselves. */
export type OwnOutcome =
  /** `nonce`: to be kept, for the next message or the next session. */
  | { readonly kind: "accepted"; readonly proof: OwnProof; readonly nonce: string | null }
  /** Nothing of our message was carried out; it is to be sent again. */
  | { readonly kind: "refused"; readonly proof: OwnProof }
  | { readonly kind: "hopeless"; readonly problem: OwnProblem }
  /** It is not about credentials. */
  | { readonly kind: "other" };

export function beginProof(own: OwnCredential | undefined): OwnProof | null {
  if (own === undefined) return null;
  const { scheme, nonce } = own;
  return { scheme: scheme ?? "syncml:auth-md5", nonce: nonce ?? "", accepted: false, refusals: 0 };
}

/** The Cred of our next message; undefined where none is asked for, or where it goes beside it. */
export function ownCred(
  own: OwnCredential | undefined,
  proof: OwnProof | null,
): Credential | undefined {
  if (own === undefined || proof === null || proof.accepted) return undefined;
  return proof.scheme === "syncml:auth-md5"
    ? digestCredential(own.secretHash, proof.nonce)
    : undefined;
}

/** What our next message is signed with. */
export function ownMacKey(
  own: OwnCredential | undefined,
  proof: OwnProof | null,
): MacKey | undefined {
  if (own === undefined || proof?.scheme !== "syncml:auth-MAC") return undefined;
  return { userName: own.userName, secretHash: own.secretHash, nonce: proof.nonce };
}

/**
 * Hears the Status for our SyncHdr. 212 holds for the session and its nonce is for the next one; 200
 * holds for the message and its nonce is for the next one of those. The nonce of a refusal counts for
 * the next try only. A code of 0 is how one client says that it has not seen our credentials.
 */
export function hearHeaderStatus(
  proof: OwnProof | null,
  status: Pick<StatusCommand, "code" | "chal">,
  own: OwnCredential | undefined,
): OwnOutcome {
  const { code, chal } = status;
  if (code >= 200 && code < 300) {
    if (proof === null) return { kind: "other" };
    const nonce = chal?.nextNonce ?? null;
    const isSession = code === 212 && proof.scheme === "syncml:auth-md5";
    const next = { ...proof, nonce: nonce ?? proof.nonce, accepted: isSession, refusals: 0 };
    return { kind: "accepted", proof: { ...next, accepted: isSession || proof.accepted }, nonce };
  }
  if (code !== 401 && code !== 407 && code !== 0) return { kind: "other" };
  if (own === undefined || proof === null) return { kind: "hopeless", problem: "none-set" };
  const asked = chal === undefined ? proof.scheme : schemeOf(chal.type);
  if (asked === undefined || asked === "syncml:auth-basic") {
    return { kind: "hopeless", problem: "clear-text" };
  }
  const refusals = proof.refusals + 1;
  if (refusals >= OWN_ATTEMPTS_MAX) return { kind: "hopeless", problem: "wrong" };
  const nonce = chal?.nextNonce ?? proof.nonce;
  return { kind: "refused", proof: { scheme: asked, nonce, accepted: false, refusals } };
}
