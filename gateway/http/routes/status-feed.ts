import { createRoute, z } from "@hono/zod-openapi";
import { Hono } from "hono";
import { AppError } from "../../../devices/model/errors.ts";
import type { DeviceId } from "../../../devices/model/ids.ts";
import type {
  FedDevice,
  FedStatus,
  FeedSource,
  TakenDevice,
} from "../../../devices/service/status-feed.ts";
import { type FedApp, readOwnFeed, StatusFeed } from "../../../protocols/agent/status-feed.ts";
import { AGENT_BODY_BYTES_MAX } from "../../../protocols/agent/words.ts";
import { nameOf } from "../../access/principal.ts";
import type { Api, AppEnv } from "../environment.ts";
import { needPrincipal } from "../identify.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { readBytes } from "../read-bytes.ts";
import type { SiteUseCases } from "../use-cases.ts";

const Refused = z.object({
  refused: z.string().openapi({ description: "Why; nothing of it is stored" }),
});
const TakenAppSchema = z.union([
  z.object({
    distribution: z.string(),
    effect: z
      .enum(["moved", "repeated", "late", "none"])
      .openapi({ description: "late: kept in the history only" }),
  }),
  Refused,
]);
export const TakenDeviceSchema = z
  .union([
    Refused.extend({ device: z.string() }),
    z.object({
      device: z.string(),
      id: z.string(),
      apps: z.array(TakenAppSchema).openapi({ description: "In the order of the request" }),
      commands: z
        .array(
          z.object({
            command: z.enum(["ApplyRedemptionCode"]),
            distribution: z.string(),
            package: z.string(),
            attempt: z.int(),
          }),
        )
        .openapi({ description: "What the MDM is to send the device; said once" }),
      wanted: z
        .array(
          z.object({
            distribution: z.string(),
            package: z.string(),
            operation: z.string(),
            version: z.string(),
            attempt: z.int(),
          }),
        )
        .openapi({ description: "Work that waits for the MDM alone" }),
    }),
  ])
  .openapi("FedDevice");

/** What an MDM forwards about many devices. [PROTOCOL.md 11] */
export function statusFeedRoutes(useCases: SiteUseCases): Api {
  const api = newApi();
  const post = createRoute({
    method: "post",
    path: "/status-feed",
    tags: ["devices"],
    summary: "Forward what an MDM read about the apps of its devices (Apple, Android)",
    description:
      "What cannot be taken is named and costs the others nothing; the rest is durable when it is answered. " +
      "The same again is taken once, and `at` puts feeds in order, whenever they come.",
    ...guarded("facts:write"),
    request: body(StatusFeed),
    responses: {
      200: json(z.object({ devices: z.array(TakenDeviceSchema) }), "One answer for each device"),
      ...PROBLEMS,
    },
  });
  api.openapi(post, async (c) => {
    const { source, at, devices } = c.req.valid("json");
    const fed = devices.map(({ apps, at: readAt = at, ...device }) => ({
      ...device,
      apps: apps.map((app) => statusOf(app, readAt)),
    }));
    const taken = await useCases.takeStatusFeed(source, fed, nameOf(needPrincipal(c)));
    return c.json({ devices: taken }, 200);
  });
  return api;
}

export interface OwnFeedDeps {
  /** Of the agent that shows this token; undefined for an unknown one. */
  readonly deviceOf: (token: string) => Promise<DeviceId | undefined>;
  readonly take: (
    source: FeedSource,
    devices: readonly FedDevice[],
    by: string,
  ) => Promise<readonly TakenDevice[]>;
}

/** What an agent says of its own device in an MDM's words. [PROTOCOL.md 11.1] */
export function ownStatusFeed({ deviceOf, take }: OwnFeedDeps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.post("/agent/v1/:device/status-feed", async (c) => {
    const token = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
    const device = token === undefined ? undefined : await deviceOf(token);
    if (device === undefined) throw new AppError("unauthorized", "no device has this token");
    if (device !== c.req.param("device")) {
      throw new AppError("forbidden", "the token is another device's");
    }
    const { source, at, apps } = readOwnFeed(await readBytes(c.req.raw, AGENT_BODY_BYTES_MAX));
    const fed = { device, apps: apps.map((app) => statusOf(app, at)) };
    const [taken] = await take(source, [fed], "device");
    return c.json(taken, 200);
  });
  return routes;
}

function statusOf(
  { at, status, error, text, unusedRedemptionCode: unused, ...app }: FedApp,
  readAt: number | undefined,
): FedStatus {
  const atMs = at ?? readAt;
  // It is told once: whoever pays for the next code finds it in the history.
  const words = [text, unused && `unused redemption code: ${unused}`].filter((one) => one);
  return {
    ...app,
    value: status,
    ...(atMs !== undefined && { atMs }),
    ...(error !== undefined && error !== 0 && { lastError: error }),
    ...(words.length > 0 && { text: words.join("; ") }),
  };
}
