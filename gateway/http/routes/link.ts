import { createRoute, z } from "@hono/zod-openapi";
import type { Api } from "../environment.ts";
import { guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import type { LinkStatus } from "../use-cases.ts";

/** The state of the line between this gateway and the other side. */
export function linkRoutes(link: LinkStatus): Api {
  const api = newApi();
  const read = createRoute({
    method: "get",
    path: "/link",
    tags: ["link"],
    summary: "The state of the line: since when, what waits, what went wrong",
    ...guarded("reports:read"),
    responses: { 200: json(z.record(z.string(), z.unknown()), "The state"), ...PROBLEMS },
  });
  api.openapi(read, async (c) => c.json({ ...(await link()) }, 200));
  return api;
}
