import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { may } from "../../../gateway/access/principal.ts";
import { isScope, ROLES, type Role } from "../../../gateway/access/role.ts";
import { ApiHarness, PASSWORD } from "./api-harness.ts";
import { jsonOf } from "./scenario-kit.ts";

const METHODS = ["get", "post", "put", "patch", "delete"] as const;

describe.each(["site", "hub"] as const)("the API of a %s", (role) => {
  let harness: ApiHarness;
  beforeAll(async () => {
    harness = await ApiHarness.open({ role });
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  test("every route is in the document, and the document has no others", () => {
    const served = harness.app.routes
      .filter(({ method, path }) => method !== "ALL" && !/\/(docs|openapi\.json)$/.test(path))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:([^/]+)/g, "{$1}")}`);
    const documented = operations(harness).map(({ method, path }) => `${method} ${path}`);
    expect(new Set(served)).toEqual(new Set(documented));
  });

  test("every operation says who may use it, and what it answers", () => {
    for (const { method, path, operation } of operations(harness)) {
      const scope: unknown = operation["x-scope"];
      const isOpen = operation.security?.length === 0;
      const isPersonal = path.endsWith("/session") || path.endsWith("/session/password");
      const isGuarded = typeof scope === "string" && isScope(scope);
      expect([method, path, isGuarded || isOpen || isPersonal]).toEqual([method, path, true]);
      expect([method, path, operation.summary !== undefined]).toEqual([method, path, true]);
    }
  });

  test("the fixed surface is there", () => {
    const paths = Object.keys(harness.document.paths ?? {});
    const both = [
      "/matrix",
      "/devices",
      "/devices/{id}",
      "/groups/{name}",
      "/files",
      "/packages/{id}",
      "/packages/{id}/revisions",
      "/distributions",
      "/distributions/{id}",
      "/distributions/{id}/stop",
      "/installations",
      "/installations/{id}",
      "/installations/{id}/history",
      "/reports/summary",
      "/reports/apps/{package}",
      "/windows/{id}",
      "/windows/{id}/preview",
      "/link",
      "/audit",
      "/tokens",
    ];
    const site = [
      "/devices/{id}/facts",
      "/enrolment-codes",
      "/installations/{id}/request",
      "/installations/{id}/retry",
      "/installations/retry",
    ];
    const expected = [...both, ...(role === "site" ? site : ["/sites", "/join-codes"])];
    expect(expected.filter((path) => !paths.includes(harness.base + path))).toEqual([]);
  });

  describe.each([...ROLES])("for the role %s", (asked: Role) => {
    test("each route lets through whom its scope names, and nobody else", async () => {
      const headers = await harness.token(asked);
      const wrong: string[] = [];
      for (const { method, path, operation } of operations(harness)) {
        const scope: unknown = operation["x-scope"];
        if (typeof scope !== "string" || !isScope(scope)) continue;
        const answer = await call(harness, method, path, headers);
        const isAllowed = may({ kind: "token", id: "", name: "", role: asked, scopes: [] }, scope);
        if ((answer.status === 403) === isAllowed) wrong.push(`${method} ${path} ${answer.status}`);
        if (answer.status >= 500) wrong.push(`${method} ${path} ${answer.status}`);
      }
      expect(wrong).toEqual([]);
    });
  });

  test("without a token or a session every guarded route answers 401", async () => {
    const open: string[] = [];
    for (const { method, path, operation } of operations(harness)) {
      if (operation.security?.length === 0) continue;
      const answer = await call(harness, method, path, {});
      if (answer.status !== 401) open.push(`${method} ${path} ${answer.status}`);
    }
    expect(open).toEqual([]);
  });

  test("a token with another scope is refused, also an admin's", async () => {
    const headers = await harness.token("admin", "metrics:read");
    const through: string[] = [];
    for (const { method, path, operation } of operations(harness)) {
      const scope: unknown = operation["x-scope"];
      if (typeof scope !== "string" || scope === "metrics:read") continue;
      const answer = await call(harness, method, path, headers);
      if (answer.status !== 403) through.push(`${method} ${path} ${answer.status}`);
    }
    expect(through).toEqual([]);
    expect((await harness.ask("GET", "//metrics", { headers })).status).toBe(200);
  });

  test("the document and its page are for whoever may read", async () => {
    const prefix = role === "site" ? "" : "/hub";
    expect((await harness.ask("GET", `/${prefix}/docs`)).status).toBe(401);
    const headers = await harness.token("viewer");
    const page = await harness.ask("GET", `/${prefix}/docs`, { headers });
    expect(page.status).toBe(200);
    const html = await page.text();
    expect(html).toStartWith("<!doctype html>");
    expect(html).toContain("Aggregate report of one app");
    expect(html).toContain('href="openapi.json"');
    expect(html).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    const json = await harness.ask("GET", `/${prefix}/openapi.json`, { headers });
    expect(await jsonOf(json)).toMatchObject({ openapi: "3.1.0" });
  });

  test("what is not there is a problem too", async () => {
    const answer = await harness.ask("GET", "/nothing");
    expect(answer.status).toBe(404);
    expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
    expect(await jsonOf(answer)).toMatchObject({ code: "not-found", status: 404 });
  });

  test("answers carry the headers that protect a browser", async () => {
    const answer = await harness.ask("GET", "/matrix", { headers: await harness.token("viewer") });
    const policy = answer.headers.get("Content-Security-Policy") ?? "";
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain("script-src 'self' 'unsafe-inline'");
    expect(answer.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect(answer.headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("the first administrator may log in", async () => {
    const json = { name: "admin", password: PASSWORD };
    const answer = await harness.ask("POST", "/session", { json });
    expect(answer.status).toBe(201);
    const cookie = answer.headers.get("Set-Cookie") ?? "";
    expect(cookie).toContain(role === "site" ? "Path=/;" : "Path=/hub;");
    expect(cookie).toContain("HttpOnly");
    expect(cookie).toContain("SameSite=Lax");
    expect(cookie).not.toContain("Secure");
  });
});

function operations({ document }: ApiHarness) {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation ? [{ method: method.toUpperCase(), path, operation }] : [];
    }),
  );
}

/** With no body that fits: whoever is let through gets as far as 400, 404, 409 or 422. */
function call(
  harness: ApiHarness,
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<Response> {
  const hasBody = method !== "GET" && method !== "DELETE";
  return harness.ask(method, `/${path.replaceAll(/\{[^}]+\}/g, "none")}`, {
    headers,
    ...(hasBody && { json: { nothing: "that fits" } }),
  });
}
