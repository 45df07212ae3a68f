import { createRoute, z } from "@hono/zod-openapi";
import type { Audit } from "../../access/audit.ts";
import { FORMER_KEY_MS_MAX } from "../../content/link-keys.ts";
import { recordAction } from "../audited.ts";
import type { Api, AppContext } from "../environment.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { Time, timeFrom } from "../schemas/common.ts";
import type { SiteSecrets, SiteSecretsView } from "../use-cases.ts";

const HOUR_MS = 3_600_000;
/** Links of a former key are good so long at most, in hours; also what holds unless said otherwise. */
export const FORMER_LINKS_HOURS_MAX = FORMER_KEY_MS_MAX / HOUR_MS;
/** What can be changed. */
export const KEY_KINDS = ["hub-keys", "device-links"] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

const tags = ["keys"];
const KeysSchema = z
  .object({
    hubKeys: z
      .object({
        fingerprint: z.string().openapi({ example: "0f3a9c5b7d21e884" }),
        since: Time.nullable().openapi({ description: "null: since the first start" }),
        next: z
          .object({ fingerprint: z.string(), made: Time })
          .nullable()
          .openapi({ description: "New keys that hold as soon as the hub knows them" }),
        problem: z.string().nullable(),
      })
      .openapi({ description: "By which the hub knows the site, and for which it seals secrets" }),
    deviceLinks: z
      .object({
        since: Time.nullable(),
        former: z
          .array(z.object({ until: Time }))
          .openapi({ description: "Former keys whose links are good until they expire, or then" }),
      })
      .openapi({ description: "Signs the links with which devices fetch content" }),
  })
  .openapi("Keys");
const RotateSchema = z
  .strictObject({
    what: z
      .array(z.enum(KEY_KINDS))
      .min(1)
      .max(KEY_KINDS.length)
      .optional()
      .openapi({ description: "Both unless given" }),
    formerLinksHours: z.int().min(0).max(FORMER_LINKS_HOURS_MAX).optional().openapi({
      description:
        "Links of the former key are good until they expire, but no longer than this; 0: not at all",
      default: FORMER_LINKS_HOURS_MAX,
    }),
  })
  .openapi("RotateKeys");

export interface KeyRoutesDeps {
  readonly secrets: SiteSecrets;
  readonly audit: Audit;
}

/** At a site: its own keys, and new ones in their place while it works. */
export function keyRoutes(deps: KeyRoutesDeps): Api {
  const api = newApi();

  const read = createRoute({
    method: "get",
    path: "/keys",
    tags,
    summary: "The site's own keys: fingerprints and times, never the keys",
    ...guarded("settings:write"),
    responses: { 200: json(KeysSchema, "The keys"), ...PROBLEMS },
  });
  api.openapi(read, (c) => c.json(keysJson(deps.secrets.view()), 200));

  const rotate = createRoute({
    method: "post",
    path: "/keys/rotate",
    tags,
    summary: "New keys in the place of the site's present ones, while it works",
    description:
      "New hub keys wait until the hub has heard of them, however long the line is down; the present ones hold " +
      "until then. Backups from before hold the former keys: make a new one.",
    ...guarded("settings:write"),
    request: body(RotateSchema),
    responses: { 200: json(KeysSchema, "The keys now"), ...PROBLEMS },
  });
  api.openapi(rotate, async (c) => {
    const { what = KEY_KINDS, formerLinksHours } = c.req.valid("json");
    await rotateKeys(deps, c, what, formerLinksHours);
    return c.json(keysJson(deps.secrets.view()), 200);
  });

  return api;
}

/** Makes new keys, says so in the audit log, and tells what became of the hub's. */
export async function rotateKeys(
  { audit, secrets }: KeyRoutesDeps,
  c: AppContext,
  what: readonly KeyKind[],
  formerLinksHours = FORMER_LINKS_HOURS_MAX,
): Promise<"waits" | "done" | "under-way" | undefined> {
  // What may be refused comes first, so that nothing is half done.
  const hubKeys = what.includes("hub-keys") ? await secrets.rotateHubKeys() : undefined;
  if (hubKeys !== undefined) {
    const { fingerprint, next } = secrets.view().hubKeys;
    await recordAction(audit, c, "keys.rotate", "hub-keys", {
      outcome: hubKeys,
      fingerprint: next?.fingerprint ?? fingerprint,
    });
  }
  if (what.includes("device-links")) {
    await secrets.rotateDeviceLinks(formerLinksHours * HOUR_MS);
    await recordAction(audit, c, "keys.rotate", "device-links", { formerLinksHours });
  }
  return hubKeys;
}

function keysJson({ deviceLinks, hubKeys }: SiteSecretsView): z.infer<typeof KeysSchema> {
  const { fingerprint, next, problem, sinceMs } = hubKeys;
  return {
    hubKeys: {
      fingerprint,
      since: timeFrom(sinceMs),
      next: next && { fingerprint: next.fingerprint, made: timeFrom(next.madeAtMs) },
      problem,
    },
    deviceLinks: {
      since: timeFrom(deviceLinks.sinceMs),
      former: deviceLinks.former.map(({ untilMs }) => ({ until: timeFrom(untilMs) })),
    },
  };
}
