import { z } from "@hono/zod-openapi";
import { CE_RANGES, type CeSettings } from "../../../devices/service/ce/settings.ts";
import type { Api } from "../environment.ts";
import { keptSection, type SettingsDeps } from "../settings-section.ts";

const within = ([min, max]: readonly [number, number]) => z.int().min(min).max(max);
/** A server that clients may be sent to. */
export const PollServerSchema = z.url({ protocol: /^https?$/ }).max(500);

const SETTINGS = {
  plugAndPlay: z.boolean().openapi({
    description: "Devices that are not known are registered when they poll; else they knock",
  }),
  pollServer: PollServerSchema.nullable().openapi({
    description: "The server that clients poll from now on; null: they stay where they are",
  }),
  pollSeconds: within(CE_RANGES.pollSeconds).openapi({
    description: "Sooner where a device's instant comes sooner",
  }),
  failureRetryCount: within(CE_RANGES.failureRetryCount),
  failureRetrySeconds: within(CE_RANGES.failureRetrySeconds),
  machineInventory: z.boolean(),
  machineInventorySeconds: within(CE_RANGES.machineInventorySeconds),
} satisfies Record<keyof CeSettings, z.ZodType>;
const SettingsSchema = z.object(SETTINGS).openapi("WindowsCeSettings");
const PatchSchema = z.strictObject(SETTINGS).partial().openapi("WindowsCeSettingsPatch");

/** What the Device Management Clients of Windows CE are told, and who is let in. */
export function windowsCeSettingsRoutes(deps: SettingsDeps): Api {
  return keptSection(deps, "windowsCe", {
    name: "windows-ce",
    summary: {
      read: "What clients of Windows CE are told",
      change: "Change what clients of Windows CE are told",
    },
    description: "Each device hears it in the answer to its next poll.",
    shown: SettingsSchema,
    patch: PatchSchema,
  });
}
