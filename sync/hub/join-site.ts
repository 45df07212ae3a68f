import { AppError } from "../../devices/model/errors.ts";
import type { SiteId } from "../../devices/model/ids.ts";
import { isSigned, parsePublicKey } from "../crypto/keys.ts";
import { JOIN_REQUEST, parseMessage, SIGNED, signedBytes } from "../messages/messages.ts";
import type { JoinCode, SiteRecord } from "../ports/hub-store.ts";
import { nextIncarnation } from "./decide-hello.ts";

export interface JoinRequest {
  readonly code: string;
  readonly name: string | null;
  readonly timeZone: string;
  readonly signingKey: string;
  readonly sealingKey: string;
  readonly timeMs: number;
}

/**
 * Reads a request to join and proves that the sender holds the key it brings. [PROTOCOL 1.2]
 *
 * @throws AppError "unprocessable", ProtocolError when it cannot be read
 */
export function readJoinRequest(bytes: Uint8Array): JoinRequest {
  const { payload, signature } = parseMessage(SIGNED, bytes);
  const request = parseMessage(JOIN_REQUEST, payload);
  const signingKey = parsePublicKey(request.signingKey, "ed25519");
  if (signingKey === undefined || parsePublicKey(request.sealingKey, "x25519") === undefined) {
    throw new AppError("unprocessable", "the request has no usable keys");
  }
  const proof = new Uint8Array(Buffer.from(signature, "base64"));
  if (!isSigned(signingKey, signedBytes("join", payload), proof)) {
    throw new AppError("unauthorized", "the request is not signed with the key it brings");
  }
  return request;
}

/**
 * The site's record after joining with a code: a new site, or one that takes the place of a dead
 * box under a new incarnation. [PROTOCOL 1.3, 1.4]
 *
 * @param former the site as it was; undefined when there was none of this id
 */
export function joinedSite(
  id: SiteId,
  code: JoinCode,
  request: JoinRequest,
  former: SiteRecord | undefined,
  at: { readonly nowMs: number; readonly realMs: number },
): SiteRecord {
  return {
    id,
    name: request.name ?? code.name,
    timeZone: request.timeZone,
    publicKey: request.signingKey,
    sealingKey: request.sealingKey,
    nextPublicKey: null,
    nextSealingKey: null,
    keysSinceMs: null,
    instance: "",
    formerInstances: [],
    incarnation: former ? nextIncarnation(former.incarnation, at.realMs) : 1,
    acknowledgedFrame: 0,
    needsSnapshot: true,
    joinedAtMs: at.nowMs,
    lastSeenMs: former?.lastSeenMs ?? null,
    asOfMs: former?.asOfMs ?? null,
    clockOffsetMs: request.timeMs - at.nowMs,
    confirmedPolicyVersion: 0,
    alarm: null,
    revokedAtMs: null,
  };
}

/**
 * May this key use this code now? [PROTOCOL 1.5]
 *
 * @throws AppError "unauthorized" for an unknown or expired code, "conflict" for a used one
 */
export function needUsable(
  code: JoinCode | undefined,
  signingKey: string,
  nowMs: number,
): JoinCode {
  if (code === undefined) {
    throw new AppError("unauthorized", "this join code is not known here; ask for a new one");
  }
  if (code.usedByKey === signingKey) return code;
  if (code.usedAtMs !== null) {
    throw new AppError("conflict", "this join code was used already; ask for a new one");
  }
  if (nowMs >= code.expiresAtMs) {
    throw new AppError("unauthorized", "this join code has expired; ask for a new one");
  }
  return code;
}
