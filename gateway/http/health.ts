import { Hono } from "hono";
import type { Log } from "../../devices/ports/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { AppEnv } from "./environment.ts";
import { type IdentifyOptions, identify, need } from "./identify.ts";
import { securityHeaders } from "./security-headers.ts";
import type { ReadinessCheck } from "./use-cases.ts";

/** A check that takes longer has failed. */
export const CHECK_MS_MAX = 5_000;

export interface HealthDeps {
  readonly checks: readonly ReadinessCheck[];
  readonly metrics: Metrics;
  readonly log: Log;
  /** Whose tokens and sessions may read the metrics. */
  readonly identify: IdentifyOptions;
}

/**
 * `/livez`: the process answers. `/readyz`: it can do its work, else 503 and why not. `/metrics`: for
 * whoever may read them. [D21]
 */
export function healthRoutes({
  checks,
  metrics,
  log,
  identify: options,
}: HealthDeps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.get("/livez", (c) => {
    c.header("Cache-Control", "no-store");
    return c.json({ status: "ok" });
  });

  routes.get("/readyz", async (c) => {
    const results = await Promise.all(checks.map((check) => runCheck(check, log)));
    const isReady = results.every(({ problem }) => problem === undefined);
    c.header("Cache-Control", "no-store");
    if (!isReady) c.header("Retry-After", "5");
    return c.json(
      {
        status: isReady ? "ready" : "not ready",
        checks: results.map(({ name, problem }) => ({
          name,
          ok: problem === undefined,
          ...(problem !== undefined && { reason: problem }),
        })),
      },
      isReady ? 200 : 503,
    );
  });

  routes.get("/metrics", securityHeaders, identify(options), need("metrics:read"), async (c) =>
    c.body(await metrics.text(), 200, { "Content-Type": metrics.contentType }),
  );
  return routes;
}

async function runCheck({ name, check }: ReadinessCheck, log: Log) {
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve("the check did not end in time"), CHECK_MS_MAX);
  try {
    return { name, problem: await Promise.race([check(), promise]) };
  } catch (error) {
    log.error("readiness-check-failed", error, { check: name });
    return { name, problem: "the check itself failed; the log says how" };
  } finally {
    clearTimeout(timer);
  }
}
