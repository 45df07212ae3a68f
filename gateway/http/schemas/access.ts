import { z } from "@hono/zod-openapi";
import type { EnrolmentCode } from "../../../devices/ports/enrolment-codes.ts";
import type { Administrator, ApiToken, AuditEntry } from "../../access/access-store.ts";
import type { Principal } from "../../access/principal.ts";
import { ROLES, SCOPE_NAMES } from "../../access/role.ts";
import { GivenTime, nonEmptyLine, Time, timeFrom } from "./common.ts";
import { DeviceTemplateSchema } from "./device.ts";

export const LoginSchema = z
  .strictObject({ name: z.string().max(200), password: z.string().max(1_000) })
  .openapi("Login");

export const WhoSchema = z
  .object({
    kind: z.enum(["administrator", "token"]),
    name: z.string(),
    role: z.enum(ROLES),
    mustChange: z.boolean().openapi({ description: "Only changing the password is allowed" }),
    csrfToken: z
      .string()
      .nullable()
      .openapi({ description: "For X-CSRF-Token of a session's unsafe requests" }),
    expiresAt: Time.nullable(),
  })
  .openapi("Who");

export function whoJson(principal: Principal): z.infer<typeof WhoSchema> {
  const { kind, name, role } = principal;
  if (kind === "token") {
    return { kind, name, role, mustChange: false, csrfToken: null, expiresAt: null };
  }
  const { csrfToken, expiresAtMs } = principal.session;
  const { mustChange } = principal;
  return { kind, name, role, mustChange, csrfToken, expiresAt: timeFrom(expiresAtMs) };
}

export const PasswordChangeSchema = z
  .strictObject({ currentPassword: z.string().max(1_000), newPassword: z.string().max(1_000) })
  .openapi("PasswordChange");

export const AdministratorSchema = z
  .object({
    name: z.string(),
    role: z.enum(ROLES),
    mustChange: z.boolean(),
    createdAt: Time,
    disabledAt: Time.nullable(),
  })
  .openapi("Administrator");

export function administratorJson(one: Administrator): z.infer<typeof AdministratorSchema> {
  const { name, role, mustChange } = one;
  const createdAt = timeFrom(one.createdAtMs);
  return { name, role, mustChange, createdAt, disabledAt: timeFrom(one.disabledAtMs) };
}

export const NewAdministratorSchema = z
  .strictObject({ name: nonEmptyLine(63), role: z.enum(ROLES) })
  .openapi("NewAdministrator");
export const AdministratorPatchSchema = z
  .strictObject({ role: z.enum(ROLES).optional(), disabled: z.boolean().optional() })
  .openapi("AdministratorPatch");
export const OneTimePasswordSchema = z
  .object({
    name: z.string(),
    oneTimePassword: z
      .string()
      .nullable()
      .openapi({ description: "Shown once; to be changed at the first login" }),
  })
  .openapi("OneTimePassword");

export const NewTokenSchema = z
  .strictObject({
    name: nonEmptyLine(64),
    role: z.enum(ROLES).default("viewer"),
    scopes: z
      .array(z.enum(SCOPE_NAMES))
      .max(SCOPE_NAMES.length)
      .default([])
      .openapi({ description: "Only these; empty: all that the role may" }),
    expiresAt: GivenTime.nullable().default(null),
  })
  .openapi("NewToken");
export const TokenSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.enum(ROLES),
    scopes: z.array(z.string()),
    createdBy: z.string(),
    createdAt: Time,
    expiresAt: Time.nullable(),
    lastUsedAt: Time.nullable(),
    revokedAt: Time.nullable(),
  })
  .openapi("Token");
export const IssuedTokenSchema = TokenSchema.extend({
  token: z.string().nullable().openapi({ description: "For Authorization: Bearer. Shown once" }),
}).openapi("IssuedToken");

export function tokenJson(token: ApiToken): z.infer<typeof TokenSchema> {
  return {
    id: token.id,
    name: token.name,
    role: token.role,
    scopes: [...token.scopes],
    createdBy: token.createdBy,
    createdAt: timeFrom(token.createdAtMs),
    expiresAt: timeFrom(token.expiresAtMs),
    lastUsedAt: timeFrom(token.lastUsedAtMs),
    revokedAt: timeFrom(token.revokedAtMs),
  };
}

export const AuditEntrySchema = z
  .object({
    id: z.int(),
    at: Time,
    by: z.string(),
    action: z.string(),
    subject: z.string(),
    details: z.record(z.string(), z.unknown()),
    address: z.string(),
  })
  .openapi("AuditEntry");

export function auditEntryJson(entry: AuditEntry): z.infer<typeof AuditEntrySchema> {
  const { id, by, action, subject, details, address } = entry;
  return { id, at: timeFrom(entry.atMs), by, action, subject, details: { ...details }, address };
}

export const NewEnrolmentCodeSchema = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
      .optional(),
    note: z.string().max(200).default(""),
    stableId: nonEmptyLine(256)
      .optional()
      .openapi({
        description:
          "Only the device that calls itself so (DevInfo/DevId) may use the code, also to enrol anew after " +
          "it was re-imaged. Without it the code is for any device that the site does not serve yet",
      }),
    device: DeviceTemplateSchema.default({}).openapi({
      description: "Facts that the new device starts with",
    }),
    expiresAt: GivenTime.optional().openapi({ description: "In a week unless given" }),
  })
  .openapi("NewEnrolmentCode");
export const EnrolmentCodeSchema = z
  .object({
    id: z.string(),
    note: z.string(),
    stableId: z.string().nullable(),
    createdBy: z.string(),
    createdAt: Time,
    expiresAt: Time,
    usedAt: Time.nullable(),
    usedBy: z.string().nullable(),
  })
  .openapi("EnrolmentCode");
export const IssuedEnrolmentCodeSchema = EnrolmentCodeSchema.extend({
  code: z.string().nullable().openapi({ description: "Shown once" }),
}).openapi("IssuedEnrolmentCode");

export function enrolmentCodeJson(code: EnrolmentCode): z.infer<typeof EnrolmentCodeSchema> {
  const { id, note, stableId, createdBy, usedBy } = code;
  return {
    id,
    note,
    stableId,
    createdBy,
    createdAt: timeFrom(code.createdAtMs),
    expiresAt: timeFrom(code.expiresAtMs),
    usedAt: timeFrom(code.usedAtMs),
    usedBy,
  };
}
