import { createMiddleware } from "hono/factory";
import { routePath } from "hono/route";
import type { Log } from "../../devices/ports/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { clientOf, type TrustedProxies } from "./client-address.ts";
import type { AppEnv } from "./environment.ts";

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

export interface VisitorOptions {
  readonly proxies: TrustedProxies;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Milliseconds from any origin; only differences are used. */
  readonly elapsed: () => number;
  /** Paths whose requests are counted but not logged one by one: devices and probes. */
  readonly isQuiet: (path: string) => boolean;
}

/** Gives every request its id and its client's address; counts it, and writes its log line. */
export function visitor({ proxies, log, metrics, elapsed, isQuiet }: VisitorOptions) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const startedMs = elapsed();
    const given = c.req.header("X-Request-Id");
    const requestId = given && REQUEST_ID.test(given) ? given : Bun.randomUUIDv7();
    const peer = c.env?.server?.requestIP(c.req.raw)?.address ?? "";
    // Only of a proxy's request they are read.
    const forwarded = {
      get forwardedFor() {
        return c.req.header("X-Forwarded-For");
      },
      get proto() {
        return c.req.header("X-Forwarded-Proto");
      },
      get host() {
        return c.req.header("X-Forwarded-Host");
      },
    };
    const client = clientOf(peer, forwarded, proxies);
    c.set("requestId", requestId);
    c.set("address", client.address);
    c.set("forwardedHost", client.host);
    c.set("isHttps", client.isHttps || c.req.url.startsWith("https:"));

    await next();

    // Not by c.header(), which makes the whole response anew.
    c.res.headers.set("X-Request-Id", requestId);
    const milliseconds = elapsed() - startedMs;
    const route = routePath(c, -1);
    const { status } = c.res;
    metrics.count("outpost_http_requests_total", {
      method: c.req.method,
      route,
      status: String(status),
    });
    metrics.observe("outpost_http_request_seconds", { route }, milliseconds / 1000);
    if (isQuiet(c.req.path) && status < 500) return;
    const principal = c.get("principal");
    // What the gateway could not do is for its operator; what was asked wrongly is for whoever asked.
    log[status < 500 ? "info" : "warn"]("request", {
      requestId,
      method: c.req.method,
      path: c.req.path,
      status,
      milliseconds: Math.round(milliseconds * 10) / 10,
      address: client.address,
      by: principal?.name,
      reason: c.get("refusal"),
    });
  });
}
