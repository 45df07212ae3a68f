import { createRoute, z } from "@hono/zod-openapi";
import type { Audit } from "../../access/audit.ts";
import { recordAction } from "../audited.ts";
import { checkPreconditions, etagOf } from "../conditional.ts";
import type { Api } from "../environment.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import type { LocalSettingsStore } from "../use-cases.ts";

const tags = ["settings"];

const MenderSettingsSchema = z
  .object({
    autoAccept: z.boolean().openapi({
      description:
        "A device that comes for the first time is registered by that, instead of waiting in the list of " +
        "devices that knocked",
    }),
  })
  .openapi("MenderSettings");
const MenderPatchSchema = z
  .strictObject({ autoAccept: z.boolean().optional() })
  .openapi("MenderSettingsPatch");

/** What holds for Mender's clients at this site. */
export function menderSettingsRoutes(deps: {
  readonly settings: LocalSettingsStore;
  readonly audit: Audit;
}): Api {
  const { settings, audit } = deps;
  const api = newApi();
  const current = () => ({ ...settings.read().mender });

  const read = createRoute({
    method: "get",
    path: "/settings/mender",
    tags,
    summary: "Settings of this site for Mender's clients",
    ...guarded("reports:read"),
    responses: { 200: json(MenderSettingsSchema, "The settings"), ...PROBLEMS },
  });
  api.openapi(read, (c) => {
    c.header("ETag", etagOf(current()));
    return c.json(current(), 200);
  });

  const change = createRoute({
    method: "patch",
    path: "/settings/mender",
    tags,
    summary: "Change settings of this site for Mender's clients",
    ...guarded("settings:write"),
    request: body(MenderPatchSchema),
    responses: { 200: json(MenderSettingsSchema, "The settings now"), ...PROBLEMS },
  });
  api.openapi(change, async (c) => {
    checkPreconditions(c, current());
    const { autoAccept = current().autoAccept } = c.req.valid("json");
    await settings.write({ mender: { autoAccept } });
    await recordAction(audit, c, "settings.mender", "settings", { autoAccept });
    c.header("ETag", etagOf(current()));
    return c.json(current(), 200);
  });

  return api;
}
