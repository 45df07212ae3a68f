import { getCookie, setCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import { AppError } from "../../devices/model/errors.ts";
import { API_BODY_BYTES_MAX } from "../../devices/model/limits.ts";
import { type Accounts, SESSION_MS } from "../access/accounts.ts";
import type { ApiTokens } from "../access/api-tokens.ts";
import { may, type Principal } from "../access/principal.ts";
import { isAtLeast, SCOPES, type Scope } from "../access/role.ts";
import { isSameSecret } from "../access/secret-text.ts";
import type { AppContext, AppEnv } from "./environment.ts";

export const CSRF_HEADER = "X-CSRF-Token";
/** The field of an urlencoded form that holds the session's CSRF token. */
export const CSRF_FIELD = "_csrf";
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/** Where a gateway keeps its sessions in the browser: site and hub may share one host. */
export interface SessionCookie {
  readonly name: string;
  /** `/` for a site, `/hub` for a hub. */
  readonly path: string;
}

export interface IdentifyOptions {
  readonly accounts: Accounts;
  readonly tokens: ApiTokens;
  readonly cookie: SessionCookie;
}

/**
 * Finds out who asks: by `Authorization: Bearer …`, else by the session's cookie. A token that is
 * wrong is refused at once; nobody is fine here, `need` decides.
 *
 * @throws AppError "forbidden" for an unsafe request of a session that does not prove that it comes
 *   from our own page
 */
export function identify({ accounts, tokens, cookie }: IdentifyOptions) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const authorization = c.req.header("Authorization");
    if (authorization !== undefined) {
      const [, text] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
      const principal = text === undefined ? undefined : await tokens.authenticate(text);
      if (!principal)
        throw new AppError("unauthorized", "the API token is wrong, expired or revoked");
      c.set("principal", principal);
      return next();
    }
    const sessionId = getCookie(c, cookie.name);
    const principal = sessionId === undefined ? undefined : await accounts.authenticate(sessionId);
    if (principal) {
      if (!SAFE_METHODS.has(c.req.method)) await refuseForgery(c, principal.session.csrfToken);
      c.set("principal", principal);
    }
    return next();
  });
}

/** Lets only those through that may do what the scope says. */
export function need(scope: Scope) {
  return createMiddleware<AppEnv>(async (c, next) => {
    requireScope(c, scope);
    return next();
  });
}

/** @throws AppError "unauthorized" when nobody is logged in, "forbidden" when it is not theirs to do */
export function requireScope(c: AppContext, scope: Scope): Principal {
  const principal = needPrincipal(c);
  if (principal.kind === "administrator" && principal.mustChange) {
    throw new AppError("forbidden", "change your one-time password first");
  }
  if (may(principal, scope)) return principal;
  throw new AppError(
    "forbidden",
    isAtLeast(principal.role, SCOPES[scope])
      ? `the token does not have the scope ${scope}`
      : `this needs the role ${SCOPES[scope]}; yours is ${principal.role}`,
  );
}

/** Whoever asks, also one who must still change a one-time password. */
export function needPrincipal(c: AppContext): Principal {
  const principal = c.get("principal");
  if (!principal) throw new AppError("unauthorized", "log in, or send an API token");
  return principal;
}

export function setSessionCookie(c: AppContext, cookie: SessionCookie, sessionId: string): void {
  setCookie(c, cookie.name, sessionId, {
    httpOnly: true,
    // Lax, so that a link to a list opens from a mail or a chat; what changes something needs the CSRF
    // token besides.
    sameSite: "Lax",
    path: cookie.path,
    secure: c.get("isHttps"),
    maxAge: SESSION_MS / 1000,
  });
}

export function clearSessionCookie(c: AppContext, cookie: SessionCookie): void {
  setCookie(c, cookie.name, "", {
    httpOnly: true,
    sameSite: "Lax",
    path: cookie.path,
    secure: c.get("isHttps"),
    maxAge: 0,
  });
}

/**
 * A session's unsafe request must come from our own page: the browser says so, and the page repeats
 * the session's token in a header or, for a plain form, in a field. A multipart body may be a file of
 * gigabytes that nobody can look into first, so there the browser's word (which it always gives with
 * a POST) has to do.
 */
async function refuseForgery(c: AppContext, csrfToken: string): Promise<void> {
  refuseForeignOrigin(c);
  const header = c.req.header(CSRF_HEADER);
  if (header !== undefined) {
    if (isSameSecret(header, csrfToken)) return;
    throw forged();
  }
  const type = c.req.header("Content-Type") ?? "";
  const bytes = Number(c.req.header("Content-Length") ?? Number.NaN);
  if (type.startsWith("application/x-www-form-urlencoded") && bytes <= API_BODY_BYTES_MAX) {
    const form = await c.req.parseBody();
    const field = form[CSRF_FIELD];
    if (typeof field === "string" && isSameSecret(field, csrfToken)) return;
  }
  if (type.startsWith("multipart/form-data") && c.req.header("Origin") !== undefined) return;
  throw forged();
}

/** @throws AppError "forbidden" when the browser says that another site made it send the request */
export function refuseForeignOrigin(c: AppContext): void {
  const site = c.req.header("Sec-Fetch-Site");
  if (site !== undefined && site !== "same-origin" && site !== "none") throw forged();
  const origin = c.req.header("Origin");
  if (origin !== undefined && hostOf(origin) !== hostOfRequest(c)) throw forged();
}

function hostOf(origin: string): string | undefined {
  return URL.parse(origin)?.host;
}

/** Ports that belong to a scheme are left out, as browsers do in Origin. */
function hostOfRequest(c: AppContext): string | undefined {
  const host = c.get("forwardedHost") ?? c.req.header("Host") ?? new URL(c.req.url).host;
  return URL.parse(`${c.get("isHttps") ? "https" : "http"}://${host}`)?.host;
}

function forged(): AppError {
  return new AppError(
    "forbidden",
    `the request does not come from a page of this gateway: reload the page, or send ${CSRF_HEADER}`,
  );
}
