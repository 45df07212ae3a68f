import { createRoute, z } from "@hono/zod-openapi";
import { DEVICE_FIELDS, parseFilter } from "../../../devices/filter/filter.ts";
import { AppError } from "../../../devices/model/errors.ts";
import { sha256Hex } from "../../../devices/model/sha256.ts";
import {
  AUTHORITIES_MAX,
  type DdiSettings,
  WINDOW_CLIENTS_MAX,
} from "../../../devices/service/ddi/ddi-settings.ts";
import { parseClockTime, parsePollingTime } from "../../../protocols/ddi/polling-time.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import { randomText } from "../../access/secret-text.ts";
import { recordAction } from "../audited.ts";
import type { Api, AppContext } from "../environment.ts";
import { guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { type SettingsDeps, settingsSection } from "../settings-section.ts";

const GATEWAY_TOKEN_CHARACTERS = 40;

const pollingTime = z.string().superRefine((text, context) => {
  const message = wrongPollingTime(text);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

/** What may be set of the settings, field by field; the gateway token is made, not set. */
export const DDI_FIELDS = {
  tenant: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/, "1 to 64 letters, digits, dots, dashes and underscores")
    .openapi({ description: "The first part of the paths, which clients call the tenant" }),
  targetToken: z.boolean().openapi({ description: "Devices may show a token of their own" }),
  gatewayToken: z.boolean().openapi({
    description: "Devices may show the one token that speaks for every device",
  }),
  certificate: z.boolean().openapi({
    description: "A trusted proxy may say whose certificate it has verified (X-Controller-Id)",
  }),
  authorities: z
    .array(z.string().regex(/^[0-9A-Fa-f:]{2,200}$/, "a fingerprint, in hexadecimal"))
    .max(AUTHORITIES_MAX)
    .openapi({ description: "Fingerprints of those who may have issued it (X-Authority)" }),
  plugAndPlay: z.boolean().openapi({
    description:
      "Whoever shows the gateway token or a certificate and is not known is registered, instead of " +
      "waiting in the list of devices that knocked",
  }),
  pollingTime: pollingTime.openapi({
    description: "`HH:mm:ss[~NN%][, FILTER -> HH:mm:ss[~NN%]]*`: how often devices ask",
    example: "00:05:00~10%, group:kiosks -> 00:01:00",
  }),
  pollingOverdueTime: z
    .string()
    .refine((text) => parseClockTime(text) !== undefined, "a time such as 00:05:00")
    .openapi({
      description: "`HH:mm:ss`: so long after it should have polled a device is called overdue",
    }),
  windowClients: z.array(z.string().min(1).max(128)).max(WINDOW_CLIENTS_MAX).openapi({
    description:
      "How the User-Agent begins of clients that wait while a window is closed; others are shown nothing",
  }),
};

const DdiSettingsSchema = z
  .object({
    ...DDI_FIELDS,
    hasGatewayToken: z
      .boolean()
      .openapi({ description: "There is one, and it is shown to nobody" }),
  })
  .openapi("DdiSettings");
const DdiPatchSchema = z.strictObject(DDI_FIELDS).partial().openapi("DdiSettingsPatch");
const TokenSchema = z.object({ token: z.string() }).openapi("DdiGatewayToken");

/** What holds for hawkBit's clients at this site. */
export function ddiSettingsRoutes(deps: SettingsDeps): Api {
  const { settings, audit } = deps;
  const api = newApi();
  settingsSection(api, audit, {
    name: "ddi",
    summary: {
      read: "Settings of this site for hawkBit's clients",
      change: "Change settings of this site for hawkBit's clients",
    },
    shown: DdiSettingsSchema,
    patch: DdiPatchSchema,
    read: () => shown(settings.read().ddi),
    write: (wanted) => settings.write({ ddi: { ...settings.read().ddi, ...wanted } }),
  });

  const rotate = createRoute({
    method: "post",
    path: "/settings/ddi/gateway-token",
    tags: ["settings"],
    summary: "Make a new gateway token, shown once; the former one no longer works",
    ...guarded("settings:write"),
    responses: { 201: json(TokenSchema, "The token"), ...PROBLEMS },
  });
  api.openapi(rotate, async (c) => {
    c.set("secretFields", ["token"]);
    return c.json({ token: await rotateGatewayToken(deps, c) }, 201);
  });

  return api;
}

/** Makes a new gateway token; the former one ends with it, because many devices have the same. */
export async function rotateGatewayToken(
  { settings, audit }: SettingsDeps,
  c: AppContext,
): Promise<string> {
  const token = randomText(GATEWAY_TOKEN_CHARACTERS);
  const made = { gatewayTokenDigest: sha256Hex(token), gatewayTokenText: null };
  const ddi = { ...settings.read().ddi, ...made };
  await settings.write({ ddi });
  await recordAction(audit, c, "settings.ddi-gateway-token", "settings");
  return token;
}

function shown(settings: DdiSettings) {
  const { gatewayTokenDigest, gatewayTokenText: _, authorities, windowClients, ...rest } = settings;
  return {
    ...rest,
    authorities: [...authorities],
    windowClients: [...windowClients],
    hasGatewayToken: gatewayTokenDigest !== null,
  };
}

/** What is wrong with it, in words; undefined: nothing. */
export function wrongPollingTime(text: string): string | undefined {
  try {
    for (const { filter } of parsePollingTime(text).rules) parseFilter(filter, DEVICE_FIELDS);
    return undefined;
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof AppError) return error.message;
    throw error;
  }
}
