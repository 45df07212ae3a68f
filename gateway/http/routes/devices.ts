import { createRoute, z } from "@hono/zod-openapi";
import { DEVICE_FIELDS, fieldIs } from "../../../devices/filter/filter.ts";
import { AppError } from "../../../devices/model/errors.ts";
import { type DeviceId, parseDeviceId } from "../../../devices/model/ids.ts";
import { linkTo } from "../../reports/links.ts";
import type { DeviceView, ReportReader } from "../../reports/report-reader.ts";
import { answerList } from "../answer-list.ts";
import { etagOf } from "../conditional.ts";
import type { Api } from "../environment.ts";
import { guarded, json, jsonOrCsv, newApi, PROBLEMS } from "../openapi.ts";
import { Links, ListQuery, pageOf, timeFrom } from "../schemas/common.ts";
import {
  DeviceEventSchema,
  DevicePatchSchema,
  DeviceViewSchema,
  deviceEventJson,
  deviceViewJson,
  InventoryItemSchema,
} from "../schemas/device.ts";

const tags = ["devices"];
export const DeviceParam = z.object({
  id: z.string().openapi({ example: "0f3b0c2d4e5a69788796a5b4c3d2e1f0" }),
});
const DeviceDetailSchema = DeviceViewSchema.extend({
  inventory: z.array(InventoryItemSchema),
  links: Links,
}).openapi("DeviceDetail");
const PATCHABLE = DevicePatchSchema.keyof().options;

/** What is known of devices. */
export function deviceRoutes(reports: ReportReader, base: string): Api {
  const api = newApi();

  const list = createRoute({
    method: "get",
    path: "/devices",
    tags,
    summary: "Devices; removed ones only when the filter names `removed`",
    description: `The filter knows the fields ${Object.keys(DEVICE_FIELDS).join(", ")}.`,
    ...guarded("reports:read"),
    request: { query: ListQuery },
    responses: {
      200: jsonOrCsv(pageOf(DeviceViewSchema, "DevicePage"), "A page; as CSV, all devices"),
      ...PROBLEMS,
    },
  });
  api.openapi(list, (c) =>
    answerList(c, c.req.valid("query"), {
      fields: DEVICE_FIELDS,
      list: (query) => reports.devices(query),
      count: (filter) => reports.countDevices(filter),
      show: deviceViewJson,
      columns: DeviceViewSchema.keyof().options,
      name: "devices",
    }),
  );

  const one = createRoute({
    method: "get",
    path: "/devices/{id}",
    tags,
    summary: "One device, with what it says is installed",
    ...guarded("reports:read"),
    request: { params: DeviceParam },
    responses: { 200: json(DeviceDetailSchema, "The device"), ...PROBLEMS },
  });
  api.openapi(one, async (c) => {
    const device = await needDevice(reports, c.req.valid("param").id);
    const inventory = await reports.inventory(device.id);
    c.header("ETag", etagOf(editableOf(device)));
    return c.json(
      {
        ...deviceViewJson(device),
        inventory: inventory.map(({ device: _, seenAtMs, ...item }) => ({
          ...item,
          seenAt: timeFrom(seenAtMs),
        })),
        links: { installations: linkTo(base, [fieldIs("device", device.id)]) },
      },
      200,
    );
  });

  const history = createRoute({
    method: "get",
    path: "/devices/{id}/history",
    tags,
    summary: "What happened to the device as such, the latest first",
    ...guarded("reports:read"),
    request: { params: DeviceParam },
    responses: { 200: json(z.array(DeviceEventSchema), "Registered, unenrolled, …"), ...PROBLEMS },
  });
  api.openapi(history, async (c) => {
    const { id } = await needDevice(reports, c.req.valid("param").id);
    const events = await reports.deviceEvents(id);
    return c.json(events.map(deviceEventJson), 200);
  });

  return api;
}

export async function needDevice(reports: ReportReader, text: string): Promise<DeviceView> {
  const device = await reports.device(needDeviceId(text));
  if (!device) throw new AppError("not-found", `no device ${text}`);
  return device;
}

export function needDeviceId(text: string): DeviceId {
  const id = parseDeviceId(text);
  if (!id) throw new AppError("not-found", `no device ${text}`);
  return id;
}

/**
 * What an edit of a device is guarded by: the facts that can be edited. The rest changes with every
 * contact, and a guard over it would refuse everybody.
 */
export function editableOf(device: DeviceView): Record<string, unknown> {
  return Object.fromEntries(PATCHABLE.map((name) => [name, device[name]]));
}
