import { createRoute, z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { AppError } from "../../devices/model/errors.ts";
import type { Log } from "../../devices/ports/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Api, AppEnv } from "./environment.ts";
import { type IdentifyOptions, identify, need } from "./identify.ts";
import { guarded, json, newApi, PROBLEMS } from "./openapi.ts";
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

const tags = ["health"];
const ReadySchema = z
  .object({
    status: z.enum(["ready", "not ready"]),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), reason: z.string().optional() })),
  })
  .openapi("Readiness");

/**
 * `/livez`: the process answers. `/readyz`: it can do its work, else 503 and why not. `/metrics`: for
 * whoever may read them. [D21]
 */
export function healthRoutes({ checks, metrics, log, identify: options }: HealthDeps): Api {
  const api = newApi();

  const live = createRoute({
    method: "get",
    path: "/livez",
    tags,
    summary: "The process answers",
    security: [],
    responses: { 200: json(z.object({ status: z.literal("ok") }), "It does") },
  });
  api.openapi(live, (c) => {
    c.header("Cache-Control", "no-store");
    return c.json({ status: "ok" as const }, 200);
  });

  const ready = createRoute({
    method: "get",
    path: "/readyz",
    tags,
    summary: "The gateway can do its work",
    security: [],
    responses: {
      200: json(ReadySchema, "It can"),
      503: json(ReadySchema, "It cannot, and why"),
    },
  });
  api.openapi(ready, async (c) => {
    const results = await Promise.all(checks.map((check) => runCheck(check, log)));
    const isReady = results.every(({ problem }) => problem === undefined);
    c.header("Cache-Control", "no-store");
    if (!isReady) c.header("Retry-After", "5");
    const answer = {
      status: isReady ? ("ready" as const) : ("not ready" as const),
      checks: results.map(({ name, problem }) => ({
        name,
        ok: problem === undefined,
        ...(problem !== undefined && { reason: problem }),
      })),
    };
    return isReady ? c.json(answer, 200) : c.json(answer, 503);
  });

  const read = createRoute({
    method: "get",
    path: "/metrics",
    tags,
    summary: "Metrics in the exposition format of Prometheus",
    ...guarded("metrics:read"),
    middleware: [
      securityHeaders,
      identify(options),
      need("metrics:read"),
    ] as MiddlewareHandler<AppEnv>[],
    responses: {
      200: { description: "The metrics", content: { "text/plain": { schema: z.string() } } },
      ...PROBLEMS,
    },
  });
  api.openapi(read, async (c) =>
    c.text(await metrics.text(), 200, { "Content-Type": metrics.contentType }),
  );

  return api;
}

async function runCheck({ name, check }: ReadinessCheck, log: Log) {
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve("the check did not end in time"), CHECK_MS_MAX);
  try {
    return { name, problem: await Promise.race([check(), promise]) };
  } catch (error) {
    if (error instanceof AppError) return { name, problem: error.message };
    log.error("readiness-check-failed", error, { check: name });
    return { name, problem: "the check itself failed; the log says how" };
  } finally {
    clearTimeout(timer);
  }
}
