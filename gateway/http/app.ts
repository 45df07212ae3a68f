import { OpenAPIHono } from "@hono/zod-openapi";
import type { Log } from "../../devices/ports/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { TrustedProxies } from "./client-address.ts";
import type { Api, AppEnv } from "./environment.ts";
import { notFound, onError } from "./on-error.ts";
import { visitor } from "./visitor.ts";

export interface AppOptions {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly proxies: TrustedProxies;
  /** Milliseconds from any origin, such as `performance.now`. */
  readonly elapsed: () => number;
}

/** Devices and probes call these all the time: counted, but not logged one by one. */
const QUIET =
  /^\/(syncml|content|agent|api\/devices|[^/]+\/controller\/v1|livez|readyz|metrics|hub\/sync|assets|hub\/assets)(\/|$)/;

/**
 * The application that everything is mounted on: request ids, the client's address, log line and
 * metrics, and one answer to everything that is thrown.
 *
 * Served with `Bun.serve({ fetch: (request, server) => app.fetch(request, { server }) })`.
 */
export function createApp({ log, metrics, proxies, elapsed }: AppOptions): Api {
  const app = new OpenAPIHono<AppEnv>();
  app.use(visitor({ proxies, log, metrics, elapsed, isQuiet: (path) => QUIET.test(path) }));
  app.onError(onError(log));
  app.notFound(notFound);
  return app;
}
