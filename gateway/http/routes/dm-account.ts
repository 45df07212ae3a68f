import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "../../../devices/model/errors.ts";
import type { DmAccount } from "../../../devices/service/dm-account.ts";
import type { Audit } from "../../access/audit.ts";
import { recordAction } from "../audited.ts";
import type { Api } from "../environment.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { timeFrom } from "../schemas/common.ts";
import { DmAccountPatchSchema, DmAccountSchema, NotifiedSchema } from "../schemas/device.ts";
import type { SiteUseCases } from "../use-cases.ts";
import { DeviceParam, needDeviceId } from "./devices.ts";

const tags = ["devices"];

export interface DmAccountDeps {
  readonly useCases: SiteUseCases;
  readonly audit: Audit;
}

/** How a device and its site know each other in OMA DM. */
export function dmAccountRoutes({ useCases, audit }: DmAccountDeps): Api {
  const api = newApi();

  const read = createRoute({
    method: "get",
    path: "/devices/{id}/oma-dm",
    tags,
    summary: "How a device proves who it is, and the site towards it; no secrets",
    ...guarded("reports:read"),
    request: { params: DeviceParam },
    responses: { 200: json(DmAccountSchema, "The account"), ...PROBLEMS },
  });
  api.openapi(read, async (c) => {
    const id = needDeviceId(c.req.valid("param").id);
    const account = await useCases.dmAccount(id);
    if (!account) throw new AppError("not-found", `the device ${id} has no OMA DM account here`);
    return c.json(accountJson(account), 200);
  });

  const change = createRoute({
    method: "patch",
    path: "/devices/{id}/oma-dm",
    tags,
    summary: "Change what proof of its identity is taken from a device, and where it is called",
    ...guarded("devices:write"),
    request: { params: DeviceParam, ...body(DmAccountPatchSchema) },
    responses: { 200: json(DmAccountSchema, "The account now"), ...PROBLEMS },
  });
  api.openapi(change, async (c) => {
    const id = needDeviceId(c.req.valid("param").id);
    const { scheme, certificateSubject, notifyAddress } = c.req.valid("json");
    const patch = {
      ...(scheme !== undefined && { scheme }),
      ...(certificateSubject !== undefined && { certificateSubject }),
      ...(notifyAddress !== undefined && { notifyAddress }),
    };
    const account = await useCases.changeDmAccount(id, patch);
    await recordAction(audit, c, "device.oma-dm", id, patch);
    return c.json(accountJson(account), 200);
  });

  const renew = createRoute({
    method: "post",
    path: "/devices/{id}/oma-dm/server-password",
    tags,
    summary: "A new password of this server towards a device, shown once; the former one ends",
    ...guarded("devices:write"),
    request: { params: DeviceParam },
    responses: {
      200: json(
        z.object({ serverId: z.string(), password: z.string().nullable() }),
        "The name and the password that the device has to know",
      ),
      ...PROBLEMS,
    },
  });
  api.openapi(renew, async (c) => {
    const id = needDeviceId(c.req.valid("param").id);
    const { serverId, password } = await useCases.renewServerPassword(id);
    await recordAction(audit, c, "device.server-password", id);
    c.set("secretFields", ["password"]);
    return c.json({ serverId, password }, 200);
  });

  const notify = createRoute({
    method: "post",
    path: "/devices/{id}/notify",
    tags,
    summary: "Call a device: it begins a session when the notification reaches it",
    description:
      "Nobody tells whether a notification arrives. While its session has not begun, calling again repeats the same one, for ten minutes.",
    ...guarded("devices:write"),
    request: { params: DeviceParam },
    responses: { 202: json(NotifiedSchema, "It is on its way"), ...PROBLEMS },
  });
  api.openapi(notify, async (c) => {
    const id = needDeviceId(c.req.valid("param").id);
    const { sessionId, addresses, atMs } = await useCases.notifyDevice(id);
    await recordAction(audit, c, "device.notify", id, { sessionId, addresses: [...addresses] });
    return c.json({ sessionId, addresses: [...addresses], at: timeFrom(atMs) }, 202);
  });

  return api;
}

function accountJson({
  reach,
  notifiedAtMs,
  ...account
}: DmAccount): z.infer<typeof DmAccountSchema> {
  return {
    ...account,
    notifyAddresses: [...reach.addresses],
    notifyProblem: reach.problem,
    notifiedAt: timeFrom(notifiedAtMs),
    usualAddresses: [...account.usualAddresses],
    failures: account.failures.map(({ address, count, lastAtMs, blockedUntilMs }) => ({
      address,
      count,
      lastAt: timeFrom(lastAtMs),
      blockedUntil: timeFrom(blockedUntilMs),
    })),
  };
}
