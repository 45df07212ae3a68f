import { z } from "@hono/zod-openapi";
import {
  Catalogue,
  CatalogueItem,
  Enrolled,
  Plan,
  Taken,
} from "../../../protocols/agent/answers.ts";
import { Enrol, NewToken, Poll, Results } from "../../../protocols/agent/requests.ts";
import { OwnFeed } from "../../../protocols/agent/status-feed.ts";
import type { Api } from "../environment.ts";
import { body, json, newApi, PROBLEMS } from "../openapi.ts";
import { TakenDeviceSchema } from "./status-feed.ts";

const tags = ["agents"];
const security = [{ agent: [] }];
const Device = z.object({
  device: z.string().openapi({ description: "The id that the enrolment answered" }),
});
const Etag = {
  ETag: { schema: { type: "string" as const }, description: "For If-None-Match of the next one" },
};
const RetryAfter = {
  "Retry-After": { schema: { type: "integer" as const }, description: "Seconds" },
};

/**
 * What the OpenAPI document says of `/agent/v1`, out of the shapes that `protocols/agent` reads and
 * writes. It serves nothing: the routes beside it read bodies by the protocol's own rules, where what is
 * wrong is 400 and not 422. [PROTOCOL 1.3]
 */
export function agentDocument(): Api {
  const api = newApi();
  const { openAPIRegistry: registry } = api;

  registry.registerPath({
    method: "post",
    path: "/agent/v1/enrol",
    tags,
    security: [],
    summary: "Enrol a device with a one-time code, or knock without one",
    description:
      "The agent makes its token itself and keeps it before it sends it. The same enrolment again gets the " +
      "same answer, without a code too. [PROTOCOL.md 2]",
    request: body(named("AgentEnrolment", Enrol)),
    responses: {
      200: json(named("AgentEnrolled", Enrolled), "It is enrolled"),
      202: {
        ...json(z.object({ waits: z.string() }), "It knocked: an administrator has to approve it"),
        headers: RetryAfter,
      },
      ...PROBLEMS,
    },
  });

  registry.registerPath({
    method: "post",
    path: "/agent/v1/{device}/poll",
    tags,
    security,
    summary: "Check in: tell what is new, get the plan",
    description:
      "An empty body says nothing new. With `If-None-Match` the same plan is answered 304; with " +
      "`Prefer: wait=60` the site waits that many seconds for another one. [PROTOCOL.md 3, 4]",
    request: {
      params: Device,
      headers: z.object({
        "if-none-match": z.string().optional(),
        prefer: z.string().optional().openapi({ example: "wait=60" }),
      }),
      body: { content: { "application/json": { schema: named("AgentCheckIn", Poll) } } },
    },
    responses: {
      200: {
        ...json(named("AgentPlan", Plan), "The plan, in the place of any other"),
        headers: Etag,
      },
      304: { description: "The plan is the one that If-None-Match names", headers: Etag },
      ...PROBLEMS,
    },
  });

  registry.registerPath({
    method: "post",
    path: "/agent/v1/{device}/results",
    tags,
    security,
    summary: "Report what became of work, step by step",
    description:
      "What is not refused is on the site's disk; the same result again is taken once. [PROTOCOL.md 5]",
    request: { params: Device, ...body(named("AgentResults", Results)) },
    responses: {
      200: json(named("AgentResultsTaken", Taken), "What was refused, and whether to check in"),
      ...PROBLEMS,
    },
  });

  registry.registerPath({
    method: "get",
    path: "/agent/v1/{device}/catalogue",
    tags,
    security,
    summary: "What the device's user may ask for",
    request: { params: Device },
    responses: {
      200: json(named("AgentCatalogue", Catalogue), "In order of name"),
      ...PROBLEMS,
    },
  });

  registry.registerPath({
    method: "post",
    path: "/agent/v1/{device}/catalogue/{distribution}/request",
    tags,
    security,
    summary: "Start what the user asks for, or try again what failed",
    request: { params: Device.extend({ distribution: z.string() }) },
    responses: {
      200: json(named("AgentCatalogueItem", CatalogueItem), "How it stands now"),
      ...PROBLEMS,
    },
  });

  registry.registerPath({
    method: "post",
    path: "/agent/v1/{device}/token",
    tags,
    security,
    summary: "Announce a new token; the former works until the new one was used",
    request: { params: Device, ...body(named("AgentToken", NewToken)) },
    responses: { 204: { description: "It may be used" }, ...PROBLEMS },
  });

  registry.registerPath({
    method: "post",
    path: "/agent/v1/{device}/status-feed",
    tags,
    security,
    summary: "Forward what an MDM says of this device's apps",
    description: "For many devices at once there is `POST /api/v1/status-feed`. [PROTOCOL.md 11]",
    request: { params: Device, ...body(named("AgentStatusFeed", OwnFeed)) },
    responses: {
      200: json(TakenDeviceSchema, "One answer for each app, in their order"),
      ...PROBLEMS,
    },
  });
  return api;
}

/** The protocols know nothing of OpenAPI: a name is given to the same shape made anew. */
function named<Shape extends z.ZodRawShape>(name: string, { shape }: z.ZodObject<Shape>) {
  return z.object(shape).openapi(name);
}
