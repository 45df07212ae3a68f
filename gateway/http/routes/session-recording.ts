import { createRoute, z } from "@hono/zod-openapi";
import { RECORDING_RANGES, RECORDINGS } from "../../../devices/model/recorded-session.ts";
import type { Audit } from "../../access/audit.ts";
import { recordAction } from "../audited.ts";
import { checkPreconditions, etagOf } from "../conditional.ts";
import type { Api } from "../environment.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import type { LocalSettingsStore } from "../use-cases.ts";

const tags = ["settings"];
const within = ([min, max]: readonly [number, number]) => z.int().min(min).max(max);
const SETTINGS = {
  record: z.enum(RECORDINGS).openapi({
    description: "`problems`: only sessions that did not finish or had a failed command",
  }),
  days: within(RECORDING_RANGES.days),
  perDevice: within(RECORDING_RANGES.perDevice).openapi({
    description: "The latest of each device",
  }),
  megabytes: within(RECORDING_RANGES.megabytes).openapi({
    description: "All sessions together, in MiB on the disk; the oldest go",
  }),
};
const RecordingSchema = z.object(SETTINGS).openapi("SessionRecording");
const RecordingPatchSchema = z
  .strictObject({
    record: SETTINGS.record.optional(),
    days: SETTINGS.days.optional(),
    perDevice: SETTINGS.perDevice.optional(),
    megabytes: SETTINGS.megabytes.optional(),
  })
  .openapi("SessionRecordingPatch");

/** Which sessions of devices are kept for people to look at, and for how long. */
export function sessionRecordingRoutes(deps: {
  readonly settings: LocalSettingsStore;
  readonly audit: Audit;
}): Api {
  const { settings, audit } = deps;
  const api = newApi();
  const current = () => ({ ...settings.read().sessions });

  const read = createRoute({
    method: "get",
    path: "/settings/sessions",
    tags,
    summary: "Which sessions of devices are recorded, and for how long",
    ...guarded("reports:read"),
    responses: { 200: json(RecordingSchema, "The settings"), ...PROBLEMS },
  });
  api.openapi(read, (c) => {
    c.header("ETag", etagOf(current()));
    return c.json(current(), 200);
  });

  const change = createRoute({
    method: "patch",
    path: "/settings/sessions",
    tags,
    summary: "Change which sessions of devices are recorded",
    description: "What is more than the new limits allow goes within six hours.",
    ...guarded("settings:write"),
    request: body(RecordingPatchSchema),
    responses: { 200: json(RecordingSchema, "The settings now"), ...PROBLEMS },
  });
  api.openapi(change, async (c) => {
    checkPreconditions(c, current());
    const given = c.req.valid("json");
    const wanted = Object.fromEntries(
      Object.entries(given).filter(([, value]) => value !== undefined),
    );
    await settings.write({ sessions: { ...current(), ...wanted } });
    await recordAction(audit, c, "settings.sessions", "settings", wanted);
    c.header("ETag", etagOf(current()));
    return c.json(current(), 200);
  });

  return api;
}
