import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";

/** A longer text is no token of ours. */
export const TOKEN_CHARACTERS_MAX = 1_000;

/** What a token says. */
export interface TokenClaims {
  /** Our id of the device. */
  readonly device: string;
  /** SHA-256 (hex) of the public key that it was given for. */
  readonly key: string;
  readonly expiresAtMs: number;
}

const HEADER = base64url(JSON.stringify({ alg: "HS256", typ: "JWT" }));
const Claims = z.object({ sub: z.string(), key: z.string(), exp: z.int() });

/** A JSON Web Token: clients show it as it is, and some of them look at when it ends. */
export function printToken(claims: TokenClaims, issuedAtMs: number, secret: Uint8Array): string {
  const body = base64url(
    JSON.stringify({
      iss: "outpost",
      sub: claims.device,
      key: claims.key,
      iat: Math.floor(issuedAtMs / 1000),
      exp: Math.floor(claims.expiresAtMs / 1000),
    }),
  );
  return `${HEADER}.${body}.${signatureOf(`${HEADER}.${body}`, secret)}`;
}

/** What a token says, if one of these secrets signed it and it has not expired. */
export function readToken(
  token: string,
  nowMs: number,
  secrets: readonly Uint8Array[],
): TokenClaims | undefined {
  const [header, body, signature, ...more] = token.split(".");
  if (token.length > TOKEN_CHARACTERS_MAX || more.length > 0 || header !== HEADER) return undefined;
  if (body === undefined || signature === undefined) return undefined;
  const given = Buffer.from(signature);
  const isOurs = secrets.some((secret) => {
    const own = Buffer.from(signatureOf(`${header}.${body}`, secret));
    return own.length === given.length && timingSafeEqual(own, given);
  });
  if (!isOurs) return undefined;
  const { sub, key, exp } = Claims.parse(JSON.parse(Buffer.from(body, "base64url").toString()));
  const expiresAtMs = exp * 1000;
  return nowMs < expiresAtMs ? { device: sub, key, expiresAtMs } : undefined;
}

/** The secret is used for nothing else, whatever else its origin signs. */
function signatureOf(text: string, secret: Uint8Array): string {
  const own = createHmac("sha256", secret).update("mender bearer token").digest();
  return createHmac("sha256", own).update(text).digest("base64url");
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}
