import { createRoute, z } from "@hono/zod-openapi";
import type { DeviceAlias } from "../../../devices/model/device.ts";
import { AppError, fieldError } from "../../../devices/model/errors.ts";
import type { EnrolmentCodes } from "../../../devices/ports/enrolment-codes.ts";
import type { Knock } from "../../../devices/ports/site-store.ts";
import { enrolmentCodeHash } from "../../../devices/service/enrol-by-code.ts";
import type { NewDevice } from "../../../devices/service/register-device.ts";
import type { Audit } from "../../access/audit.ts";
import type { KnockList } from "../../access/knocks.ts";
import { nameOf } from "../../access/principal.ts";
import { randomText } from "../../access/secret-text.ts";
import { recordAction } from "../audited.ts";
import type { Api } from "../environment.ts";
import { needPrincipal } from "../identify.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import {
  EnrolmentCodeSchema,
  enrolmentCodeJson,
  IssuedEnrolmentCodeSchema,
  NewEnrolmentCodeSchema,
} from "../schemas/access.ts";
import { Time, timeFrom } from "../schemas/common.ts";
import { DeviceTemplateSchema, RegisteredDeviceSchema } from "../schemas/device.ts";
import type { SiteUseCases } from "../use-cases.ts";
import { registeredJson } from "./device-changes.ts";

/** How long a code works unless said otherwise, and at most. */
export const CODE_MS_DEFAULT = 7 * 24 * 60 * 60_000;
export const CODE_MS_MAX = 90 * 24 * 60 * 60_000;
/** Codes that wait to be used. */
export const CODES_MAX = 10_000;
/** Five bits each: short enough to type on a handheld, long enough not to be guessed. */
const CODE_CHARACTERS = 16;

export interface EnrolmentDeps {
  readonly codes: EnrolmentCodes;
  readonly knocks: KnockList;
  readonly useCases: SiteUseCases;
  readonly audit: Audit;
  readonly now: () => number;
}

const tags = ["enrolment"];

/** One-time codes for devices that enrol themselves. [D14] */
export function enrolmentCodeRoutes({ codes, audit, now }: EnrolmentDeps): Api {
  const api = newApi();

  const list = createRoute({
    method: "get",
    path: "/enrolment-codes",
    tags,
    summary: "Codes, the newest first; used and expired ones too",
    ...guarded("devices:write"),
    responses: { 200: json(z.array(EnrolmentCodeSchema), "The codes"), ...PROBLEMS },
  });
  api.openapi(list, async (c) => c.json((await codes.list()).map(enrolmentCodeJson), 200));

  const create = createRoute({
    method: "post",
    path: "/enrolment-codes",
    tags,
    summary: "Make a one-time code; it is shown once",
    ...guarded("devices:write"),
    request: body(NewEnrolmentCodeSchema),
    responses: { 201: json(IssuedEnrolmentCodeSchema, "The code"), ...PROBLEMS },
  });
  api.openapi(create, async (c) => {
    const {
      id = Bun.randomUUIDv7(),
      note,
      stableId = null,
      device,
      expiresAt,
    } = c.req.valid("json");
    const nowMs = now();
    const expiresAtMs = expiresAt ?? nowMs + CODE_MS_DEFAULT;
    if (expiresAtMs <= nowMs || expiresAtMs > nowMs + CODE_MS_MAX) {
      throw fieldError("/expiresAt", "choose a time in the next 90 days");
    }
    const known = await codes.list();
    if (known.some((code) => code.id === id)) {
      throw new AppError("conflict", `there is an enrolment code ${id} already`);
    }
    if (known.filter((code) => code.usedAtMs === null).length >= CODES_MAX) {
      throw new AppError("conflict", `there are ${CODES_MAX} unused codes: remove some first`);
    }
    const code = grouped(randomText(CODE_CHARACTERS));
    const record = {
      id,
      codeHash: enrolmentCodeHash(code),
      note,
      template: JSON.stringify(device),
      stableId,
      createdBy: nameOf(needPrincipal(c)),
      createdAtMs: nowMs,
      expiresAtMs,
      usedAtMs: null,
      usedBy: null,
    };
    await codes.add(record);
    await recordAction(audit, c, "enrolment-code.create", id, { note, stableId });
    c.set("secretFields", ["code"]);
    return c.json({ ...enrolmentCodeJson(record), code }, 201);
  });

  const remove = createRoute({
    method: "delete",
    path: "/enrolment-codes/{id}",
    tags,
    summary: "Take back a code that was not used",
    ...guarded("devices:write"),
    request: { params: z.object({ id: z.string() }) },
    responses: { 204: { description: "It is gone" }, ...PROBLEMS },
  });
  api.openapi(remove, async (c) => {
    const { id } = c.req.valid("param");
    const code = (await codes.list()).find((one) => one.id === id);
    if (!code) throw new AppError("not-found", `no enrolment code ${id}`);
    if (code.usedAtMs !== null) {
      throw new AppError("conflict", "the code was used already: remove the device instead");
    }
    await codes.remove(id);
    await recordAction(audit, c, "enrolment-code.remove", id);
    return c.body(null, 204);
  });

  return api;
}

const PROTOCOLS = ["oma-dm", "agent", "ddi", "mender", "ce", "external"] as const;
const KnockKeySchema = z
  .strictObject({ protocol: z.enum(PROTOCOLS), externalId: z.string().min(1).max(256) })
  .openapi("KnockKey");
const KnockSchema = z
  .object({
    protocol: z.enum(PROTOCOLS),
    externalId: z.string(),
    address: z.string(),
    details: z
      .record(z.string(), z.unknown())
      .openapi({ description: "What the device said about itself" }),
    firstAt: Time,
    lastAt: Time,
    count: z.int(),
  })
  .openapi("Knock");

/** Devices that spoke to the site without being known, and how they become known. */
export function knockRoutes({ knocks, useCases, audit }: EnrolmentDeps): Api {
  const api = newApi();

  const list = createRoute({
    method: "get",
    path: "/knocks",
    tags,
    summary: "Unknown devices that knocked, the latest first",
    ...guarded("reports:read"),
    responses: { 200: json(z.array(KnockSchema), "The devices"), ...PROBLEMS },
  });
  api.openapi(list, async (c) => c.json((await knocks.list()).map(knockJson), 200));

  const approve = createRoute({
    method: "post",
    path: "/knocks/approve",
    tags,
    summary: "Register a device that knocked; its password is shown once",
    ...guarded("devices:write"),
    request: body(KnockKeySchema.extend({ device: DeviceTemplateSchema.default({}) })),
    responses: { 201: json(RegisteredDeviceSchema, "The device and its password"), ...PROBLEMS },
  });
  api.openapi(approve, async (c) => {
    const { protocol, externalId, device } = c.req.valid("json");
    const knock = await needKnock(knocks, protocol, externalId);
    const wanted = device as Partial<NewDevice>;
    const registered = await useCases.approveKnock(knock, wanted, nameOf(needPrincipal(c)));
    await knocks.forget(protocol, externalId);
    await recordAction(audit, c, "knock.approve", externalId, { device: registered.device.id });
    c.set("secretFields", ["password"]);
    return c.json(registeredJson(registered), 201);
  });

  const forget = createRoute({
    method: "post",
    path: "/knocks/forget",
    tags,
    summary: "Forget that a device knocked; it may knock again",
    ...guarded("devices:write"),
    request: body(KnockKeySchema),
    responses: { 204: { description: "It is forgotten" }, ...PROBLEMS },
  });
  api.openapi(forget, async (c) => {
    const { protocol, externalId } = c.req.valid("json");
    await needKnock(knocks, protocol, externalId);
    await knocks.forget(protocol, externalId);
    await recordAction(audit, c, "knock.forget", externalId);
    return c.body(null, 204);
  });

  return api;
}

async function needKnock(
  knocks: KnockList,
  protocol: DeviceAlias["protocol"],
  externalId: string,
): Promise<Knock> {
  const knock = await knocks.find(protocol, externalId);
  if (!knock) throw new AppError("not-found", `no device ${externalId} has knocked`);
  return knock;
}

function knockJson(knock: Knock): z.infer<typeof KnockSchema> {
  const { protocol, externalId, address, details, count } = knock;
  return {
    protocol,
    externalId,
    address,
    details: JSON.parse(details),
    firstAt: timeFrom(knock.firstAtMs),
    lastAt: timeFrom(knock.lastAtMs),
    count,
  };
}

/** `abcd-efgh-ijkm-npqr`: the hash ignores the hyphens. */
function grouped(text: string): string {
  return text.match(/.{1,4}/g)?.join("-") ?? text;
}
