import type { KeyObject } from "node:crypto";
import { ProtocolError } from "../../protocols/errors.ts";
import { isSigned, parsePublicKey } from "../crypto/keys.ts";
import { parseMessage, SUCCESSION } from "../messages/messages.ts";
import { readSuccession, type Succession, wrong } from "../messages/succession.ts";
import type { SiteRecord } from "../ports/hub-store.ts";

/**
 * The keys that sign for a site: its present one, and the one that it has announced. [PROTOCOL 1.8]
 */
export function signingKeysOf(site: SiteRecord): readonly KeyObject[] {
  return [site.publicKey, site.nextPublicKey].flatMap((text) => {
    const key = text === null ? undefined : parsePublicKey(text, "ed25519");
    return key === undefined ? [] : [key];
  });
}

/**
 * The site's record once it has announced new keys. The present ones hold on, until the new ones are
 * used: the site may never hear that the hub knows them. [PROTOCOL 1.8]
 *
 * @param body of a frame that the site signed
 * @throws ProtocolError with rule `keys-succession`, `message-json` or `message-shape`
 */
export function withAnnouncedKeys(site: SiteRecord, body: Uint8Array): SiteRecord {
  const said = readSuccession(parseMessage(SUCCESSION, body));
  if (said.site !== site.id) throw wrong("it is of another site");
  if (said.replaces !== site.publicKey) throw wrong("it replaces a key that is not the site's");
  return { ...site, nextPublicKey: said.signingKey, nextSealingKey: said.sealingKey };
}

/**
 * The site's record with the keys that signed a hello: the present ones, or those that it announced,
 * which take their place with this. A hub that went back learns from the site how its key followed from
 * the one that the hub has. [PROTOCOL 1.9, 1.10]
 *
 * @returns undefined when no key of the site signed it
 */
export function recordBySigner(
  site: SiteRecord,
  signed: { readonly bytes: Uint8Array; readonly signature: Uint8Array },
  successions: readonly Succession[],
  nowMs: number,
): SiteRecord | undefined {
  if (isBy(site.publicKey, signed)) return site;
  const { nextPublicKey, nextSealingKey } = site;
  if (nextPublicKey !== null && nextSealingKey !== null && isBy(nextPublicKey, signed)) {
    return withKeys(site, nextPublicKey, nextSealingKey, nowMs);
  }
  let last = site;
  for (const succession of successions) {
    const said = readOrNothing(succession);
    if (said?.site !== site.id || said.replaces !== last.publicKey) continue;
    last = withKeys(last, said.signingKey, said.sealingKey, nowMs);
  }
  return last !== site && isBy(last.publicKey, signed) ? last : undefined;
}

function withKeys(
  site: SiteRecord,
  publicKey: string,
  sealingKey: string,
  nowMs: number,
): SiteRecord {
  return {
    ...site,
    publicKey,
    sealingKey,
    nextPublicKey: null,
    nextSealingKey: null,
    keysSinceMs: nowMs,
  };
}

function isBy(
  publicKey: string,
  { bytes, signature }: { readonly bytes: Uint8Array; readonly signature: Uint8Array },
): boolean {
  const key = parsePublicKey(publicKey, "ed25519");
  return key !== undefined && isSigned(key, bytes, signature);
}

/** Whoever says hello may bring anything; what is wrong proves nothing. */
function readOrNothing(succession: Succession) {
  try {
    return readSuccession(succession);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
