import type { Challenge, Message } from "../syncml/message.ts";
import type { AnswerContext, ClientSession, ServerDemand, ServerProof } from "./client-state.ts";
import { schemeOf, secretHashOf, verifyDigest } from "./credentials.ts";
import { verifyMac } from "./message-mac.ts";

/** What a device makes of its server's credentials, and how it answers the header. [syncml 3.4] */
export type ServerJudgement =
  /** Nothing is demanded, or it was proved for the session. */
  | { readonly kind: "trusted"; readonly code: 200; readonly proof: ServerProof | null }
  /** Right; the next nonce goes with the Status. */
  | {
      readonly kind: "proved";
      readonly code: 200 | 212;
      readonly chal: Challenge;
      /** Base64: what is to be kept. */
      readonly nonce: string;
      readonly proof: ServerProof;
    }
  | {
      readonly kind: "refused";
      readonly code: 401 | 407;
      readonly chal: Challenge;
      readonly proof: ServerProof;
    };

/** Judges a message of the server by what came in it and beside it. */
export function judgeServer(
  { config, serverProof }: ClientSession,
  { header }: Message,
  { mac, freshNonce = "" }: AnswerContext,
): ServerJudgement {
  const { demands } = config;
  if (demands === null || serverProof === null || serverProof.accepted) {
    return { kind: "trusted", code: 200, proof: serverProof };
  }
  const secretHash = secretHashOf(demands.userName, demands.password);
  const chal: Challenge = { type: demands.scheme, format: "b64", nextNonce: freshNonce };
  const { nonce, challenges } = serverProof;
  const isMac = demands.scheme === "syncml:auth-MAC";
  const cred = header.cred !== undefined && schemeOf(header.cred.type) === demands.scheme;
  const isRight = isMac
    ? mac !== undefined && verifyMac(mac, secretHash, nonce)
    : cred && verifyDigest(header.cred?.data ?? "", secretHash, nonce);
  if (isRight) {
    const code = isForSession(demands) ? 212 : 200;
    const proof = { accepted: code === 212, nonce: freshNonce, challenges: 0 };
    return { kind: "proved", code, chal, nonce: freshNonce, proof };
  }
  const isMissing = isMac ? mac === undefined : header.cred === undefined;
  return {
    kind: "refused",
    code: isMissing ? 407 : 401,
    chal,
    proof: { accepted: false, nonce: freshNonce, challenges: challenges + 1 },
  };
}

function isForSession({ scheme, perMessage }: ServerDemand): boolean {
  return scheme === "syncml:auth-md5" && !perMessage;
}
