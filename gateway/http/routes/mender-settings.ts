import { z } from "@hono/zod-openapi";
import type { Audit } from "../../access/audit.ts";
import type { Api } from "../environment.ts";
import { newApi } from "../openapi.ts";
import { settingsSection } from "../settings-section.ts";
import type { LocalSettingsStore } from "../use-cases.ts";

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
  settingsSection(api, audit, {
    name: "mender",
    summary: {
      read: "Settings of this site for Mender's clients",
      change: "Change settings of this site for Mender's clients",
    },
    shown: MenderSettingsSchema,
    patch: MenderPatchSchema,
    read: () => ({ ...settings.read().mender }),
    write: (wanted) => settings.write({ mender: { ...settings.read().mender, ...wanted } }),
  });
  return api;
}
