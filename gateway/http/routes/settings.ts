import { createRoute, z } from "@hono/zod-openapi";
import { fieldError } from "../../../devices/model/errors.ts";
import type { EnterpriseSettings } from "../../../devices/model/policy.ts";
import { isTimeZone } from "../../../devices/windows/recurrence.ts";
import {
  isDefaultSubject,
  namesSubject,
} from "../../../protocols/csp/enterprise-app-management/certificate-criteria.ts";
import { parseEnterpriseId } from "../../../protocols/csp/enterprise-app-management/uris.ts";
import { recordAction } from "../audited.ts";
import { checkPreconditions, etagOf } from "../conditional.ts";
import type { Api } from "../environment.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { type PolicyRoutesDeps, writePolicy } from "../policy-write.ts";
import { NAME_CHARACTERS_MAX, nonEmptyLine } from "../schemas/common.ts";
import type { LocalSettingsStore } from "../use-cases.ts";

export const RETENTION_DAYS_MIN = 1;
export const RETENTION_DAYS_MAX = 3_650;
const TOKEN_CHARACTERS_MAX = 64 * 1024;

const tags = ["settings"];
const LOCAL = {
  siteName: nonEmptyLine(NAME_CHARACTERS_MAX),
  timeZone: z.string().max(64).openapi({ example: "Europe/Prague" }),
  factRetentionDays: z.int().min(RETENTION_DAYS_MIN).max(RETENTION_DAYS_MAX),
};
const LocalSettingsSchema = z.object(LOCAL).openapi("Settings");
const LocalPatchSchema = z
  .strictObject({
    siteName: LOCAL.siteName.optional(),
    timeZone: LOCAL.timeZone.optional(),
    factRetentionDays: LOCAL.factRetentionDays.optional(),
  })
  .openapi("SettingsPatch");

export interface SettingsRoutesDeps extends PolicyRoutesDeps {
  readonly settings: LocalSettingsStore;
}

/** Settings of this gateway, and of EnterpriseAppManagement. */
export function settingsRoutes(deps: SettingsRoutesDeps): Api {
  const { settings, policy, audit } = deps;
  const api = newApi();

  const read = createRoute({
    method: "get",
    path: "/settings",
    tags,
    summary: "Settings of this gateway",
    ...guarded("reports:read"),
    responses: { 200: json(LocalSettingsSchema, "The settings"), ...PROBLEMS },
  });
  const local = () => {
    const { siteName, timeZone, factRetentionDays } = settings.read();
    return { siteName, timeZone, factRetentionDays };
  };
  api.openapi(read, (c) => {
    const current = local();
    c.header("ETag", etagOf(current));
    return c.json(current, 200);
  });

  const change = createRoute({
    method: "patch",
    path: "/settings",
    tags,
    summary: "Change settings of this gateway",
    ...guarded("settings:write"),
    request: body(LocalPatchSchema),
    responses: { 200: json(LocalSettingsSchema, "The settings now"), ...PROBLEMS },
  });
  api.openapi(change, async (c) => {
    checkPreconditions(c, local());
    const { siteName, timeZone, factRetentionDays } = c.req.valid("json");
    if (timeZone !== undefined && !isTimeZone(timeZone)) {
      throw fieldError("/timeZone", `no IANA time zone is called ${timeZone}`);
    }
    const wanted = {
      ...(siteName !== undefined && { siteName }),
      ...(timeZone !== undefined && { timeZone }),
      ...(factRetentionDays !== undefined && { factRetentionDays }),
    };
    await settings.write(wanted);
    await recordAction(audit, c, "settings.change", "settings", wanted);
    const current = local();
    c.header("ETag", etagOf(current));
    return c.json(current, 200);
  });

  const enterprise = createRoute({
    method: "get",
    path: "/settings/enterprise",
    tags,
    summary: "Settings of EnterpriseAppManagement; the enrolment token is never shown",
    ...guarded("settings:write"),
    responses: { 200: json(EnterpriseSchema, "The settings"), ...PROBLEMS },
  });
  api.openapi(enterprise, (c) => {
    const current = enterpriseJson(policy.read().enterprise);
    c.header("ETag", etagOf(current));
    return c.json(current, 200);
  });

  const changeEnterprise = createRoute({
    method: "patch",
    path: "/settings/enterprise",
    tags,
    summary: "Change settings of EnterpriseAppManagement",
    ...guarded("settings:write"),
    request: body(EnterprisePatchSchema),
    responses: { 200: json(EnterpriseSchema, "The settings now"), ...PROBLEMS },
  });
  api.openapi(changeEnterprise, async (c) => {
    checkPreconditions(c, enterpriseJson(policy.read().enterprise));
    const wanted = checkedEnterprise(c.req.valid("json"));
    await writePolicy(deps, c, "settings.enterprise", [
      { kind: "setting", id: "enterprise", body: wanted },
    ]);
    const current = enterpriseJson(policy.read().enterprise);
    c.header("ETag", etagOf(current));
    return c.json(current, 200);
  });

  return api;
}

const EnterpriseSchema = z
  .object({
    enterpriseId: z.string().nullable(),
    hasEnrollmentToken: z.boolean(),
    certificateSearchCriteria: z.string().nullable(),
    crlCheck: z.enum(["0", "1"]).nullable(),
    platforms: z.array(z.string()),
  })
  .openapi("EnterpriseSettings");

const EnterprisePatchSchema = z
  .strictObject({
    enterpriseId: z.string().max(1_000).nullable().optional().openapi({ example: "4000000001" }),
    enrollmentToken: z
      .string()
      .min(1)
      .max(TOKEN_CHARACTERS_MAX)
      .regex(/^[\x21-\x7e\s]+$/, "give the token as base64 text")
      .nullable()
      .optional()
      .openapi({ description: "The AET as base64, as it is sent. Never shown again" }),
    certificateSearchCriteria: nonEmptyLine(1_000).nullable().optional().openapi({
      description: "URL-encoded X.500 subject, case-sensitive",
      example: "CN%3DDevice",
    }),
    crlCheck: z.enum(["0", "1"]).nullable().optional(),
    platforms: z.array(nonEmptyLine(100)).min(1).max(50).optional(),
  })
  .openapi("EnterprisePatch");

function enterpriseJson(settings: EnterpriseSettings): z.infer<typeof EnterpriseSchema> {
  const { enrollmentToken, platforms, ...rest } = settings;
  return { ...rest, hasEnrollmentToken: enrollmentToken !== null, platforms: [...platforms] };
}

/** @throws AppError "unprocessable" for a name that is no node's, and for the default subject [Q33, Q46] */
export function checkedEnterprise(
  given: z.output<typeof EnterprisePatchSchema>,
): Readonly<Record<string, unknown>> {
  const { enterpriseId, certificateSearchCriteria, enrollmentToken } = given;
  const fields: Record<string, unknown> = { ...given };
  if (typeof enterpriseId === "string") {
    fields.enterpriseId = parseEnterpriseId(enterpriseId);
    if (fields.enterpriseId === undefined) {
      throw fieldError("/enterpriseId", "any name of at most 64 characters but *, without / and ?");
    }
  }
  if (typeof certificateSearchCriteria === "string") {
    if (isDefaultSubject(certificateSearchCriteria)) {
      throw fieldError(
        "/certificateSearchCriteria",
        "this is the subject that every device has by default: give the certificates one of your own",
      );
    }
    if (!namesSubject(certificateSearchCriteria)) {
      throw fieldError(
        "/certificateSearchCriteria",
        "name an attribute of the subject and its value, such as CN%3DDevice-42",
      );
    }
  }
  if (typeof enrollmentToken === "string") {
    fields.enrollmentToken = enrollmentToken.replaceAll(/\s+/g, "");
    if (fields.enrollmentToken === "") throw fieldError("/enrollmentToken", "it is empty");
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
