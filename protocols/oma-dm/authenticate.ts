import type { Challenge, Credential } from "../syncml/message.ts";
import { type AuthScheme, schemeOf, verifyBasic, verifyDigest } from "./credentials.ts";
import type { ReceiveContext, ServerSession, StoredCredential } from "./server-state.ts";

/** Whether a message may be listened to, and what its SyncHdr is answered. */
export type AuthDecision =
  | {
      readonly ok: true;
      /** 212 when this message carried good credentials, 200 when an earlier one did. */
      readonly code: 212 | 200;
      readonly chal: Challenge | undefined;
      /** Undefined when nothing new was proved. */
      readonly proof: Proof | undefined;
    }
  | {
      readonly ok: false;
      readonly code: 401 | 407;
      readonly chal: Challenge;
      readonly reason: "missing" | "wrong" | "scheme";
    };

export interface Proof {
  readonly scheme: AuthScheme;
  readonly usedNonce: string | null;
  readonly nextNonce: string | null;
  readonly withPreviousSecret: boolean;
}

/**
 * Judges the Cred of a message. [syncml 3.3, 3.4]
 *
 * A digest may answer the stored nonce or the one of the challenge just sent. It never answers an
 * absent nonce: such a digest could be replayed for ever. The nonce of a challenge to a stranger is
 * kept in the session only, so that a stranger cannot spoil the stored one.
 */
export function authenticate(
  session: ServerSession,
  cred: Credential | undefined,
  context: ReceiveContext,
): AuthDecision {
  const { credential, freshNonce } = context;
  const required = requiredScheme(session, credential);
  const offered = cred === undefined ? undefined : schemeOf(cred.type);
  if (cred === undefined) {
    if (session.phase === "open") return { ok: true, code: 200, chal: undefined, proof: undefined };
    return refusal(407, "missing", required ?? "syncml:auth-md5", freshNonce);
  }
  const asked = required ?? offered ?? "syncml:auth-md5";
  if (offered !== asked) return refusal(401, "scheme", asked, freshNonce);
  const proof = credential === undefined ? undefined : prove(session, cred.data, asked, credential);
  if (proof === undefined) return refusal(401, "wrong", asked, freshNonce);
  const isRepeated =
    session.phase === "open" && proof.usedNonce !== null && proof.usedNonce === session.usedNonce;
  if (isRepeated) return { ok: true, code: 212, chal: undefined, proof: undefined };
  if (asked === "syncml:auth-basic") return { ok: true, code: 212, chal: undefined, proof };
  return {
    ok: true,
    code: 212,
    chal: challenge(asked, freshNonce),
    proof: { ...proof, nextNonce: freshNonce },
  };
}

/** The scheme may not change once it has opened the session. */
function requiredScheme(
  session: ServerSession,
  credential: StoredCredential | undefined,
): AuthScheme | undefined {
  if (credential !== undefined && credential.scheme !== "any") return credential.scheme;
  return session.phase === "open" ? (session.scheme ?? undefined) : undefined;
}

function prove(
  session: ServerSession,
  data: string,
  scheme: AuthScheme,
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
    const again = session.phase === "open" ? session.usedNonce : null;
    for (const nonce of [credential.nextNonce, session.challengeNonce, again]) {
      if (nonce === null || !verifyDigest(data, secretHash, nonce)) continue;
      return { scheme, usedNonce: nonce, nextNonce: null, withPreviousSecret };
    }
  }
  return undefined;
}

function refusal(
  code: 401 | 407,
  reason: "missing" | "wrong" | "scheme",
  scheme: AuthScheme,
  nonce: string,
): AuthDecision {
  return { ok: false, code, reason, chal: challenge(scheme, nonce) };
}

function challenge(scheme: AuthScheme, nonce: string): Challenge {
  return scheme === "syncml:auth-basic"
    ? { type: scheme, format: "b64" }
    : { type: scheme, format: "b64", nextNonce: nonce };
}
