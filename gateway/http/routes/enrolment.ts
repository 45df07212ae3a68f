import { createRoute, z } from "@hono/zod-openapi";
import type { DeviceAlias } from "../../../devices/model/device.ts";
import { AppError } from "../../../devices/model/errors.ts";
import type { Knock } from "../../../devices/ports/site-store.ts";
import type { NewDevice } from "../../../devices/service/register-device.ts";
import type { Audit } from "../../access/audit.ts";
import type { KnockList } from "../../access/knocks.ts";
import { nameOf } from "../../access/principal.ts";
import { recordAction } from "../audited.ts";
import {
  type EnrolmentCodeDeps,
  issueEnrolmentCode,
  takeBackEnrolmentCode,
} from "../enrolment-codes.ts";
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

export interface KnockDeps {
  readonly knocks: KnockList;
  readonly useCases: SiteUseCases;
  readonly audit: Audit;
}

const tags = ["enrolment"];

/** One-time codes for devices that enrol themselves. [D14] */
export function enrolmentCodeRoutes(deps: EnrolmentCodeDeps): Api {
  const api = newApi();

  const list = createRoute({
    method: "get",
    path: "/enrolment-codes",
    tags,
    summary: "Codes, the newest first; used and expired ones too",
    ...guarded("devices:write"),
    responses: { 200: json(z.array(EnrolmentCodeSchema), "The codes"), ...PROBLEMS },
  });
  api.openapi(list, async (c) => c.json((await deps.codes.list()).map(enrolmentCodeJson), 200));

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
    const { id, note, stableId = null, device, expiresAt } = c.req.valid("json");
    const wanted = { id, note, stableId, device, expiresAtMs: expiresAt };
    const { record, text } = await issueEnrolmentCode(deps, c, wanted);
    c.set("secretFields", ["code"]);
    return c.json({ ...enrolmentCodeJson(record), code: text }, 201);
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
    await takeBackEnrolmentCode(deps, c, c.req.valid("param").id);
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
export function knockRoutes({ knocks, useCases, audit }: KnockDeps): Api {
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
    c.set("secretFields", ["password", "token"]);
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
