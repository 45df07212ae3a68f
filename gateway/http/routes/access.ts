import { createRoute, z } from "@hono/zod-openapi";
import type { Accounts } from "../../access/accounts.ts";
import type { ApiTokens } from "../../access/api-tokens.ts";
import type { Audit } from "../../access/audit.ts";
import { nameOf } from "../../access/principal.ts";
import { PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX } from "../../reports/report-reader.ts";
import { recordAction } from "../audited.ts";
import type { Api } from "../environment.ts";
import { needPrincipal } from "../identify.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import {
  AdministratorPatchSchema,
  AdministratorSchema,
  AuditEntrySchema,
  administratorJson,
  auditEntryJson,
  IssuedTokenSchema,
  NewAdministratorSchema,
  NewTokenSchema,
  OneTimePasswordSchema,
  TokenSchema,
  tokenJson,
} from "../schemas/access.ts";

export interface AccessRoutesDeps {
  readonly accounts: Accounts;
  readonly tokens: ApiTokens;
  readonly audit: Audit;
}

const tags = ["access"];
const NameParam = z.object({ name: z.string() });
const IdParam = z.object({ id: z.string() });

/** The administrators of this gateway. */
export function administratorRoutes({ accounts, audit }: AccessRoutesDeps): Api {
  const api = newApi();

  const list = createRoute({
    method: "get",
    path: "/administrators",
    tags,
    summary: "Who may log in",
    ...guarded("access:write"),
    responses: { 200: json(z.array(AdministratorSchema), "The administrators"), ...PROBLEMS },
  });
  api.openapi(list, async (c) => c.json((await accounts.list()).map(administratorJson), 200));

  const add = createRoute({
    method: "post",
    path: "/administrators",
    tags,
    summary: "Add an administrator; the one-time password is shown once",
    ...guarded("access:write"),
    request: body(NewAdministratorSchema),
    responses: { 201: json(OneTimePasswordSchema, "Their password"), ...PROBLEMS },
  });
  api.openapi(add, async (c) => {
    const { name, role } = c.req.valid("json");
    const oneTimePassword = await accounts.add(name, role);
    await recordAction(audit, c, "administrator.add", name, { role });
    c.set("secretFields", ["oneTimePassword"]);
    return c.json({ name, oneTimePassword }, 201);
  });

  const change = createRoute({
    method: "patch",
    path: "/administrators/{name}",
    tags,
    summary: "Change somebody's role, or whether they may log in",
    ...guarded("access:write"),
    request: { params: NameParam, ...body(AdministratorPatchSchema) },
    responses: { 200: json(AdministratorSchema, "The administrator now"), ...PROBLEMS },
  });
  api.openapi(change, async (c) => {
    const { name } = c.req.valid("param");
    const wanted = c.req.valid("json");
    const changed = await accounts.change(name, wanted);
    await recordAction(audit, c, "administrator.change", name, wanted);
    return c.json(administratorJson(changed), 200);
  });

  const reset = createRoute({
    method: "post",
    path: "/administrators/{name}/reset-password",
    tags,
    summary: "A new one-time password, shown once; their sessions end",
    ...guarded("access:write"),
    request: { params: NameParam },
    responses: { 200: json(OneTimePasswordSchema, "Their password"), ...PROBLEMS },
  });
  api.openapi(reset, async (c) => {
    const { name } = c.req.valid("param");
    const oneTimePassword = await accounts.resetPassword(name);
    await recordAction(audit, c, "administrator.reset-password", name);
    c.set("secretFields", ["oneTimePassword"]);
    return c.json({ name, oneTimePassword }, 200);
  });

  const remove = createRoute({
    method: "delete",
    path: "/administrators/{name}",
    tags,
    summary: "Remove an administrator; their sessions end, their tokens stay",
    ...guarded("access:write"),
    request: { params: NameParam },
    responses: { 204: { description: "They are removed" }, ...PROBLEMS },
  });
  api.openapi(remove, async (c) => {
    const { name } = c.req.valid("param");
    await accounts.remove(name);
    await recordAction(audit, c, "administrator.remove", name);
    return c.body(null, 204);
  });

  return api;
}

/** Tokens for programs. */
export function tokenRoutes({ tokens, audit }: AccessRoutesDeps): Api {
  const api = newApi();

  const list = createRoute({
    method: "get",
    path: "/tokens",
    tags,
    summary: "API tokens, the newest first; revoked ones too",
    ...guarded("access:write"),
    responses: { 200: json(z.array(TokenSchema), "The tokens"), ...PROBLEMS },
  });
  api.openapi(list, async (c) => c.json((await tokens.list()).map(tokenJson), 200));

  const create = createRoute({
    method: "post",
    path: "/tokens",
    tags,
    summary: "Make an API token; it is shown once",
    ...guarded("access:write"),
    request: body(NewTokenSchema),
    responses: { 201: json(IssuedTokenSchema, "The token"), ...PROBLEMS },
  });
  api.openapi(create, async (c) => {
    const { expiresAt, ...wanted } = c.req.valid("json");
    const creator = needPrincipal(c);
    const issued = await tokens.issue(
      { ...wanted, expiresAtMs: expiresAt },
      creator,
      nameOf(creator),
    );
    const { role, scopes } = issued.token;
    const details = { name: wanted.name, role, scopes: scopes.join(" ") };
    await recordAction(audit, c, "token.create", issued.token.id, details);
    c.set("secretFields", ["token"]);
    return c.json({ ...tokenJson(issued.token), token: issued.text }, 201);
  });

  const revoke = createRoute({
    method: "delete",
    path: "/tokens/{id}",
    tags,
    summary: "Revoke an API token",
    ...guarded("access:write"),
    request: { params: IdParam },
    responses: { 204: { description: "It does not work any longer" }, ...PROBLEMS },
  });
  api.openapi(revoke, async (c) => {
    const { id } = c.req.valid("param");
    await tokens.revoke(id);
    await recordAction(audit, c, "token.revoke", id);
    return c.body(null, 204);
  });

  return api;
}

/** What administrators and their programs did. */
export function auditRoutes(audit: Audit): Api {
  const api = newApi();
  const list = createRoute({
    method: "get",
    path: "/audit",
    tags,
    summary: "What was done by whom, the newest first",
    ...guarded("audit:read"),
    request: {
      query: z.strictObject({
        by: z.string().max(200).optional(),
        action: z.string().max(200).optional(),
        subject: z.string().max(500).optional(),
        cursor: z
          .string()
          .regex(/^\d{1,15}$/, "the cursor is not of this list: begin without one")
          .optional(),
        limit: z.coerce
          .number()
          .pipe(z.int().min(1).max(PAGE_ROWS_MAX))
          .optional()
          .openapi({ type: "integer", minimum: 1, maximum: PAGE_ROWS_MAX }),
      }),
    },
    responses: {
      200: json(
        z
          .object({ rows: z.array(AuditEntrySchema), next: z.string().nullable() })
          .openapi("AuditPage"),
        "The entries",
      ),
      ...PROBLEMS,
    },
  });
  api.openapi(list, async (c) => {
    const { by, action, subject, cursor, limit = PAGE_ROWS_DEFAULT } = c.req.valid("query");
    const found = await audit.list({
      limit: limit + 1,
      ...(by !== undefined && { by }),
      ...(action !== undefined && { action }),
      ...(subject !== undefined && { subject }),
      ...(cursor !== undefined && { beforeId: Number(cursor) }),
    });
    const rows = found.slice(0, limit);
    const last = found.length > limit ? rows.at(-1) : undefined;
    return c.json({ rows: rows.map(auditEntryJson), next: last ? String(last.id) : null }, 200);
  });
  return api;
}
