import { z } from "@hono/zod-openapi";
import type { Api } from "../environment.ts";
import { keptSection, type SettingsDeps } from "../settings-section.ts";

const plugAndPlay = z.boolean().openapi({
  description:
    "A device that nobody has heard of is registered when its agent comes without a code, instead of waiting " +
    "in the list of devices that knocked",
});
const AgentSettingsSchema = z.object({ plugAndPlay }).openapi("AgentSettings");
const AgentPatchSchema = z
  .strictObject({ plugAndPlay: plugAndPlay.optional() })
  .openapi("AgentSettingsPatch");

/** What holds for agents at this site. */
export function agentSettingsRoutes(deps: SettingsDeps): Api {
  return keptSection(deps, "agents", {
    name: "agents",
    summary: {
      read: "Settings of this site for Outpost's agent",
      change: "Change settings of this site for Outpost's agent",
    },
    shown: AgentSettingsSchema,
    patch: AgentPatchSchema,
  });
}
