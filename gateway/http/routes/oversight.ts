import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "../../../devices/model/errors.ts";
import { parseSiteId, type SiteId } from "../../../devices/model/ids.ts";
import { OVERRIDE_STATES } from "../../../sync/policy/override.ts";
import { POLICY_KINDS } from "../../../sync/ports/policy-author.ts";
import type { Audit } from "../../access/audit.ts";
import { nameOf } from "../../access/principal.ts";
import { quarantineAdvice } from "../../reports/quarantine-advice.ts";
import { PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX } from "../../reports/report-reader.ts";
import { recordAction } from "../audited.ts";
import type { Api, AppContext } from "../environment.ts";
import { needPrincipal } from "../identify.ts";
import { guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { LIST_QUERY, pageOf, Time, timeFrom } from "../schemas/common.ts";
import type { HubOversight, OverrideSummary, QuarantinedFrameSummary } from "../use-cases.ts";

const OverrideSchema = z
  .object({
    site: z.string(),
    siteName: z.string(),
    kind: z.enum(POLICY_KINDS),
    id: z.string(),
    name: z.string(),
    author: z.string(),
    at: Time.openapi({ description: "By the site's clock" }),
    base: z.string().openapi({
      description: "Names the state of the hub's record that it was decided against",
    }),
    baseIsCurrent: z.boolean(),
    state: z.enum(OVERRIDE_STATES).openapi({
      description: "`overtaken`: the hub changed the record since, and its newer decision holds",
    }),
    fields: z
      .array(z.object({ name: z.string(), site: z.unknown(), hub: z.unknown() }))
      .openapi({ description: "What the site says beside what the hub says; `true` for a secret" }),
  })
  .openapi("Override");
const OverrideQuery = z.strictObject({
  site: z.string().optional(),
  state: z.enum(OVERRIDE_STATES).optional(),
});
const OverrideParams = z.object({
  site: z.string().openapi({ example: "prague" }),
  kind: z.enum(POLICY_KINDS),
  id: z.string().openapi({ example: "nightly" }),
});
const FrameSchema = z
  .object({
    id: z.string(),
    site: z.string(),
    siteName: z.string(),
    incarnation: z.int(),
    number: z.int().openapi({ description: "The frame's number in its incarnation" }),
    kind: z.string().openapi({ example: "journal" }),
    bytes: z.int(),
    hasBytes: z.boolean().openapi({
      description: "False where the site's room in quarantine was full",
    }),
    sha256: z.string(),
    reason: z.string().openapi({ example: "journal-facts: fact 7: not a device id" }),
    received: Time,
    happened: z.string().openapi({ description: "What the site has done by itself" }),
    todo: z.string(),
    canBeTakenAgain: z.boolean().openapi({ description: "By `take`, once the hub can read it" }),
  })
  .openapi("QuarantinedFrame");
const FrameQuery = z.strictObject({
  site: z.string().optional(),
  cursor: LIST_QUERY.cursor,
  limit: LIST_QUERY.limit,
});
const FrameParam = z.object({ id: z.string().openapi({ example: "7f3a" }) });
const RefusedRecordSchema = z
  .object({
    kind: z.enum(POLICY_KINDS),
    id: z.string(),
    origin: z.string().openapi({ example: "policy/site/prague" }),
    reason: z.string(),
  })
  .openapi("RefusedRecord");

export interface OversightRoutesDeps {
  readonly oversight: HubOversight;
  readonly audit: Audit;
}

/** At the hub: the sites' own words on its records, and what was not taken from them. */
export function oversightRoutes({ audit, oversight }: OversightRoutesDeps): Api {
  const api = newApi();

  const overrides = createRoute({
    method: "get",
    path: "/overrides",
    tags: ["overrides"],
    summary: "What sites say of records of the hub, the newest first",
    ...guarded("reports:read"),
    request: { query: OverrideQuery },
    responses: { 200: json(z.array(OverrideSchema), "The overrides"), ...PROBLEMS },
  });
  api.openapi(overrides, async (c) => {
    const { site, state } = c.req.valid("query");
    const all = await oversight.overrides();
    const wanted = all.filter(
      (one) =>
        (site === undefined || one.site === site) && (state === undefined || one.state === state),
    );
    return c.json(wanted.map(overrideJson), 200);
  });

  const revoke = createRoute({
    method: "post",
    path: "/overrides/{site}/{kind}/{id}/revoke",
    tags: ["overrides"],
    summary: "The site's word no longer holds, from the moment the site hears of it",
    ...guarded("policy:write"),
    request: { params: OverrideParams },
    responses: { 200: json(OverrideSchema, "The override now"), ...PROBLEMS },
  });
  api.openapi(revoke, async (c) => {
    const { id, kind, site: siteText } = c.req.valid("param");
    const site = needSite(siteText);
    await oversight.revokeOverride(site, kind, id, nameOf(needPrincipal(c)));
    await recordAction(audit, c, "override.revoke", `${site}/${kind}/${id}`);
    const now = (await oversight.overrides()).find(
      (one) => one.site === site && one.kind === kind && one.id === id,
    );
    if (!now) throw new AppError("not-found", `no override of ${kind} ${id} by ${site}`);
    return c.json(overrideJson(now), 200);
  });

  const frames = createRoute({
    method: "get",
    path: "/quarantine",
    tags: ["quarantine"],
    summary: "Frames of sites that failed a check, the newest first",
    ...guarded("reports:read"),
    request: { query: FrameQuery },
    responses: { 200: json(pageOf(FrameSchema, "QuarantinedFrames"), "A page"), ...PROBLEMS },
  });
  api.openapi(frames, async (c) => {
    const { cursor, limit, site } = c.req.valid("query");
    const page = await oversight.quarantined({
      site: site === undefined ? undefined : needSite(site),
      cursor,
      limit: Math.min(limit ?? PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX),
    });
    const { next = null, rows, total } = page;
    return c.json({ rows: rows.map(frameJson), next, total }, 200);
  });

  const one = createRoute({
    method: "get",
    path: "/quarantine/{id}",
    tags: ["quarantine"],
    summary: "One frame in quarantine, without its bytes",
    ...guarded("reports:read"),
    request: { params: FrameParam },
    responses: { 200: json(FrameSchema, "The frame"), ...PROBLEMS },
  });
  api.openapi(one, async (c) => {
    const { summary } = await needFrame(oversight, c.req.valid("param").id);
    return c.json(frameJson(summary), 200);
  });

  const bytes = createRoute({
    method: "get",
    path: "/quarantine/{id}/frame",
    tags: ["quarantine"],
    summary: "The bytes of a frame in quarantine, as the site sent them",
    ...guarded("audit:read"),
    request: { params: FrameParam },
    responses: {
      200: {
        description: "The frame",
        content: {
          "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) },
        },
      },
      ...PROBLEMS,
    },
  });
  api.openapi(bytes, async (c) => {
    const { frame, summary } = await needFrame(oversight, c.req.valid("param").id);
    return frameAnswer(summary, frame);
  });

  const dismissal = createRoute({
    method: "delete",
    path: "/quarantine/{id}",
    tags: ["quarantine"],
    summary: "Dismiss a frame that was looked into; its bytes go for good",
    ...guarded("sites:write"),
    request: { params: FrameParam },
    responses: { 204: { description: "Dismissed" }, ...PROBLEMS },
  });
  api.openapi(dismissal, async (c) => {
    await dismissFrame(oversight, audit, c, c.req.valid("param").id);
    return c.body(null, 204);
  });

  const again = createRoute({
    method: "post",
    path: "/quarantine/{id}/take",
    tags: ["quarantine"],
    summary: "Take a frame in after all, once the hub can read it; journal and policy only",
    ...guarded("sites:write"),
    request: { params: FrameParam },
    responses: { 204: { description: "Taken in; it has left quarantine" }, ...PROBLEMS },
  });
  api.openapi(again, async (c) => {
    await takeFrameAgain(oversight, audit, c, c.req.valid("param").id);
    return c.body(null, 204);
  });

  const refused = createRoute({
    method: "get",
    path: "/refused-records",
    tags: ["quarantine"],
    summary: "Records of which the newest version is refused; the last good one holds",
    ...guarded("reports:read"),
    responses: { 200: json(z.array(RefusedRecordSchema), "The records"), ...PROBLEMS },
  });
  api.openapi(refused, (c) => c.json([...oversight.refusedRecords()], 200));

  return api;
}

/** The bytes as a file. @throws AppError "not-found" where they were not kept */
export function frameAnswer(summary: QuarantinedFrameSummary, frame: Uint8Array): Response {
  if (!summary.hasBytes) {
    throw new AppError(
      "not-found",
      "The bytes were not kept: the site's room in quarantine was full.",
    );
  }
  const { frameSeq, incarnation, site } = summary;
  return new Response(frame as Uint8Array<ArrayBuffer>, {
    headers: {
      "Content-Type": "application/octet-stream",
      "Content-Disposition": `attachment; filename="${site}-${incarnation}-${frameSeq}.frame"`,
      "X-Content-Type-Options": "nosniff",
    },
  });
}

export async function needFrame(oversight: HubOversight, id: string) {
  const found = await oversight.quarantinedFrame(id);
  if (!found) throw new AppError("not-found", `no frame ${id} in quarantine`);
  return found;
}

/** @throws AppError "not-found" */
export async function dismissFrame(
  oversight: HubOversight,
  audit: Audit,
  c: AppContext,
  id: string,
): Promise<QuarantinedFrameSummary> {
  const { summary } = await needFrame(oversight, id);
  await oversight.dismissFrame(id);
  const { frameSeq, incarnation, site } = summary;
  await recordAction(audit, c, "quarantine.dismiss", `${site}/${incarnation}/${frameSeq}`);
  return summary;
}

/** @throws AppError "not-found", "unprocessable", "conflict" */
export async function takeFrameAgain(
  oversight: HubOversight,
  audit: Audit,
  c: AppContext,
  id: string,
): Promise<QuarantinedFrameSummary> {
  const summary = await oversight.takeFrameAgain(id);
  const { frameSeq, incarnation, site } = summary;
  await recordAction(audit, c, "quarantine.take", `${site}/${incarnation}/${frameSeq}`);
  return summary;
}

function needSite(text: string): SiteId {
  const site = parseSiteId(text);
  if (!site) throw new AppError("not-found", `no site ${text}`);
  return site;
}

function overrideJson(override: OverrideSummary): z.infer<typeof OverrideSchema> {
  const { atMs, fields, isBaseCurrent, ...rest } = override;
  return { ...rest, at: timeFrom(atMs), baseIsCurrent: isBaseCurrent, fields: [...fields] };
}

function frameJson(frame: QuarantinedFrameSummary): z.infer<typeof FrameSchema> {
  const { frameSeq, receivedAtMs, ...rest } = frame;
  return {
    ...rest,
    number: frameSeq,
    received: timeFrom(receivedAtMs),
    ...quarantineAdvice(frame.kind),
  };
}
