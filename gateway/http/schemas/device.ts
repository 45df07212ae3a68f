import { z } from "@hono/zod-openapi";
import {
  DEVICE_SCHEMES,
  REQUIRED_PROOFS,
  SERVER_PROBLEMS,
} from "../../../devices/model/credential.ts";
import {
  COMPLIANCE,
  DEVICE_PROTOCOLS,
  type Device,
  ENROLMENTS,
  OWNERSHIP,
  PLATFORMS,
} from "../../../devices/model/device.ts";
import type { DeviceEvent, DeviceView } from "../../reports/report-reader.ts";
import { line, NAME_CHARACTERS_MAX, nonEmptyLine, Time, timeFrom } from "./common.ts";

/** What is known of a device. */
const FACTS = {
  name: z.string(),
  platform: z.enum(PLATFORMS),
  manufacturer: z.string().nullable(),
  model: z.string().nullable(),
  osVersion: z.string().nullable(),
  osMajor: z.int().nullable(),
  osPlatform: z.string().nullable(),
  cpu: z.string().nullable(),
  ownership: z.enum(OWNERSHIP),
  shared: z.boolean(),
  userEnrolled: z.boolean(),
  userAssigned: z.boolean(),
  compliance: z.enum(COMPLIANCE),
};

export const DeviceSchema = z
  .object({
    id: z.string(),
    site: z.string(),
    stableId: z.string(),
    protocol: z.enum(DEVICE_PROTOCOLS).openapi({ description: "In which the site serves it" }),
    ...FACTS,
    enrolment: z.enum(ENROLMENTS),
    incarnation: z.int(),
    sequence: z.int(),
    registeredAt: Time,
    lastContact: Time.nullable(),
    inventoryAt: Time.nullable(),
    removedAt: Time.nullable(),
  })
  .openapi("Device");
export type DeviceJson = z.infer<typeof DeviceSchema>;

const Counts = z.object({
  received: z.int(),
  pending: z.int(),
  failed: z.int(),
  not_applicable: z.int(),
  removed: z.int(),
  total: z.int(),
});

export const DeviceViewSchema = DeviceSchema.extend({
  aliases: z.array(z.string()),
  counts: Counts,
}).openapi("DeviceWithCounts");

export function deviceJson(device: Device): DeviceJson {
  return {
    id: device.id,
    site: device.site,
    stableId: device.stableId,
    name: device.name,
    platform: device.platform,
    protocol: device.protocol,
    manufacturer: device.manufacturer,
    model: device.model,
    osVersion: device.osVersion,
    osMajor: device.osMajor,
    osPlatform: device.osPlatform,
    cpu: device.cpu,
    ownership: device.ownership,
    shared: device.shared,
    userEnrolled: device.userEnrolled,
    userAssigned: device.userAssigned,
    compliance: device.compliance,
    enrolment: device.enrolment,
    incarnation: device.incarnation,
    sequence: device.sequence,
    registeredAt: timeFrom(device.registeredAtMs),
    lastContact: timeFrom(device.lastContactMs),
    inventoryAt: timeFrom(device.inventoryAtMs),
    removedAt: timeFrom(device.removedAtMs),
  };
}

export function deviceViewJson(device: DeviceView): z.infer<typeof DeviceViewSchema> {
  return { ...deviceJson(device), aliases: [...device.aliases], counts: { ...device.counts } };
}

/** Facts that an administrator may give. */
const GIVEN = {
  name: nonEmptyLine(NAME_CHARACTERS_MAX).optional(),
  manufacturer: line(NAME_CHARACTERS_MAX).nullable().optional(),
  model: line(NAME_CHARACTERS_MAX).nullable().optional(),
  osVersion: line(64).nullable().optional(),
  osMajor: z.int().min(0).max(100_000).nullable().optional(),
  osPlatform: line(64).nullable().optional(),
  cpu: line(64).nullable().optional(),
  ownership: z.enum(OWNERSHIP).optional(),
  shared: z.boolean().optional(),
  userEnrolled: z.boolean().optional(),
  userAssigned: z.boolean().optional(),
  compliance: z.enum(COMPLIANCE).optional(),
};

const SchemeSchema = z.enum(DEVICE_SCHEMES).openapi({
  description:
    "The weakest proof of its identity that is taken; `site` follows the site's setting, " +
    "`certificate` takes nothing but a client certificate that the TLS proxy has verified",
});
export const SubjectSchema = nonEmptyLine(1_000).openapi({
  description: "Subject of the client certificate that stands for this device and for no other",
  example: "CN=Device-42,O=Contoso",
});

/** Characters of a token that somebody brings along. */
const TOKEN_CHARACTERS_MIN = 16;

/** How a device that speaks OMA DM proves who it is. */
const CREDENTIAL = {
  userName: nonEmptyLine(NAME_CHARACTERS_MAX).optional(),
  password: nonEmptyLine(NAME_CHARACTERS_MAX).min(8).optional(),
  scheme: SchemeSchema.optional(),
  mutual: z.boolean().optional().openapi({
    description: "The device asks for this server's own password: one is made, and shown once",
  }),
};

export const NewDeviceSchema = z
  .strictObject({
    stableId: nonEmptyLine(256).openapi({
      description:
        "DevInfo/DevId, serial number or the like; the id is derived from it. Of Mender the identity as " +
        "JSON, of Windows CE the UUID, in any way of writing them",
    }),
    platform: z.enum(PLATFORMS),
    protocol: z.enum(DEVICE_PROTOCOLS).optional().openapi({
      description: "In which it is served; OMA DM unless given. Any other gives a token",
    }),
    externalId: nonEmptyLine(256).optional().openapi({
      description: "Its name in its protocol, where that is not its stable id",
    }),
    token: z.string().min(TOKEN_CHARACTERS_MIN).max(1_000).optional().openapi({
      description:
        "What it shows already; one is made unless given. Of Mender its public key (PEM)",
    }),
    ...GIVEN,
    ...CREDENTIAL,
    certificateSubject: SubjectSchema.optional(),
  })
  .openapi("NewDevice");

export const DevicePatchSchema = z.strictObject(GIVEN).openapi("DevicePatch");

/** Facts for a device that will come later (a code) or that has said who it is itself (a knock). */
export const DeviceTemplateSchema = z
  .strictObject({ platform: z.enum(PLATFORMS).optional(), ...GIVEN, ...CREDENTIAL })
  .openapi("DeviceTemplate");

export const RegisteredDeviceSchema = z
  .object({
    device: DeviceSchema,
    userName: z.string().nullable().openapi({ description: "Of its OMA DM account" }),
    password: z.string().nullable().openapi({
      description:
        "OMA DM password: shown once; null when the answer is repeated, and in another protocol",
    }),
    token: z.string().nullable().openapi({
      description: "What it shows in another protocol than OMA DM: shown once, like the password",
    }),
    serverId: z.string().nullable(),
    serverPassword: z.string().nullable().openapi({
      description: "For a device that asks who its server is: shown once; null without `mutual`",
    }),
  })
  .openapi("RegisteredDevice");

export const DmAccountSchema = z
  .object({
    userName: z.string(),
    scheme: z.enum(DEVICE_SCHEMES),
    requiredProof: z.enum(REQUIRED_PROOFS).openapi({ description: "What `scheme` comes to" }),
    certificateSubject: z.string().nullable(),
    usualAddresses: z.array(z.string()).openapi({
      description: "Where the device logged in from, the latest first; of IPv6 the network",
    }),
    failures: z
      .array(
        z.object({
          address: z.string(),
          count: z.int(),
          lastAt: Time,
          blockedUntil: Time.nullable(),
        }),
      )
      .openapi({ description: "Wrong credentials in its name, by address, the latest first" }),
    serverId: z.string().nullable().openapi({
      description: "This server's name towards the device; null where the device does not ask",
    }),
    serverProblem: z.enum(SERVER_PROBLEMS).nullable().openapi({
      description: "Why the device does not accept this server, and so no command of it",
    }),
    notifyAddress: z.string().nullable().openapi({
      description: "Where it listens for notifications; null: where it logged in from",
    }),
    notifyAddresses: z.array(z.string()).openapi({ description: "Where it would be called" }),
    notifyProblem: z.string().nullable().openapi({
      description: "Why it cannot be called; null when it can",
    }),
    notifiedAt: Time.nullable().openapi({ description: "When it was last called" }),
    notifiedSession: z.string().nullable().openapi({
      description: "The session that it was called for and has not begun yet",
    }),
  })
  .openapi("DmAccount");

export const DmAccountPatchSchema = z
  .strictObject({
    scheme: SchemeSchema.optional(),
    certificateSubject: SubjectSchema.nullable().optional(),
    notifyAddress: nonEmptyLine(255)
      .openapi({
        description: "Address and port for a datagram, or what the site's program understands",
        example: "10.1.2.3:2948",
      })
      .nullable()
      .optional(),
  })
  .openapi("DmAccountPatch");

export const NotifiedSchema = z
  .object({
    sessionId: z.string().openapi({ description: "As the device will write it", example: "2A" }),
    addresses: z.array(z.string()),
    at: Time,
  })
  .openapi("Notified");

export const InventoryItemSchema = z
  .object({
    productId: z.string(),
    version: z.string().nullable(),
    title: z.string().nullable(),
    publisher: z.string().nullable(),
    installDate: z.string().nullable(),
    installDateRaw: z.string().nullable(),
    seenAt: Time,
  })
  .openapi("InventoryItem");

export const DeviceEventSchema = z
  .object({
    at: Time,
    what: z.string().openapi({ example: "its user removed the enterprise account" }),
    by: z.string().openapi({ description: "An administrator, `device` or `site`" }),
  })
  .openapi("DeviceEvent");

export function deviceEventJson({ atMs, text, by }: DeviceEvent) {
  return { at: timeFrom(atMs), what: text ?? "", by };
}
