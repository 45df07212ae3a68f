import { z } from "zod";
import {
  COMPLIANCE,
  DEVICE_PROTOCOLS,
  type Device,
  ENROLMENTS,
  OWNERSHIP,
  PLATFORMS,
} from "../../devices/model/device.ts";
import type { Fact } from "../../devices/model/fact.ts";
import { NAME_CHARACTERS_MAX } from "../../devices/model/limits.ts";
import { ProtocolError } from "../../protocols/errors.ts";

const text = z.string().max(NAME_CHARACTERS_MAX);
const count = z.int().min(0);

const DEVICE = z.object({
  name: text,
  platform: z.enum(PLATFORMS),
  // Sites of before there were others say none.
  protocol: z.enum(DEVICE_PROTOCOLS).default("oma-dm"),
  stableId: text,
  manufacturer: text.nullable(),
  model: text.nullable(),
  osVersion: text.nullable(),
  osMajor: z.int().nullable(),
  osPlatform: text.nullable(),
  cpu: text.nullable(),
  ownership: z.enum(OWNERSHIP),
  shared: z.boolean(),
  userEnrolled: z.boolean(),
  userAssigned: z.boolean(),
  compliance: z.enum(COMPLIANCE),
  enrolment: z.enum(ENROLMENTS),
  enrolmentDigest: text.nullable(),
  incarnation: count,
  sequence: count,
  registeredAtMs: z.int(),
  lastContactMs: z.int().nullable(),
  inventoryAtMs: z.int().nullable(),
  removedAtMs: z.int().nullable(),
});

/**
 * The device that a fact of kind `device` describes. Site and id are the fact's, whatever the JSON
 * says: a site speaks for itself only.
 *
 * @throws ProtocolError with rule `journal-device`
 */
export function parseDeviceFact(fact: Fact): Device {
  let value: unknown;
  try {
    value = JSON.parse(fact.value);
  } catch (cause) {
    throw new ProtocolError("journal-device", `fact ${fact.seq} is not JSON`, { cause });
  }
  const device = DEVICE.safeParse(value);
  if (device.success) return { ...device.data, site: fact.site, id: fact.device };
  const issue = device.error.issues[0];
  throw new ProtocolError(
    "journal-device",
    `fact ${fact.seq}, ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "wrong"}`,
  );
}
