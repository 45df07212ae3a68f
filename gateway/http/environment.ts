import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Principal } from "../access/principal.ts";

/** What every request of ours carries through Hono. */
export interface AppEnv {
  /** Second argument of `app.fetch`: the server that knows the peer's address. */
  readonly Bindings: {
    readonly server?: { requestIP(request: Request): { readonly address: string } | null };
  };
  readonly Variables: {
    /** Unique per request; in the log line, in problems and in the answer's `X-Request-Id`. */
    requestId: string;
    /** The client's address, as far as trusted proxies tell it. */
    address: string;
    /** The host the client asked for, as a trusted proxy says. */
    forwardedHost: string | undefined;
    /** The client speaks TLS, to us or to a trusted proxy. */
    isHttps: boolean;
    /** Who asks; undefined before or without identification. */
    principal: Principal | undefined;
    /** Why the request was refused, for its log line; undefined when it was not. */
    refusal: string | undefined;
    /** Fields of the JSON answer that hold a secret shown once: never kept. */
    secretFields: readonly string[] | undefined;
  };
}

export type AppContext = Context<AppEnv>;
export type Api = OpenAPIHono<AppEnv>;
