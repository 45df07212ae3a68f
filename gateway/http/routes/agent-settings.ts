import { z } from "@hono/zod-openapi";
import type { Audit } from "../../access/audit.ts";
import type { Api } from "../environment.ts";
import { newApi } from "../openapi.ts";
import { settingsSection } from "../settings-section.ts";
import type { LocalSettingsStore } from "../use-cases.ts";

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
export function agentSettingsRoutes(deps: {
  readonly settings: LocalSettingsStore;
  readonly audit: Audit;
}): Api {
  const { settings, audit } = deps;
  const api = newApi();
  settingsSection(api, audit, {
    name: "agents",
    summary: {
      read: "Settings of this site for Outpost's agent",
      change: "Change settings of this site for Outpost's agent",
    },
    shown: AgentSettingsSchema,
    patch: AgentPatchSchema,
    read: () => ({ ...settings.read().agents }),
    write: (wanted) => settings.write({ agents: { ...settings.read().agents, ...wanted } }),
  });
  return api;
}
