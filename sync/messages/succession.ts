/**
 * New keys of a site in the place of its former ones, said by both: signed with the key that goes and
 * with the one that comes. It proves itself, so it travels in a frame and, later, in a hello. [PROTOCOL 1.7]
 */
import { z } from "zod";
import type { SiteId } from "../../devices/model/ids.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { isSigned, parsePublicKey, signerFor } from "../crypto/keys.ts";
import type { SiteKeys } from "../ports/site-link-store.ts";
import { parseMessage, SITE, type SUCCESSION, signedBytes } from "./messages.ts";

export type Succession = z.infer<typeof SUCCESSION>;

const KEY_CHARACTERS_MAX = 128;
const key = z.string().min(1).max(KEY_CHARACTERS_MAX);
const SAID = z.object({ site: SITE, replaces: key, signingKey: key, sealingKey: key });

/** What a succession says, once both signatures were found right. */
export type ReadSuccession = z.output<typeof SAID>;

export function successionOf(site: SiteId, former: SiteKeys, next: SiteKeys): Succession {
  const payload = JSON.stringify({
    site,
    replaces: former.signingPublic,
    signingKey: next.signingPublic,
    sealingKey: next.sealingPublic,
  });
  const bytes = signedBytes("keys", payload);
  const signed = (privateKey: string) =>
    Buffer.from(signerFor(privateKey)(bytes)).toString("base64");
  return {
    payload,
    signature: signed(former.signingPrivate),
    proof: signed(next.signingPrivate),
  };
}

/**
 * @throws ProtocolError with rule `keys-succession` when it is not what it says, `message-json` or
 *   `message-shape`
 */
export function readSuccession({ payload, signature, proof }: Succession): ReadSuccession {
  const said = parseMessage(SAID, payload);
  const isBy = (publicKey: string, text: string) => {
    const parsed = parsePublicKey(publicKey, "ed25519");
    const bytes = new Uint8Array(Buffer.from(text, "base64"));
    return parsed !== undefined && isSigned(parsed, signedBytes("keys", payload), bytes);
  };
  if (!isBy(said.replaces, signature)) throw wrong("the former key did not sign it");
  if (!isBy(said.signingKey, proof)) throw wrong("the new key did not sign it");
  if (parsePublicKey(said.sealingKey, "x25519") === undefined) {
    throw wrong("the key to seal for is no key");
  }
  if (said.signingKey === said.replaces) throw wrong("the key is the former one");
  return said;
}

export function wrong(why: string): ProtocolError {
  return new ProtocolError("keys-succession", why);
}
