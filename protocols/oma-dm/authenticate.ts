import type { Challenge, Credential } from "../syncml/message.ts";
import {
  type AuthProblem,
  type AuthScheme,
  isWeaker,
  type Proved,
  type RequiredProof,
  schemeOf,
  verifyBasic,
  verifyDigest,
} from "./credentials.ts";
import { verifyMac } from "./message-mac.ts";
import type { ReceiveContext, ServerSession, StoredCredential } from "./server-state.ts";

/** Whether a message may be listened to, and what its SyncHdr is answered. */
export type AuthDecision =
  | {
      readonly ok: true;
      /** 212: proved for the session. 200: for this message, or by an earlier one. */
      readonly code: 212 | 200;
      readonly chal: Challenge | undefined;
      /** Undefined when nothing new was proved. */
      readonly proof: Proof | undefined;
    }
  | {
      readonly ok: false;
      readonly code: 401 | 407;
      readonly chal: Challenge;
      readonly scheme: AuthScheme;
      readonly reason: AuthProblem;
      /** Asking again is of no use: the session ends. */
      readonly final: boolean;
    };

export interface Proof {
  readonly scheme: Proved;
  readonly usedNonce: string | null;
  readonly nextNonce: string | null;
  readonly withPreviousSecret: boolean;
}

/**
 * Judges what came with a message: a certificate, a MAC, a Cred, or nothing. [syncml 3.3, 3.4]
 *
 * - A digest may answer the stored nonce or the one of the challenge just sent. It never answers an
 *   absent nonce: such a digest could be replayed for ever. The nonce of a challenge to a stranger
 *   is kept in the session only, so that a stranger cannot spoil the stored one.
 * - Basic and MD5 hold for the session (212), a MAC for its one message (200, with the next nonce).
 * - What opened a session is what goes on being asked in it, neither weaker nor stronger.
 * - A device that was asked for one scheme and offers another ends its session.
 */
export function authenticate(
  session: ServerSession,
  cred: Credential | undefined,
  context: ReceiveContext,
): AuthDecision {
  const { credential, freshNonce, mac } = context;
  const isOpen = session.phase === "open";
  const opened = isOpen ? session.scheme : null;
  const required = credential?.scheme ?? "any";

  const isCertified = context.certified === true && credential !== undefined;
  if (isCertified && (opened === null || opened === "certificate")) return certified(isOpen);
  if (opened === "certificate" || required === "certificate") {
    return refusal(401, "certificate", "syncml:auth-md5", freshNonce, { final: true });
  }

  if (mac === undefined && cred === undefined) {
    if (opened !== null && opened !== "syncml:auth-MAC") {
      return { ok: true, code: 200, chal: undefined, proof: undefined };
    }
    return refusal(407, "missing", opened ?? atLeast(required), freshNonce);
  }
  const offered = mac === undefined ? inBody(cred) : "syncml:auth-MAC";
  const isEnough = offered !== undefined && !isWeaker(offered, required);
  const asked = opened ?? (isEnough ? offered : atLeast(required));
  if (offered !== asked) {
    const final = session.asked !== null && offered !== session.asked;
    return refusal(401, "scheme", asked, freshNonce, { final });
  }
  const proof = credential && prove(session, cred?.data ?? "", asked, context, credential);
  if (proof === undefined) return refusal(401, "wrong", asked, freshNonce);
  return accepted(session, proof, asked, freshNonce);
}

function accepted(
  session: ServerSession,
  proof: Proof,
  scheme: AuthScheme,
  freshNonce: string,
): AuthDecision {
  if (scheme === "syncml:auth-basic") return { ok: true, code: 212, chal: undefined, proof };
  const chal = challenge(scheme, freshNonce);
  const next = { ...proof, nextNonce: freshNonce };
  if (scheme === "syncml:auth-MAC") return { ok: true, code: 200, chal, proof: next };
  const isRepeated = session.phase === "open" && proof.usedNonce === session.usedNonce;
  return isRepeated
    ? { ok: true, code: 212, chal: undefined, proof: undefined }
    : { ok: true, code: 212, chal, proof: next };
}

function certified(isOpen: boolean): AuthDecision {
  if (isOpen) return { ok: true, code: 200, chal: undefined, proof: undefined };
  const proof: Proof = {
    scheme: "certificate",
    usedNonce: null,
    nextNonce: null,
    withPreviousSecret: false,
  };
  return { ok: true, code: 212, chal: undefined, proof };
}

/** A MAC is no Cred: whoever sends one in the body has sent nothing that we know. */
function inBody(cred: Credential | undefined): AuthScheme | undefined {
  const scheme = cred && schemeOf(cred.type);
  return scheme === "syncml:auth-MAC" ? undefined : scheme;
}

/** The scheme that is asked of a device that offered nothing, or too little. */
function atLeast(required: Exclude<RequiredProof, "certificate">): AuthScheme {
  return required === "any" ? "syncml:auth-md5" : required;
}

function prove(
  session: ServerSession,
  data: string,
  scheme: AuthScheme,
  { mac }: ReceiveContext,
  credential: StoredCredential,
): Proof | undefined {
  const secrets = [credential.secretHash, credential.previousSecretHash];
  for (const [index, secretHash] of secrets.entries()) {
    if (secretHash === null) continue;
    const withPreviousSecret = index === 1;
    if (scheme === "syncml:auth-basic") {
      if (!verifyBasic(data, secretHash)) continue;
      return { scheme, usedNonce: null, nextNonce: null, withPreviousSecret };
    }
    // A client that sends its Cred with every message uses the first nonce of the session again.
    const isAgain = scheme === "syncml:auth-md5" && session.phase === "open";
    const again = isAgain ? session.usedNonce : null;
    for (const nonce of [credential.nextNonce, session.challengeNonce, again]) {
      if (nonce === null) continue;
      const isRight = mac
        ? verifyMac(mac, secretHash, nonce)
        : verifyDigest(data, secretHash, nonce);
      if (isRight) return { scheme, usedNonce: nonce, nextNonce: null, withPreviousSecret };
    }
  }
  return undefined;
}

function refusal(
  code: 401 | 407,
  reason: AuthProblem,
  scheme: AuthScheme,
  nonce: string,
  { final } = { final: false },
): AuthDecision {
  return { ok: false, code, reason, scheme, chal: challenge(scheme, nonce), final };
}

function challenge(scheme: AuthScheme, nonce: string): Challenge {
  return scheme === "syncml:auth-basic"
    ? { type: scheme, format: "b64" }
    : { type: scheme, format: "b64", nextNonce: nonce };
}
