import { z } from "@hono/zod-openapi";
import { RECORDING_RANGES, RECORDINGS } from "../../../devices/model/recorded-session.ts";
import type { Api } from "../environment.ts";
import { keptSection, type SettingsDeps } from "../settings-section.ts";

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
export function sessionRecordingRoutes(deps: SettingsDeps): Api {
  return keptSection(deps, "sessions", {
    name: "sessions",
    summary: {
      read: "Which sessions of devices are recorded, and for how long",
      change: "Change which sessions of devices are recorded",
    },
    description: "What is more than the new limits allow goes within six hours.",
    shown: RecordingSchema,
    patch: RecordingPatchSchema,
  });
}
