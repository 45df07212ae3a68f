import { z } from "@hono/zod-openapi";
import { fieldError } from "../../../devices/model/errors.ts";
import {
  CERTIFICATE_DAYS_MAX,
  CERTIFICATE_DAYS_MIN,
  FIRST_POLL_COUNT_MAX,
  POLL_MINUTES_MAX,
  POLL_MINUTES_MIN,
  RENEWAL_DAYS_MIN,
  type WindowsEnrolmentSettings,
} from "../../../devices/model/windows-enrolment.ts";
import type { Audit } from "../../access/audit.ts";
import type { Api } from "../environment.ts";
import { newApi } from "../openapi.ts";
import { settingsSection } from "../settings-section.ts";
import type { LocalSettingsStore } from "../use-cases.ts";

/** A host name with or without a port; a certificate names no address of an IPv6 host. */
export const HOST =
  /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*(:\d{1,5})?$/;
export const HOST_RULE = "a host name such as EnterpriseEnrollment.contoso.com";

const SETTINGS = {
  host: z.string().regex(HOST, HOST_RULE).nullable().openapi({
    description: "The name under which PCs reach the site by HTTPS; null: the one they used",
    example: "EnterpriseEnrollment.contoso.com",
  }),
  certificateDays: z.int().min(CERTIFICATE_DAYS_MIN).max(CERTIFICATE_DAYS_MAX),
  renewalDays: z.int().min(RENEWAL_DAYS_MIN).max(CERTIFICATE_DAYS_MAX),
  firstPollCount: z.int().min(1).max(FIRST_POLL_COUNT_MAX),
  firstPollMinutes: z.int().min(POLL_MINUTES_MIN).max(POLL_MINUTES_MAX),
  pollMinutes: z.int().min(POLL_MINUTES_MIN).max(POLL_MINUTES_MAX),
  pollOnLogin: z.boolean(),
};
const SettingsSchema = z.object(SETTINGS).openapi("WindowsEnrolmentSettings");
export const WindowsEnrolmentPatchSchema = z
  .strictObject({
    host: SETTINGS.host.optional(),
    certificateDays: SETTINGS.certificateDays.optional(),
    renewalDays: SETTINGS.renewalDays.optional(),
    firstPollCount: SETTINGS.firstPollCount.optional(),
    firstPollMinutes: SETTINGS.firstPollMinutes.optional(),
    pollMinutes: SETTINGS.pollMinutes.optional(),
    pollOnLogin: SETTINGS.pollOnLogin.optional(),
  })
  .openapi("WindowsEnrolmentSettingsPatch");

/** How Windows PCs enrol at this site, and when they ask for work afterwards. */
export function windowsEnrolmentSettingsRoutes(deps: {
  readonly settings: LocalSettingsStore;
  readonly audit: Audit;
}): Api {
  const { settings, audit } = deps;
  const api = newApi();
  settingsSection(api, audit, {
    name: "windows-enrolment",
    summary: {
      read: "How Windows PCs enrol at this site",
      change: "Change how Windows PCs enrol; PCs that have enrolled keep what they were told",
    },
    shown: SettingsSchema,
    patch: WindowsEnrolmentPatchSchema,
    read: () => ({ ...settings.read().windowsEnrolment }),
    write: (wanted) => {
      const windowsEnrolment = { ...settings.read().windowsEnrolment, ...wanted };
      return settings.write({ windowsEnrolment: checkedEnrolmentSettings(windowsEnrolment) });
    },
  });
  return api;
}

/** @throws AppError "unprocessable" when a certificate could be renewed from its first day on */
export function checkedEnrolmentSettings(
  settings: WindowsEnrolmentSettings,
): WindowsEnrolmentSettings {
  if (settings.renewalDays < settings.certificateDays) return settings;
  throw fieldError("/renewalDays", "fewer days than the certificate holds");
}
