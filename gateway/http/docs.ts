import { OpenAPIHono } from "@hono/zod-openapi";
import { Hono } from "hono";
import { docsPage } from "./docs-page.tsx";
import type { Api, AppEnv } from "./environment.ts";
import { type IdentifyOptions, identify, need } from "./identify.ts";
import type { OpenApiDocument } from "./openapi-document.ts";
import { securityHeaders } from "./security-headers.ts";

/** What is documented, and where it is mounted: `{ base: "/api/v1", api }`. */
export interface DocumentedPart {
  readonly base: string;
  readonly api: Api;
  /** Devices call it, not people: with secrets of their own. */
  readonly forDevices?: true;
}

export interface DocsDeps {
  readonly title: string;
  readonly version: string;
  readonly parts: readonly DocumentedPart[];
  readonly identify: IdentifyOptions;
}

/** The OpenAPI 3.1 document of everything that is mounted. */
export function openApiDocument(deps: DocsDeps): OpenApiDocument {
  const {
    title,
    version,
    parts,
    identify: { cookie },
  } = deps;
  const all = new OpenAPIHono<AppEnv>();
  for (const { base, api } of parts) all.route(base === "" ? "/" : base, api);
  all.openAPIRegistry.registerComponent("securitySchemes", "token", {
    type: "http",
    scheme: "bearer",
    description: "An API token: `Authorization: Bearer outpost_…`",
  });
  all.openAPIRegistry.registerComponent("securitySchemes", "session", {
    type: "apiKey",
    in: "cookie",
    name: cookie.name,
    description: "The session of a person; unsafe requests also send X-CSRF-Token",
  });
  if (parts.some(({ forDevices }) => forDevices)) {
    all.openAPIRegistry.registerComponent("securitySchemes", "agent", {
      type: "http",
      scheme: "bearer",
      description: "The token that an agent made for itself and enrolled with",
    });
  }
  return all.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title, version, description: INTRODUCTION },
  });
}

/** `/openapi.json` and `/docs`, for whoever may read reports. [D21] */
export function docsRoutes(deps: DocsDeps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  const guards = [securityHeaders, identify(deps.identify), need("reports:read")] as const;
  let document: OpenApiDocument | undefined;
  const read = () => {
    document ??= openApiDocument(deps);
    return document;
  };
  routes.get("/openapi.json", ...guards, (c) => c.json(read()));
  routes.get("/docs", ...guards, (c) => c.html(docsPage(read())));
  return routes;
}

const INTRODUCTION = `Everything the console shows and does is here as well.

Who asks: an API token (Authorization: Bearer), or the session of somebody who is logged in. Each operation names the scope it needs; a token without scopes may do all that its role may.

What goes wrong is answered as application/problem+json (RFC 9457): a stable code, a sentence, and for a wrong field its JSON pointer. 409 lists what is allowed instead, 429 and 503 say when to come again.

Lists take filter, sort, limit and cursor; next of a page is the cursor of the next one. With Accept: text/csv they answer all rows as a file. The same filter always means the same rows, in counts, lists, files and links.

A POST with an Idempotency-Key is done once: the same request again gets the first answer, without secrets. Records that are edited have an ETag; with If-Match an edit is refused when somebody was faster.`;
