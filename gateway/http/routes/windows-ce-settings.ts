import { createRoute, z } from "@hono/zod-openapi";
import { CE_RANGES, type CeSettings } from "../../../devices/service/ce/settings.ts";
import type { Audit } from "../../access/audit.ts";
import { recordAction } from "../audited.ts";
import { checkPreconditions, etagOf } from "../conditional.ts";
import type { Api } from "../environment.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import type { LocalSettingsStore } from "../use-cases.ts";

const tags = ["settings"];
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
export function windowsCeSettingsRoutes(deps: {
  readonly settings: LocalSettingsStore;
  readonly audit: Audit;
}): Api {
  const { settings, audit } = deps;
  const api = newApi();
  const current = () => ({ ...settings.read().windowsCe });

  const read = createRoute({
    method: "get",
    path: "/settings/windows-ce",
    tags,
    summary: "What clients of Windows CE are told",
    ...guarded("reports:read"),
    responses: { 200: json(SettingsSchema, "The settings"), ...PROBLEMS },
  });
  api.openapi(read, (c) => {
    c.header("ETag", etagOf(current()));
    return c.json(current(), 200);
  });

  const change = createRoute({
    method: "patch",
    path: "/settings/windows-ce",
    tags,
    summary: "Change what clients of Windows CE are told",
    description: "Each device hears it in the answer to its next poll.",
    ...guarded("settings:write"),
    request: body(PatchSchema),
    responses: { 200: json(SettingsSchema, "The settings now"), ...PROBLEMS },
  });
  api.openapi(change, async (c) => {
    checkPreconditions(c, current());
    const given = c.req.valid("json");
    const wanted = Object.fromEntries(
      Object.entries(given).filter(([, value]) => value !== undefined),
    );
    await settings.write({ windowsCe: { ...current(), ...wanted } });
    await recordAction(audit, c, "settings.windows-ce", "settings", wanted);
    c.header("ETag", etagOf(current()));
    return c.json(current(), 200);
  });

  return api;
}
