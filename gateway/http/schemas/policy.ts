import { z } from "@hono/zod-openapi";
import { PLATFORMS } from "../../../devices/model/device.ts";
import {
  type DeviceGroup,
  type Distribution,
  MODES,
  QUESTION_CHARACTERS_MAX,
} from "../../../devices/model/distribution.ts";
import {
  CHANNELS,
  LICENCES,
  type Package,
  type Revision,
  URL_CHARACTERS_MAX,
} from "../../../devices/model/package.ts";
import type { MaintenanceWindow } from "../../../devices/model/window.ts";
import { CRON_CHARACTERS_MAX } from "../../../devices/windows/cron.ts";
import {
  AgentInstallSchema,
  agentJson,
  GivenTargeting,
  NewAgentInstallSchema,
  TargetingSchema,
} from "./agent-install.ts";
import {
  MsiInstallSchema,
  MsixInstallSchema,
  msiJson,
  msixJson,
  NewMsiInstallSchema,
  NewMsixInstallSchema,
} from "./app-install.ts";
import {
  DdiInstallSchema,
  ddiJson,
  MenderInstallSchema,
  menderJson,
  NewDdiInstallSchema,
  NewMenderInstallSchema,
} from "./client-install.ts";
import {
  Buckets,
  FilterText,
  LinkedCount,
  Links,
  line,
  NAME_CHARACTERS_MAX,
  nonEmptyLine,
  RecordId,
  TEXT_CHARACTERS_MAX,
  Time,
  timeFrom,
} from "./common.ts";
import { FileOfRevisionSchema, GivenFileSchema, Sha256Text } from "./given-file.ts";

const GroupName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9 _-]{0,62}$/,
    "use 1 to 63 letters, digits, blanks, underscores and hyphens",
  )
  .openapi({ example: "Handhelds" });
const DeviceIdText = z
  .string()
  .regex(/^[0-9a-f]{32}$/, "a device id has 32 hexadecimal digits")
  .openapi({ example: "0f3b0c2d4e5a69788796a5b4c3d2e1f0" });
const Description = z
  .string()
  .max(TEXT_CHARACTERS_MAX)
  .refine((text) => text.isWellFormed() && !text.includes("\0"), "this text cannot be stored");

/** More devices are a group. */
const TARGET_DEVICES_MAX = 1_000;

export const PackageFieldsSchema = z
  .strictObject({
    name: nonEmptyLine(NAME_CHARACTERS_MAX),
    platform: z.enum(PLATFORMS),
    productId: z
      .string()
      .max(64)
      .nullable()
      .default(null)
      .openapi({ example: "{B316008A-141D-4A79-810F-8B764C4CFDFB}" }),
    publisher: line(NAME_CHARACTERS_MAX).nullable().default(null),
    description: Description.default(""),
  })
  .openapi("PackageFields");
export const NewPackageSchema = PackageFieldsSchema.extend({
  id: RecordId.optional().describe("Made from the name unless given"),
}).openapi("NewPackage");

export const RevisionSchema = z
  .object({
    id: z.string(),
    package: z.string(),
    version: z.string(),
    channel: z.enum(CHANNELS),
    file: FileOfRevisionSchema.nullable(),
    msi: MsiInstallSchema.nullable(),
    msix: MsixInstallSchema.nullable(),
    agent: AgentInstallSchema.nullable(),
    ddi: DdiInstallSchema.nullable(),
    mender: MenderInstallSchema.nullable(),
    source: z
      .object({
        url: z.string(),
        sha256: z.string().nullable(),
        fetchedBy: z.enum(["hub", "site"]),
      })
      .nullable()
      .describe("Where the gateway that made it fetches the file, once"),
    minimumOsVersion: z.string().nullable(),
    licence: z.enum(LICENCES),
    storeApp: z.boolean(),
    targeting: TargetingSchema,
    createdAt: Time,
  })
  .openapi("Revision");

export const NewRevisionSchema = z
  .strictObject({
    id: RecordId.optional().describe("Made of package and version unless given"),
    version: nonEmptyLine(64),
    channel: z
      .enum(CHANNELS)
      .optional()
      .describe(
        "agent, ddi or mender where one of them is given; for Windows with a file: what installs it, by " +
          "the file's kind and what is said of it; else reported",
      ),
    file: GivenFileSchema.nullable().default(null).describe("Uploaded before through files"),
    source: z
      .strictObject({
        url: nonEmptyLine(URL_CHARACTERS_MAX),
        sha256: Sha256Text.nullable().default(null),
      })
      .nullable()
      .default(null)
      .describe(
        "Instead of a file: where its vendor offers it. The gateway fetches it once; devices get the " +
          "gateway's own link. Without a SHA-256 the bytes that come first are pinned",
      ),
    msi: NewMsiInstallSchema.nullable().default(null).describe("For an MSI on Windows 10 and 11"),
    msix: NewMsixInstallSchema.nullable()
      .default(null)
      .describe("For an APPX or MSIX on Windows 10 and 11"),
    agent: NewAgentInstallSchema.nullable()
      .default(null)
      .describe("Install actions, for Outpost's agent and for Windows CE"),
    ddi: NewDdiInstallSchema.nullable()
      .default(null)
      .describe("For clients of hawkBit's Direct Device Integration API"),
    mender: NewMenderInstallSchema.nullable()
      .default(null)
      .describe("For Mender's client; the file is the artifact"),
    minimumOsVersion: nonEmptyLine(64).nullable().default(null),
    licence: z.enum(LICENCES).default("none"),
    storeApp: z.boolean().default(false),
    targeting: GivenTargeting,
  })
  .openapi("NewRevision");

export const PackageSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    platform: z.enum(PLATFORMS),
    productId: z.string().nullable(),
    publisher: z.string().nullable(),
    description: z.string(),
    createdAt: Time,
    revisions: z.array(RevisionSchema),
  })
  .openapi("Package");

export const PackageWithCountsSchema = PackageSchema.extend({
  distributionCount: LinkedCount.describe("Devices that the app is meant for"),
  installationCount: LinkedCount.describe("Devices that have it"),
  buckets: Buckets,
  links: Links,
}).openapi("PackageWithCounts");

export const TargetSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("all") }),
    z.strictObject({ kind: z.literal("group"), group: GroupName }),
    z.strictObject({ kind: z.literal("device"), device: DeviceIdText }),
    z.strictObject({
      kind: z.literal("devices"),
      devices: z.array(DeviceIdText).min(1).max(TARGET_DEVICES_MAX).readonly(),
    }),
  ])
  .openapi("Target");

export const ScheduleSchema = z
  .strictObject({
    cron: z.string().max(CRON_CHARACTERS_MAX).openapi({
      description: "Quartz: second minute hour day month weekday [year]",
      example: "0 0 22 ? * MON-FRI",
    }),
    durationSeconds: z.int().openapi({ description: "Of each stretch", example: 3600 }),
    utcOffsetMinutes: z.int().openapi({ example: 120 }),
  })
  .openapi("Schedule");

export const NewDistributionSchema = z
  .strictObject({
    id: RecordId.optional().describe("Choose it, and a retry is not a second one"),
    package: RecordId,
    revision: RecordId.optional().describe("The newest of the package unless given"),
    operation: z.enum(["install", "uninstall"]).default("install"),
    mode: z.enum(MODES).default("automatic"),
    target: TargetSchema.default({ kind: "all" }),
    sites: z.array(RecordId).max(10_000).default([]).describe("Only these; empty: all"),
    allowDowngrade: z.boolean().default(false),
    updateOnly: z.boolean().default(false).describe("Touch only devices that have the app already"),
    question: nonEmptyLine(QUESTION_CHARACTERS_MAX)
      .nullable()
      .default(null)
      .openapi({
        description:
          "Asked of the device's user before it is installed; null: installed without asking. Who " +
          "says no is asked again in the next window, three times in all; on demand not again.",
        example: "Install ContosoApp1 2.0 now?",
      }),
    schedule: ScheduleSchema.nullable()
      .default(null)
      .openapi({
        description:
          "On-demand work that was asked for starts only inside it; null: at the next contact. " +
          "A fixed distance from UTC knows no daylight saving: for what recurs by local time there " +
          "are maintenance windows.",
      }),
  })
  .openapi("NewDistribution");

export const DistributionSchema = z
  .object({
    id: z.string(),
    package: z.string(),
    revision: z.string(),
    version: z.string(),
    operation: z.enum(["install", "uninstall"]),
    mode: z.enum(MODES),
    target: TargetSchema,
    sites: z.array(z.string()),
    allowDowngrade: z.boolean(),
    updateOnly: z.boolean(),
    question: z.string().nullable(),
    schedule: ScheduleSchema.nullable(),
    createdAt: Time,
    author: z.string(),
    origin: z.enum(["hub", "site"]),
    stoppedAt: Time.nullable(),
  })
  .openapi("Distribution");

export const DistributionWithCountsSchema = DistributionSchema.extend({
  total: LinkedCount.describe("Devices that it has rows for"),
  buckets: Buckets,
  sitesNotConfirmed: z
    .array(z.string())
    .optional()
    .describe("At the hub: sites that may not know of it yet"),
  notes: z.array(z.string()).optional().describe("What whoever made it should know"),
}).openapi("DistributionWithCounts");

export const WindowFieldsSchema = z
  .strictObject({
    name: nonEmptyLine(NAME_CHARACTERS_MAX),
    start: z.string().max(32).openapi({
      description: "Local date and time of the first start",
      example: "2026-11-21T22:00",
    }),
    recurrence: z
      .string()
      .max(1_000)
      .nullable()
      .default(null)
      .openapi({ description: "RFC 5545; null: once", example: "FREQ=WEEKLY;BYDAY=MO,TU" }),
    durationMinutes: z.int().openapi({ example: 120 }),
    timeZone: z
      .string()
      .max(64)
      .nullable()
      .default(null)
      .openapi({ description: "IANA name; null: the site's", example: "Europe/Prague" }),
    scope: z
      .discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("organisation") }),
        z.strictObject({ kind: z.literal("site"), site: RecordId }),
        z.strictObject({ kind: z.literal("group"), group: GroupName }),
      ])
      .default({ kind: "organisation" }),
    enabled: z.boolean().default(true),
  })
  .openapi("WindowFields");
export const NewWindowSchema = WindowFieldsSchema.extend({
  id: RecordId.optional().describe("Made from the name unless given"),
}).openapi("NewWindow");
export const WindowSchema = WindowFieldsSchema.extend({ id: z.string() }).openapi("Window");

export const OccurrenceSchema = z.object({ start: Time, end: Time }).openapi("Occurrence");

export const MembersSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("list"),
      devices: z
        .array(nonEmptyLine(256))
        .max(10_000)
        .describe("Ids, names or stable ids, ignoring case"),
    }),
    z.strictObject({ kind: z.literal("filter"), filter: FilterText }),
  ])
  .openapi("Members");
export const GroupFieldsSchema = z
  .strictObject({ description: Description.default(""), members: MembersSchema })
  .openapi("GroupFields");
export const GroupSchema = z
  .object({ name: z.string(), description: z.string(), members: MembersSchema })
  .openapi("Group");

export function revisionJson(revision: Revision): z.infer<typeof RevisionSchema> {
  const { createdAtMs, file, msi, msix, agent, ddi, mender, source, targeting, ...rest } = revision;
  return {
    ...rest,
    file: file && { ...file },
    msi: msi && msiJson(msi),
    msix: msix && msixJson(msix),
    agent: agent && agentJson(agent),
    ddi: ddi && ddiJson(ddi),
    mender: mender && menderJson(mender),
    source: source && { ...source },
    targeting: { ...targeting },
    createdAt: timeFrom(createdAtMs),
  };
}

export function packageJson(
  one: Package,
  revisions: readonly Revision[],
): z.infer<typeof PackageSchema> {
  const { createdAtMs, ...rest } = one;
  return { ...rest, createdAt: timeFrom(createdAtMs), revisions: revisions.map(revisionJson) };
}

export function distributionJson(
  distribution: Distribution,
  version: string,
): z.infer<typeof DistributionSchema> {
  const { createdAtMs, stoppedAtMs, hlc: _, sites, target, ...rest } = distribution;
  return {
    ...rest,
    version,
    target: { ...target },
    sites: [...sites],
    createdAt: timeFrom(createdAtMs),
    stoppedAt: timeFrom(stoppedAtMs),
  };
}

export function windowJson(window: MaintenanceWindow): z.infer<typeof WindowSchema> {
  return { ...window, scope: { ...window.scope } };
}

export function groupJson(group: DeviceGroup): z.infer<typeof GroupSchema> {
  const { members } = group;
  return {
    name: group.name,
    description: group.description,
    members:
      members.kind === "list"
        ? { kind: "list", devices: [...members.devices] }
        : { kind: "filter", filter: members.filter },
  };
}
