/**
 * Challenges and sessions that the hub need not remember: a text and an HMAC over it, under a key
 * derived from the hub's own signing key. Any hub process can check what another one issued.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { parseSiteId, type SiteId } from "../../devices/model/ids.ts";
import { CHALLENGE_MS_MAX, SESSION_MS_MAX } from "../limits.ts";

export interface Challenge {
  readonly site: SiteId;
  readonly issuedAtMs: number;
}

export interface Session {
  readonly site: SiteId;
  readonly instance: string;
  readonly incarnation: number;
}

export interface Tokens {
  challenge(site: SiteId, nowMs: number): string;
  /** Undefined when it is not ours, for another site, or too old. */
  readChallenge(text: string, site: SiteId, nowMs: number): Challenge | undefined;
  session(session: Session, nowMs: number): string;
  readSession(text: string, nowMs: number): Session | undefined;
}

const CHALLENGE_BYTES = 12;

/** @param signingPrivate the hub's private key, base64 of DER */
export function tokensFor(
  signingPrivate: string,
  randomBytes: (count: number) => Uint8Array,
): Tokens {
  const secret = Buffer.from(signingPrivate, "base64");
  const key = Buffer.from(hkdfSync("sha256", secret, "", "outpost link tokens 1", 32));
  const pack = (parts: readonly (string | number)[]) => {
    const text = Buffer.from(JSON.stringify(parts)).toString("base64url");
    return `${text}.${macOf(key, text)}`;
  };
  return {
    challenge: (site, nowMs) => {
      const unique = Buffer.from(randomBytes(CHALLENGE_BYTES)).toString("base64url");
      return pack(["challenge", site, nowMs, unique]);
    },
    readChallenge(text, site, nowMs) {
      const [kind, forSite, issuedAtMs] = unpack(key, text);
      if (kind !== "challenge" || forSite !== site || typeof issuedAtMs !== "number") {
        return undefined;
      }
      return nowMs - issuedAtMs > CHALLENGE_MS_MAX ? undefined : { site, issuedAtMs };
    },
    session: ({ site, instance, incarnation }, nowMs) =>
      pack(["session", site, instance, incarnation, nowMs + SESSION_MS_MAX]),
    readSession(text, nowMs) {
      const [kind, siteText, instance, incarnation, expiresAtMs] = unpack(key, text);
      if (
        kind !== "session" ||
        typeof siteText !== "string" ||
        typeof instance !== "string" ||
        typeof incarnation !== "number" ||
        typeof expiresAtMs !== "number" ||
        nowMs >= expiresAtMs
      ) {
        return undefined;
      }
      const site = parseSiteId(siteText);
      return site && { site, instance, incarnation };
    },
  };
}

/**
 * Which challenges were answered, so that a hello that is repeated or overtaken on its way does
 * nothing. Kept in memory: after a restart of the hub old challenges expire by themselves.
 */
export class AnsweredChallenges {
  readonly #newest = new Map<SiteId, { readonly text: string; readonly issuedAtMs: number }>();

  /** False for one that was answered before, or is older than one that was. */
  isFresh(text: string, challenge: Challenge): boolean {
    const newest = this.#newest.get(challenge.site);
    if (newest === undefined) return true;
    return text !== newest.text && challenge.issuedAtMs >= newest.issuedAtMs;
  }

  add(text: string, { site, issuedAtMs }: Challenge): void {
    this.#newest.set(site, { text, issuedAtMs });
  }
}

function unpack(key: Buffer, token: string): readonly unknown[] {
  const [text = "", mac = "", ...rest] = token.split(".");
  const expected = Buffer.from(macOf(key, text));
  const given = Buffer.from(mac);
  if (rest.length > 0 || given.length !== expected.length) return [];
  if (!timingSafeEqual(given, expected)) return [];
  const parts: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  return Array.isArray(parts) ? parts : [];
}

function macOf(key: Buffer, text: string): string {
  return createHmac("sha256", key).update(text).digest("base64url");
}
