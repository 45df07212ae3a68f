import { AppError } from "../../devices/model/errors.ts";
import { isCodeOf } from "../hub/join-code.ts";
import { encodeMessage, JOIN_ANSWER, PROTOCOL_VERSION, signedBytes } from "../messages/messages.ts";
import {
  INITIAL_POSITION,
  type SiteIdentity,
  type SiteLinkStore,
} from "../ports/site-link-store.ts";
import { ask, LinkFailure, type Transport } from "./exchange.ts";
import type { Keyring } from "./keyring.ts";

export interface JoinDeps {
  readonly store: SiteLinkStore;
  /** On disk before the code is used, so that a crash in between can be repeated with the same code. */
  readonly keyring: Keyring;
  readonly transport: Transport;
  readonly now: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
}

export interface JoinWish {
  readonly hubUrl: string;
  readonly code: string;
  /** Null: the name that the code was made with. */
  readonly name: string | null;
  readonly timeZone: string;
}

/**
 * Joins a hub with a one-time code; a site that it knows joins again, with the keys that it has. [PROTOCOL 1]
 *
 * @throws AppError "unauthorized" when another hub answers, or with the hub's own words when it
 *   refuses; LinkFailure when it cannot be reached
 */
export async function joinHub(deps: JoinDeps, wish: JoinWish): Promise<SiteIdentity> {
  const { keyring, now, randomBytes, store, transport } = deps;
  const keys = keyring.ring.current;
  const payload = JSON.stringify({
    version: PROTOCOL_VERSION,
    code: wish.code,
    name: wish.name,
    timeZone: wish.timeZone,
    signingKey: keys.signingPublic,
    sealingKey: keys.sealingPublic,
    timeMs: now(),
  });
  const signature = keyring.sign(signedBytes("join", payload));
  const body = encodeMessage({ payload, signature: Buffer.from(signature).toString("base64") });
  const answer = await ask(
    transport,
    { operation: "join", session: "", body },
    JOIN_ANSWER,
    ({ hubKey }) => hubKey,
    randomBytes,
  ).catch(refusalOf);
  if (!isCodeOf(wish.code, answer.hubKey)) {
    throw new AppError("unauthorized", "another hub answered than the one that made the code");
  }
  const former = await store.identity();
  if (former?.site === answer.site && former.hubPublicKey === answer.hubKey) {
    const { incarnation } = await store.position();
    if (incarnation === answer.incarnation) return former;
  }
  const identity: SiteIdentity = {
    site: answer.site,
    name: answer.name,
    timeZone: wish.timeZone,
    organisation: answer.organisation,
    hubUrl: wish.hubUrl,
    hubPublicKey: answer.hubKey,
    joinedAtMs: now(),
  };
  await store.join(identity, {
    ...INITIAL_POSITION,
    incarnation: answer.incarnation,
    mustAdopt: answer.known,
  });
  return identity;
}

function refusalOf(error: unknown): never {
  if (error instanceof LinkFailure && error.status >= 400 && error.status < 500) {
    throw new AppError(error.status === 409 ? "conflict" : "unauthorized", error.message);
  }
  throw error;
}
