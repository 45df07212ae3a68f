/**
 * The shape of every kind of policy record, checked before anything is written and again when it
 * comes from the other side. They follow the types in devices/model.
 */
import { z } from "zod";
import { parseGroupFilter } from "../../devices/filter/groups.ts";
import { PLATFORMS } from "../../devices/model/device.ts";
import {
  type DeviceGroup,
  type Distribution,
  MODES,
  QUESTION_CHARACTERS_MAX,
} from "../../devices/model/distribution.ts";
import { AppError } from "../../devices/model/errors.ts";
import { parseHlc } from "../../devices/model/hlc.ts";
import {
  parseDeviceId,
  parseDistributionId,
  parseGroupName,
  parsePackageId,
  parseRevisionId,
  parseSiteId,
  parseWindowId,
} from "../../devices/model/ids.ts";
import {
  CHANNELS,
  COMMAND_LINE_CHARACTERS_MAX,
  DEPENDENCIES_MAX,
  DEPLOYMENT_OPTIONS_MAX,
  FALLBACK_URLS_MAX,
  INSTALL_CONTEXTS,
  LICENCES,
  MINUTES_MAX,
  type Package,
  RETRIES_MAX,
  type Revision,
  URL_CHARACTERS_MAX,
} from "../../devices/model/package.ts";
import type { EnterpriseSettings } from "../../devices/model/policy.ts";
import type { MaintenanceWindow } from "../../devices/model/window.ts";
import { checkWindow } from "../../devices/windows/recurrence.ts";
import { checkSchedule } from "../../devices/windows/schedule.ts";
import { parseFamilyName } from "../../protocols/csp/enterprise-modern-app-management/package-names.ts";
import { parseProductId } from "../../protocols/csp/product-id.ts";
import type { PolicyKind } from "../ports/policy-author.ts";
import { agentSchema, ddiSchema, menderSchema } from "./agent-schemas.ts";
import { id, name, packageFile, sha256, short, targeting } from "./record-fields.ts";

const DESCRIPTION_CHARACTERS_MAX = 10_000;
const TOKEN_CHARACTERS_MAX = 64 * 1024;
const SITES_MAX = 10_000;
const MEMBERS_MAX = 10_000;
const TARGETS_MAX = 1_000;

const timeMs = z.int().min(0);
const deviceId = id(parseDeviceId, "a device id (32 hexadecimal digits)");
const siteId = id(parseSiteId, "a site id");
const packageId = id(parsePackageId, "a package id");
const revisionId = id(parseRevisionId, "a revision id");
const distributionId = id(parseDistributionId, "a distribution id");
const windowId = id(parseWindowId, "a window id");
const groupName = id(parseGroupName, "a group's name");
const hlc = id(parseHlc, "an HLC stamp");

const packageSchema = z.strictObject({
  id: packageId,
  name,
  platform: z.enum(PLATFORMS),
  productId: short.nullable(),
  publisher: short.nullable(),
  description: z.string().max(DESCRIPTION_CHARACTERS_MAX),
  createdAtMs: timeMs,
});

const productGuid = id(parseProductId, "a GUID in braces");
const installContext = z.enum(INSTALL_CONTEXTS);
const minutes = z.int().min(0).max(MINUTES_MAX);

const msiSchema = z.strictObject({
  productCode: productGuid,
  upgradeCode: productGuid.nullable(),
  context: installContext,
  commandLine: z.string().max(COMMAND_LINE_CHARACTERS_MAX),
  timeoutMinutes: minutes,
  retryCount: z.int().min(0).max(RETRIES_MAX),
  retryIntervalMinutes: minutes,
  downloadFromAad: z.boolean(),
  fallbackUrls: z
    .array(z.url({ protocol: /^https?$/ }).max(URL_CHARACTERS_MAX))
    .max(FALLBACK_URLS_MAX),
});

const msixSchema = z.strictObject({
  familyName: id(parseFamilyName, "a package family name"),
  fullName: short.nullable(),
  context: installContext,
  dependencies: z.array(packageFile).max(DEPENDENCIES_MAX),
  deploymentOptions: z.int().min(0).max(DEPLOYMENT_OPTIONS_MAX),
});

const revisionSchema = z.strictObject({
  id: revisionId,
  package: packageId,
  version: name,
  channel: z.enum(CHANNELS),
  file: packageFile.nullable(),
  // Records from before there were these have none.
  source: z
    .strictObject({
      url: z.string().max(URL_CHARACTERS_MAX),
      sha256: sha256.nullable(),
      fetchedBy: z.enum(["hub", "site"]),
    })
    .nullable()
    .default(null),
  msi: msiSchema.nullable().default(null),
  msix: msixSchema.nullable().default(null),
  agent: agentSchema.nullable().default(null),
  ddi: ddiSchema.nullable().default(null),
  mender: menderSchema.nullable().default(null),
  minimumOsVersion: short.nullable(),
  licence: z.enum(LICENCES),
  storeApp: z.boolean(),
  targeting,
  createdAtMs: timeMs,
});

const target = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("all") }),
  z.strictObject({ kind: z.literal("group"), group: groupName }),
  z.strictObject({ kind: z.literal("device"), device: deviceId }),
  z.strictObject({ kind: z.literal("devices"), devices: z.array(deviceId).max(TARGETS_MAX) }),
]);

const scheduleSchema = z
  .strictObject({ cron: z.string(), durationSeconds: z.number(), utcOffsetMinutes: z.number() })
  .superRefine((schedule, context) => refuseWhat(() => checkSchedule(schedule), context));

const distributionSchema = z.strictObject({
  id: distributionId,
  package: packageId,
  revision: revisionId,
  operation: z.enum(["install", "uninstall"]),
  mode: z.enum(MODES),
  target,
  sites: z.array(siteId).max(SITES_MAX),
  allowDowngrade: z.boolean(),
  updateOnly: z.boolean(),
  question: z.string().min(1).max(QUESTION_CHARACTERS_MAX).nullable().default(null),
  // Only some have one: a gateway of before there were these takes the others.
  schedule: scheduleSchema.nullable().default(null),
  createdAtMs: timeMs,
  hlc,
  author: short,
  origin: z.enum(["hub", "site"]),
  stoppedAtMs: timeMs.nullable(),
});

const scope = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("organisation") }),
  z.strictObject({ kind: z.literal("site"), site: siteId }),
  z.strictObject({ kind: z.literal("group"), group: groupName }),
]);

/** One that cannot be expanded would stop the planning of every device it applies to. */
const windowSchema = z
  .strictObject({
    id: windowId,
    name,
    start: z.string(),
    recurrence: z.string().nullable(),
    durationMinutes: z.number(),
    timeZone: z.string().nullable(),
    scope,
    enabled: z.boolean(),
  })
  .superRefine((window, context) => refuseWhat(() => checkWindow(window), context));

const groupSchema = z.strictObject({
  name: groupName,
  description: z.string().max(DESCRIPTION_CHARACTERS_MAX),
  members: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("list"), devices: z.array(name).max(MEMBERS_MAX) }),
    z.strictObject({
      kind: z.literal("filter"),
      filter: z
        .string()
        .superRefine((text, context) => refuseWhat(() => parseGroupFilter(text), context)),
    }),
  ]),
});

/** Settings are optional one by one: what is missing is as if it had never been set. */
const enterpriseSchema = z.strictObject({
  enterpriseId: name.nullable().optional(),
  enrollmentToken: z.string().min(1).max(TOKEN_CHARACTERS_MAX).nullable().optional(),
  certificateSearchCriteria: z.string().min(1).max(1000).nullable().optional(),
  crlCheck: z.enum(["0", "1"]).nullable().optional(),
  platforms: z.array(name).max(50).optional(),
});

export type SettingFields = {
  -readonly [Key in keyof EnterpriseSettings]?: EnterpriseSettings[Key];
};

/** The one setting record there is. */
export const ENTERPRISE_SETTING = "enterprise";

export const SCHEMAS = {
  package: packageSchema satisfies z.ZodType<Package>,
  revision: revisionSchema satisfies z.ZodType<Revision>,
  distribution: distributionSchema satisfies z.ZodType<Distribution>,
  window: windowSchema satisfies z.ZodType<MaintenanceWindow>,
  group: groupSchema satisfies z.ZodType<DeviceGroup>,
  setting: enterpriseSchema,
} as const satisfies Record<PolicyKind, z.ZodType>;

/** The field that holds a record's own id; settings have none, their name is known from outside. */
export const ID_FIELD: Readonly<Record<PolicyKind, string | null>> = {
  package: "id",
  revision: "id",
  distribution: "id",
  window: "id",
  group: "name",
  setting: null,
};

/** Fields that never travel or rest in clear text. [D21] */
export const SECRET_FIELDS: Readonly<Record<PolicyKind, readonly string[]>> = {
  package: [],
  revision: [],
  distribution: [],
  window: [],
  group: [],
  setting: ["enrollmentToken", "certificateSearchCriteria"],
};

export interface RecordProblem {
  /** JSON pointer of the field. */
  readonly pointer: string;
  readonly message: string;
}

/** The problems of a record, none when it is valid. */
export function problemsOf(kind: PolicyKind, recordId: string, body: unknown): RecordProblem[] {
  if (kind === "setting" && recordId !== ENTERPRISE_SETTING) {
    return [{ pointer: "", message: `there is no setting ${recordId}` }];
  }
  const parsed = SCHEMAS[kind].safeParse(body);
  if (!parsed.success) {
    return parsed.error.issues.map(({ path, message }) => ({
      pointer: `/${path.map(String).join("/")}`,
      message,
    }));
  }
  const field = ID_FIELD[kind];
  const own = field === null ? recordId : (parsed.data as Record<string, unknown>)[field];
  if (own === recordId) return [];
  return [{ pointer: `/${field}`, message: `must be ${recordId}, the record's own id` }];
}

/** What a check of the domain refuses is a problem of the field that it names. */
function refuseWhat(
  check: () => unknown,
  context: { addIssue(issue: { code: "custom"; message: string; path: string[] }): void },
): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const fields =
      error.fields.length > 0 ? error.fields : [{ pointer: "", message: error.message }];
    for (const { pointer, message } of fields) {
      context.addIssue({ code: "custom", message, path: pointer.split("/").slice(1) });
    }
  }
}
