import { createRoute } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import { AppError } from "../../../devices/model/errors.ts";
import type { Accounts } from "../../access/accounts.ts";
import type { Audit } from "../../access/audit.ts";
import { auditedLogin, recordAction } from "../audited.ts";
import type { Api, AppEnv } from "../environment.ts";
import {
  clearSessionCookie,
  needPrincipal,
  refuseForeignOrigin,
  type SessionCookie,
  setSessionCookie,
} from "../identify.ts";
import { body, json, newApi, PROBLEMS } from "../openapi.ts";
import { LoginSchema, PasswordChangeSchema, WhoSchema, whoJson } from "../schemas/access.ts";

export interface SessionRoutesDeps {
  readonly accounts: Accounts;
  readonly audit: Audit;
  readonly cookie: SessionCookie;
}

const tags = ["access"];
/** Anybody who is logged in, also with a one-time password that must still be changed. */
const ANYBODY = {
  middleware: createMiddleware<AppEnv>((c, next) => {
    needPrincipal(c);
    return next();
  }) as MiddlewareHandler<AppEnv>,
  security: [{ token: [] }, { session: [] }],
};

/** Logging in and out, and one's own password. */
export function sessionRoutes({ accounts, audit, cookie }: SessionRoutesDeps): Api {
  const api = newApi();

  const login = createRoute({
    method: "post",
    path: "/session",
    tags,
    summary: "Log in: sets the session's cookie and answers its CSRF token",
    security: [],
    request: body(LoginSchema),
    responses: { 201: json(WhoSchema, "Who you are"), ...PROBLEMS },
  });
  api.openapi(login, async (c) => {
    refuseForeignOrigin(c);
    const { name, password } = c.req.valid("json");
    const address = c.get("address");
    const { principal, sessionId } = await auditedLogin(accounts, audit, {
      name,
      password,
      address,
    });
    setSessionCookie(c, cookie, sessionId);
    return c.json(whoJson(principal), 201);
  });

  const who = createRoute({
    method: "get",
    path: "/session",
    tags,
    summary: "Who you are",
    ...ANYBODY,
    responses: { 200: json(WhoSchema, "You"), ...PROBLEMS },
  });
  api.openapi(who, (c) => c.json(whoJson(needPrincipal(c)), 200));

  const logout = createRoute({
    method: "delete",
    path: "/session",
    tags,
    summary: "Log out",
    ...ANYBODY,
    responses: { 204: { description: "The session has ended" }, ...PROBLEMS },
  });
  api.openapi(logout, async (c) => {
    const principal = needPrincipal(c);
    if (principal.kind === "token") {
      throw new AppError("conflict", "a token has no session: revoke it instead");
    }
    await accounts.logout(principal);
    clearSessionCookie(c, cookie);
    await recordAction(audit, c, "logout", principal.name);
    return c.body(null, 204);
  });

  const password = createRoute({
    method: "put",
    path: "/session/password",
    tags,
    summary: "Change your own password; your other sessions end",
    ...ANYBODY,
    request: body(PasswordChangeSchema),
    responses: { 204: { description: "It is changed" }, ...PROBLEMS },
  });
  api.openapi(password, async (c) => {
    const principal = needPrincipal(c);
    if (principal.kind === "token") throw new AppError("forbidden", "a token has no password");
    const { currentPassword, newPassword } = c.req.valid("json");
    await accounts.changePassword(principal, currentPassword, newPassword, c.get("address"));
    await recordAction(audit, c, "password.change", principal.name);
    return c.body(null, 204);
  });

  return api;
}
