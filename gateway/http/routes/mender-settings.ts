import { z } from "@hono/zod-openapi";
import type { Api } from "../environment.ts";
import { keptSection, type SettingsDeps } from "../settings-section.ts";

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
export function menderSettingsRoutes(deps: SettingsDeps): Api {
  return keptSection(deps, "mender", {
    name: "mender",
    summary: {
      read: "Settings of this site for Mender's clients",
      change: "Change settings of this site for Mender's clients",
    },
    shown: MenderSettingsSchema,
    patch: MenderPatchSchema,
  });
}
