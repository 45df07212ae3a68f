import { createRoute, z } from "@hono/zod-openapi";
import { REQUIRED_PROOFS } from "../../../devices/model/credential.ts";
import type { Audit } from "../../access/audit.ts";
import { recordAction } from "../audited.ts";
import { checkPreconditions, etagOf } from "../conditional.ts";
import type { Api } from "../environment.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import type { LocalSettingsStore } from "../use-cases.ts";

const tags = ["settings"];

/** It travels in a header of HTTP and in a notification, whose field has a length of one byte. */
export const SERVER_ID = /^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/;
export const SERVER_ID_RULE = "1 to 64 visible ASCII characters without quotes and backslashes";

const SETTINGS = {
  requiredProof: z.enum(REQUIRED_PROOFS).openapi({
    description:
      "The weakest proof of their identity that is taken from devices that have no rule of their own",
  }),
  serverId: z.string().regex(SERVER_ID, SERVER_ID_RULE).openapi({
    description:
      "The name by which devices know this server; devices keep the one they got with their password",
  }),
};
const OmaDmSettingsSchema = z.object(SETTINGS).openapi("OmaDmSettings");
const OmaDmPatchSchema = z
  .strictObject({
    requiredProof: SETTINGS.requiredProof.optional(),
    serverId: SETTINGS.serverId.optional(),
  })
  .openapi("OmaDmSettingsPatch");

/** What holds for OMA DM at this site, unless a device has its own. */
export function omaDmSettingsRoutes(deps: {
  readonly settings: LocalSettingsStore;
  readonly audit: Audit;
}): Api {
  const { settings, audit } = deps;
  const api = newApi();
  const current = () => ({ ...settings.read().omaDm });

  const read = createRoute({
    method: "get",
    path: "/settings/oma-dm",
    tags,
    summary: "Settings of the OMA DM server of this site",
    ...guarded("reports:read"),
    responses: { 200: json(OmaDmSettingsSchema, "The settings"), ...PROBLEMS },
  });
  api.openapi(read, (c) => {
    c.header("ETag", etagOf(current()));
    return c.json(current(), 200);
  });

  const change = createRoute({
    method: "patch",
    path: "/settings/oma-dm",
    tags,
    summary: "Change settings of the OMA DM server of this site",
    ...guarded("settings:write"),
    request: body(OmaDmPatchSchema),
    responses: { 200: json(OmaDmSettingsSchema, "The settings now"), ...PROBLEMS },
  });
  api.openapi(change, async (c) => {
    checkPreconditions(c, current());
    const { requiredProof, serverId } = c.req.valid("json");
    const wanted = {
      ...(requiredProof !== undefined && { requiredProof }),
      ...(serverId !== undefined && { serverId }),
    };
    await settings.write({ omaDm: { ...current(), ...wanted } });
    await recordAction(audit, c, "settings.oma-dm", "settings", wanted);
    c.header("ETag", etagOf(current()));
    return c.json(current(), 200);
  });

  return api;
}
