import { createRoute, z } from "@hono/zod-openapi";
import type { DevicePatch } from "../../../devices/service/change-device.ts";
import type { RegisteredDevice } from "../../../devices/service/register-device.ts";
import type { Audit } from "../../access/audit.ts";
import { nameOf } from "../../access/principal.ts";
import type { ReportReader } from "../../reports/report-reader.ts";
import { asItSends } from "../as-it-sends.ts";
import { recordAction } from "../audited.ts";
import { checkPreconditions, etagOf } from "../conditional.ts";
import type { Api } from "../environment.ts";
import { needPrincipal } from "../identify.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { timeFrom } from "../schemas/common.ts";
import {
  DevicePatchSchema,
  DeviceSchema,
  deviceJson,
  NewDeviceSchema,
  RegisteredDeviceSchema,
} from "../schemas/device.ts";
import { TonightSchema } from "../schemas/tonight.ts";
import type { SiteUseCases } from "../use-cases.ts";
import { DeviceParam, editableOf, needDevice, needDeviceId } from "./devices.ts";

export interface DeviceChangesDeps {
  readonly reports: ReportReader;
  readonly useCases: SiteUseCases;
  readonly audit: Audit;
}

const tags = ["devices"];

const AttributeSchema = z
  .object({ name: z.string(), value: z.string(), at: z.iso.datetime() })
  .openapi("DeviceAttribute");

/** What a site's administrators do with its devices. */
export function deviceChanges({ reports, useCases, audit }: DeviceChangesDeps): Api {
  const api = newApi();

  const create = createRoute({
    method: "post",
    path: "/devices",
    tags,
    summary: "Register a device; its OMA DM password is shown once",
    ...guarded("devices:write"),
    request: body(NewDeviceSchema),
    responses: { 201: json(RegisteredDeviceSchema, "The device and its password"), ...PROBLEMS },
  });
  api.openapi(create, async (c) => {
    const wanted = asItSends(c.req.valid("json"));
    const registered = await useCases.registerDevice(wanted, nameOf(needPrincipal(c)));
    const { id, stableId } = registered.device;
    await recordAction(audit, c, "device.register", id, { stableId });
    c.set("secretFields", ["password", "serverPassword", "token"]);
    c.header("Location", `${c.req.path}/${id}`);
    return c.json(registeredJson(registered), 201);
  });

  const patch = createRoute({
    method: "patch",
    path: "/devices/{id}",
    tags,
    summary: "Set facts about a device",
    ...guarded("devices:write"),
    request: { params: DeviceParam, ...body(DevicePatchSchema) },
    responses: { 200: json(DeviceSchema, "The device now"), ...PROBLEMS },
  });
  api.openapi(patch, async (c) => {
    const known = await needDevice(reports, c.req.valid("param").id);
    checkPreconditions(c, editableOf(known));
    const change = c.req.valid("json");
    // Zod says `undefined` where a field is missing; the use-case wants it to be missing.
    const given = Object.entries(change).filter(([, value]) => value !== undefined);
    const device = await useCases.patchDevice(known.id, Object.fromEntries(given) as DevicePatch);
    await recordAction(audit, c, "device.change", device.id, change);
    c.header("ETag", etagOf(editableOf({ ...known, ...device })));
    return c.json(deviceJson(device), 200);
  });

  const remove = createRoute({
    method: "delete",
    path: "/devices/{id}",
    tags,
    summary: "Take a device out of the site: it is refused from now on",
    ...guarded("devices:write"),
    request: { params: DeviceParam },
    responses: { 204: { description: "It is removed" }, ...PROBLEMS },
  });
  api.openapi(remove, async (c) => {
    const device = await needDevice(reports, c.req.valid("param").id);
    checkPreconditions(c, editableOf(device));
    await useCases.removeDevice(device.id);
    await recordAction(audit, c, "device.remove", device.id, { name: device.name });
    return c.body(null, 204);
  });

  const rotate = createRoute({
    method: "post",
    path: "/devices/{id}/rotate-secret",
    tags,
    summary: "A new secret, shown once; the former works until the new one was used",
    ...guarded("devices:write"),
    request: { params: DeviceParam },
    responses: {
      200: json(
        z.object({ password: z.string().nullable() }),
        "The password or token; null: the device is given it when it comes",
      ),
      ...PROBLEMS,
    },
  });
  api.openapi(rotate, async (c) => {
    const id = needDeviceId(c.req.valid("param").id);
    const password = await useCases.rotateSecret(id);
    await recordAction(audit, c, "device.rotate-secret", id);
    c.set("secretFields", ["password"]);
    return c.json({ password }, 200);
  });

  const unenrol = createRoute({
    method: "post",
    path: "/devices/{id}/unenrol",
    tags,
    summary: "Ask for the enrolment to end: its apps but MSI packages go, a PC removes its account",
    ...guarded("devices:write"),
    request: { params: DeviceParam },
    responses: { 200: json(DeviceSchema, "The device now"), ...PROBLEMS },
  });
  api.openapi(unenrol, async (c) => {
    const id = needDeviceId(c.req.valid("param").id);
    const device = await useCases.requestUnenrolment(id, nameOf(needPrincipal(c)));
    await recordAction(audit, c, "device.unenrol", id);
    return c.json(deviceJson(device), 200);
  });

  const enrol = createRoute({
    method: "post",
    path: "/devices/{id}/enrol",
    tags,
    summary: "Enrol a device again at its next session, after it was unenrolled",
    ...guarded("devices:write"),
    request: { params: DeviceParam },
    responses: { 200: json(DeviceSchema, "The device now"), ...PROBLEMS },
  });
  api.openapi(enrol, async (c) => {
    const id = needDeviceId(c.req.valid("param").id);
    const device = await useCases.requestEnrolment(id, nameOf(needPrincipal(c)));
    await recordAction(audit, c, "device.enrol", id);
    return c.json(deviceJson(device), 200);
  });

  const attributes = createRoute({
    method: "get",
    path: "/devices/{id}/attributes",
    tags,
    summary: "What a device tells of itself by name: inventory of the machine and the like",
    ...guarded("reports:read"),
    request: { params: DeviceParam },
    responses: { 200: json(z.array(AttributeSchema), "In order of name"), ...PROBLEMS },
  });
  api.openapi(attributes, async (c) => {
    const told = await useCases.attributes(needDeviceId(c.req.valid("param").id));
    const list = told.map(({ name, value, atMs }) => ({
      name,
      value,
      at: new Date(atMs).toISOString(),
    }));
    return c.json(list, 200);
  });

  const tonight = createRoute({
    method: "get",
    path: "/devices/{id}/tonight",
    tags,
    summary: "What the device's next maintenance window will bring",
    ...guarded("reports:read"),
    request: { params: DeviceParam },
    responses: { 200: json(TonightSchema, "The plan as it is now"), ...PROBLEMS },
  });
  api.openapi(tonight, async (c) => {
    const plan = await useCases.tonight(needDeviceId(c.req.valid("param").id));
    const { occurrence } = plan;
    return c.json(
      {
        device: plan.device,
        occurrence: occurrence && {
          start: timeFrom(occurrence.startMs),
          end: timeFrom(occurrence.endMs),
        },
        instant: timeFrom(plan.instantMs),
        evaluatedAt: timeFrom(plan.evaluatedAtMs),
        items: [...plan.items],
      },
      200,
    );
  });

  return api;
}

export function registeredJson({ device, userName, password, token, server }: RegisteredDevice) {
  return {
    device: deviceJson(device),
    userName,
    password,
    token,
    serverId: server?.serverId ?? null,
    serverPassword: server?.password ?? null,
  };
}
