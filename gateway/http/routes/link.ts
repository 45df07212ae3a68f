import { createRoute, z } from "@hono/zod-openapi";
import type { Api } from "../environment.ts";
import { guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { Time, timeFrom } from "../schemas/common.ts";
import { type HubLine, LINE_PHASES, type LinkStatus, type SiteLine } from "../use-cases.ts";

const SiteLineSchema = z
  .object({
    kind: z.literal("site"),
    joined: z.boolean(),
    site: z.string().nullable(),
    phase: z.enum(LINE_PHASES).openapi({
      description: "`live`: everything is at the hub. `refused`: somebody has to act",
    }),
    hubUrl: z.string().nullable(),
    incarnation: z.int().nullable(),
    connectedSince: Time.nullable(),
    lastAcknowledged: Time.nullable().openapi({ description: "When the hub last confirmed" }),
    pendingRows: z.int().openapi({ description: "States that are still to be sent" }),
    pendingFacts: z.int().openapi({ description: "Entries of the history still to be sent" }),
    policyVersion: z.int().nullable(),
    clockOffsetMs: z.number().nullable().openapi({ description: "This clock minus the hub's" }),
    lastError: z.string().nullable().openapi({ description: "Null: nothing since it connected" }),
    nextAttempt: Time.nullable(),
    joinProblem: z.string().nullable(),
  })
  .openapi("SiteLine");
const HubLineSchema = z.object({ kind: z.literal("hub"), sites: z.int() }).openapi("HubLine");

/** The state of the line between this gateway and the other side. */
export function linkRoutes(link: LinkStatus): Api {
  const api = newApi();
  const read = createRoute({
    method: "get",
    path: "/link",
    tags: ["link"],
    summary: "The state of the line: since when, what waits, what went wrong",
    ...guarded("reports:read"),
    responses: {
      200: json(z.discriminatedUnion("kind", [SiteLineSchema, HubLineSchema]), "The state"),
      ...PROBLEMS,
    },
  });
  api.openapi(read, async (c) => c.json(lineJson(await link()), 200));
  return api;
}

function lineJson(line: SiteLine | HubLine): z.infer<typeof SiteLineSchema | typeof HubLineSchema> {
  if (line.kind === "hub") return line;
  const { connectedSinceMs, lastAcknowledgedAtMs, nextAttemptAtMs, ...rest } = line;
  return {
    ...rest,
    connectedSince: timeFrom(connectedSinceMs),
    lastAcknowledged: timeFrom(lastAcknowledgedAtMs),
    nextAttempt: timeFrom(nextAttemptAtMs),
  };
}
