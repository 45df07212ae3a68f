import { z } from "@hono/zod-openapi";
import { REQUIRED_PROOFS } from "../../../devices/model/credential.ts";
import type { Api } from "../environment.ts";
import { keptSection, type SettingsDeps } from "../settings-section.ts";

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
export function omaDmSettingsRoutes(deps: SettingsDeps): Api {
  return keptSection(deps, "omaDm", {
    name: "oma-dm",
    summary: {
      read: "Settings of the OMA DM server of this site",
      change: "Change settings of the OMA DM server of this site",
    },
    shown: OmaDmSettingsSchema,
    patch: OmaDmPatchSchema,
  });
}
