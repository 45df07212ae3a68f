import type { OwnCredential } from "../../protocols/oma-dm/own-credentials.ts";
import type { ReceiveContext, SessionEvent } from "../../protocols/oma-dm/server-state.ts";
import type { DeviceCredential } from "../model/credential.ts";
import { AppError } from "../model/errors.ts";
import type { MessageOrigin } from "./dm-session.ts";
import { afterFailure, afterSuccess, waitMs } from "./login-guard.ts";
import type { SiteContext } from "./site-context.ts";

/** 16 random bytes: with 8 one client asks for ever. [syncml 1] */
const NONCE_BYTES = 16;

/** What a message is judged by: the device's own rule, or where it has none, the site's. */
export function receiveContext(
  context: SiteContext,
  credential: DeviceCredential | undefined,
  { mac, certificateSubject }: MessageOrigin,
): ReceiveContext {
  const freshNonce = Buffer.from(context.randomBytes(NONCE_BYTES)).toString("base64");
  if (credential === undefined) return { credential: undefined, freshNonce, mac };
  const { scheme } = credential;
  return {
    credential: {
      ...credential,
      scheme: scheme === "site" ? context.omaDm().requiredProof : scheme,
    },
    freshNonce,
    mac,
    certified:
      certificateSubject !== undefined && certificateSubject === credential.certificateSubject,
    own: ownCredential(credential),
  };
}

function ownCredential(credential: DeviceCredential): OwnCredential | undefined {
  const { serverId, serverSecretHash, serverScheme, serverNonce } = credential;
  if (serverId === null || serverSecretHash === null) return undefined;
  return {
    userName: serverId,
    secretHash: serverSecretHash,
    scheme: serverScheme,
    nonce: serverNonce,
  };
}

/** @throws AppError "too-many" for an address that guessed this device's secret too often */
export function refuseBlocked(
  credential: DeviceCredential | undefined,
  { address }: MessageOrigin,
  nowMs: number,
): void {
  const retryAfterMs = credential ? waitMs(credential.guard, address, nowMs) : 0;
  if (retryAfterMs === 0) return;
  throw new AppError(
    "too-many",
    "too many wrong credentials for this device came from this address; it has to wait",
    { retryAfterMs },
  );
}

/** The credential as it is after a message; the very same object when nothing about it changed. */
export function credentialAfter(
  context: SiteContext,
  credential: DeviceCredential,
  events: readonly SessionEvent[],
  { address }: MessageOrigin,
): DeviceCredential {
  let next = credential;
  for (const event of events) {
    if (event.kind === "authenticated") {
      next = {
        ...next,
        nextNonce: event.nextNonce ?? next.nextNonce,
        previousSecretHash: event.withPreviousSecret ? next.previousSecretHash : null,
        guard: afterSuccess(next.guard, address),
        notifySession: null, // It is here, called or not.
      };
    } else if (event.kind === "not-authenticated" && event.reason === "wrong") {
      next = { ...next, guard: afterFailure(next.guard, address, context.now()) };
      const { device } = credential;
      context.log.warn("device-not-authenticated", { device, reason: event.reason, address });
    } else if (event.kind === "own-accepted") {
      const serverNonce = event.nonce ?? next.serverNonce;
      next = { ...next, serverScheme: event.scheme, serverNonce, serverProblem: null };
    } else if (event.kind === "own-refused") {
      next = { ...next, serverProblem: event.problem };
      context.log.warn("device-refuses-server", {
        device: credential.device,
        problem: event.problem,
      });
    }
  }
  const isSame = (Object.keys(next) as (keyof DeviceCredential)[]).every(
    (key) => next[key] === credential[key],
  );
  return isSame ? credential : next;
}
