import { createRoute, z } from "@hono/zod-openapi";
import { fieldIs } from "../../../devices/filter/filter.ts";
import { AppError, fieldError } from "../../../devices/model/errors.ts";
import { parseSiteId, type SiteId } from "../../../devices/model/ids.ts";
import { JOIN_CODE_MS_MAX } from "../../../sync/limits.ts";
import type { Audit } from "../../access/audit.ts";
import { nameOf } from "../../access/principal.ts";
import { linkTo } from "../../reports/links.ts";
import { recordAction } from "../audited.ts";
import type { Api } from "../environment.ts";
import { needPrincipal } from "../identify.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { idFromName } from "../policy-write.ts";
import {
  GivenTime,
  Links,
  NAME_CHARACTERS_MAX,
  nonEmptyLine,
  RecordId,
  Time,
  timeFrom,
} from "../schemas/common.ts";
import type { JoinCodeSummary, SiteDirectory, SiteSummary } from "../use-cases.ts";

/** How long a join code works unless said otherwise, and at most. */
const JOIN_CODE_MS_DEFAULT = 7 * 24 * 60 * 60_000;

export interface SiteRoutesDeps {
  readonly directory: SiteDirectory;
  readonly audit: Audit;
  readonly base: string;
  readonly now: () => number;
}

const tags = ["sites"];
const IdParam = z.object({ id: z.string().openapi({ example: "prague" }) });
const SiteSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    timeZone: z.string(),
    joinedAt: Time,
    lastSeen: Time.nullable(),
    asOf: Time.nullable().openapi({ description: "The report of the site is as of then" }),
    stale: z.boolean(),
    clockOffsetMs: z.number().nullable(),
    policyConfirmed: z.boolean(),
    alarm: z.string().nullable(),
    revokedAt: Time.nullable(),
    key: z.object({
      fingerprint: z.string().openapi({ description: "As the site's own console shows it" }),
      since: Time,
      announcesNew: z.boolean(),
    }),
    links: Links,
  })
  .openapi("Site");
const JoinCodeSchema = z
  .object({
    id: z.string(),
    site: z.string(),
    name: z.string(),
    createdBy: z.string(),
    createdAt: Time,
    expiresAt: Time,
    usedAt: Time.nullable(),
  })
  .openapi("JoinCode");
export const NewJoinCodeSchema = z
  .strictObject({
    name: nonEmptyLine(NAME_CHARACTERS_MAX).openapi({ description: "What people call the site" }),
    site: RecordId.optional().openapi({
      description: "The site's id; one that joined before when a box is replaced",
    }),
    expiresAt: GivenTime.optional().openapi({ description: "In a week unless given" }),
  })
  .openapi("NewJoinCode");

/** At the hub: its sites, and the codes with which they join. */
export function siteRoutes({ directory, audit, base, now }: SiteRoutesDeps): Api {
  const api = newApi();
  const shown = (site: SiteSummary) => siteJson(site, base);

  const list = createRoute({
    method: "get",
    path: "/sites",
    tags,
    summary: "All sites and how fresh their reports are",
    ...guarded("reports:read"),
    responses: { 200: json(z.array(SiteSchema), "The sites"), ...PROBLEMS },
  });
  api.openapi(list, async (c) => c.json((await directory.sites()).map(shown), 200));

  const one = createRoute({
    method: "get",
    path: "/sites/{id}",
    tags,
    summary: "One site",
    ...guarded("reports:read"),
    request: { params: IdParam },
    responses: { 200: json(SiteSchema, "The site"), ...PROBLEMS },
  });
  api.openapi(one, async (c) => {
    const site = await needSite(directory, c.req.valid("param").id);
    return c.json(shown(site), 200);
  });

  const revoke = createRoute({
    method: "post",
    path: "/sites/{id}/revoke",
    tags,
    summary: "Refuse everything from this site from now on",
    ...guarded("sites:write"),
    request: { params: IdParam },
    responses: { 200: json(SiteSchema, "The site now"), ...PROBLEMS },
  });
  api.openapi(revoke, async (c) => {
    const { id } = await needSite(directory, c.req.valid("param").id);
    await directory.revoke(id);
    await recordAction(audit, c, "site.revoke", id);
    return c.json(shown(await needSite(directory, id)), 200);
  });

  const clear = createRoute({
    method: "post",
    path: "/sites/{id}/clear-alarm",
    tags,
    summary: "Say that the site's alarm was seen",
    ...guarded("sites:write"),
    request: { params: IdParam },
    responses: { 200: json(SiteSchema, "The site now"), ...PROBLEMS },
  });
  api.openapi(clear, async (c) => {
    const { id, alarm } = await needSite(directory, c.req.valid("param").id);
    await directory.clearAlarm(id);
    await recordAction(audit, c, "site.clear-alarm", id, { alarm });
    return c.json(shown(await needSite(directory, id)), 200);
  });

  const codes = createRoute({
    method: "get",
    path: "/join-codes",
    tags,
    summary: "Codes with which sites join, the newest first",
    ...guarded("sites:write"),
    responses: { 200: json(z.array(JoinCodeSchema), "The codes"), ...PROBLEMS },
  });
  api.openapi(codes, async (c) => c.json((await directory.joinCodes()).map(joinCodeJson), 200));

  const create = createRoute({
    method: "post",
    path: "/join-codes",
    tags,
    summary: "Make a one-time code for a site to join with; it is shown once",
    ...guarded("sites:write"),
    request: body(NewJoinCodeSchema),
    responses: {
      201: json(
        JoinCodeSchema.extend({
          code: z.string().nullable().openapi({ description: "Shown once" }),
        }).openapi("IssuedJoinCode"),
        "The code",
      ),
      ...PROBLEMS,
    },
  });
  api.openapi(create, async (c) => {
    const { name, site: chosen, expiresAt } = c.req.valid("json");
    const nowMs = now();
    const expiresAtMs = expiresAt ?? nowMs + JOIN_CODE_MS_DEFAULT;
    if (expiresAtMs <= nowMs || expiresAtMs > nowMs + JOIN_CODE_MS_MAX) {
      const days = JOIN_CODE_MS_MAX / (24 * 60 * 60_000);
      throw fieldError("/expiresAt", `choose a time in the next ${days} days`);
    }
    const site = parseSiteId(chosen ?? idFromName(name, () => Bun.randomUUIDv7()));
    if (!site) throw fieldError("/site", "choose an id of lower-case letters, digits and hyphens");
    const made = await directory.createJoinCode(
      { site, name, expiresAtMs },
      nameOf(needPrincipal(c)),
    );
    await recordAction(audit, c, "join-code.create", made.summary.id, { site, name });
    c.set("secretFields", ["code"]);
    return c.json({ ...joinCodeJson(made.summary), code: made.code }, 201);
  });

  const remove = createRoute({
    method: "delete",
    path: "/join-codes/{id}",
    tags,
    summary: "Take back a code that was not used",
    ...guarded("sites:write"),
    request: { params: IdParam },
    responses: { 204: { description: "It is gone" }, ...PROBLEMS },
  });
  api.openapi(remove, async (c) => {
    const { id } = c.req.valid("param");
    if (!(await directory.removeJoinCode(id))) {
      throw new AppError("not-found", `no unused join code ${id}`);
    }
    await recordAction(audit, c, "join-code.remove", id);
    return c.body(null, 204);
  });

  return api;
}

async function needSite(directory: SiteDirectory, id: string | SiteId): Promise<SiteSummary> {
  const site = (await directory.sites()).find((known) => known.id === id);
  if (!site) throw new AppError("not-found", `no site ${id}`);
  return site;
}

function siteJson(site: SiteSummary, base: string): z.infer<typeof SiteSchema> {
  const { id, name, timeZone, stale, clockOffsetMs, policyConfirmed, alarm } = site;
  return {
    id,
    name,
    timeZone,
    joinedAt: timeFrom(site.joinedAtMs),
    lastSeen: timeFrom(site.lastSeenMs),
    asOf: timeFrom(site.asOfMs),
    stale,
    clockOffsetMs,
    policyConfirmed,
    alarm,
    revokedAt: timeFrom(site.revokedAtMs),
    key: {
      fingerprint: site.keyFingerprint,
      since: timeFrom(site.keysSinceMs ?? site.joinedAtMs),
      announcesNew: site.announcesKeys,
    },
    links: { installations: linkTo(base, [fieldIs("site", id)]) },
  };
}

function joinCodeJson(code: JoinCodeSummary): z.infer<typeof JoinCodeSchema> {
  const { id, site, name, createdBy } = code;
  return {
    id,
    site,
    name,
    createdBy,
    createdAt: timeFrom(code.createdAtMs),
    expiresAt: timeFrom(code.expiresAtMs),
    usedAt: timeFrom(code.usedAtMs),
  };
}
