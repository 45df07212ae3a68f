import { createRoute, z } from "@hono/zod-openapi";
import { FACT_SOURCES } from "../../../devices/model/fact.ts";
import { type DistributionId, installationIdFrom } from "../../../devices/model/ids.ts";
import {
  DIRECT_FACTS_MAX,
  type DirectFact,
  isFactSource,
} from "../../../devices/service/record-facts.ts";
import { nameOf } from "../../access/principal.ts";
import type { Api } from "../environment.ts";
import { needPrincipal } from "../identify.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { GivenTime, line, RecordId, TEXT_CHARACTERS_MAX } from "../schemas/common.ts";
import { ChangedRowSchema, changedRowJson } from "../schemas/installation.ts";
import type { SiteUseCases } from "../use-cases.ts";
import { DeviceParam, needDeviceId } from "./devices.ts";

/** Attempts and sequence numbers of a device. */
const COUNT_MAX = 2 ** 31 - 1;

const Count = z.int().min(1).max(COUNT_MAX);
const FactSchema = z
  .strictObject({
    distribution: RecordId,
    source: z.enum(FACT_SOURCES.filter(isFactSource)).openapi({
      description: "Whose vocabulary `value` is in",
    }),
    value: z.string().min(1).max(TEXT_CHARACTERS_MAX).openapi({ example: "Managed" }),
    lastError: z
      .int()
      .min(-(2 ** 31))
      .max(2 ** 32 - 1)
      .optional()
      .openapi({ description: "HRESULT, signed or unsigned; 0 means none" }),
    text: z.string().max(TEXT_CHARACTERS_MAX).optional(),
    version: line(200).optional(),
    attempt: Count.optional(),
    sequence: Count.optional(),
    at: GivenTime.optional().openapi({ description: "Now unless given" }),
  })
  .openapi("Fact");
const RecordedSchema = z
  .object({
    distribution: z.string(),
    effect: z
      .enum(["moved", "repeated", "late", "none"])
      .openapi({ description: "late: kept in the history only" }),
    installation: ChangedRowSchema,
  })
  .openapi("RecordedFact");

/** Facts about a device by API: what its own MDM or agent says about its apps. [D13] */
export function factRoutes(useCases: SiteUseCases): Api {
  const api = newApi();
  const post = createRoute({
    method: "post",
    path: "/devices/{id}/facts",
    tags: ["devices"],
    summary: "Record what a device reported; all or nothing, durable when it is answered",
    ...guarded("facts:write"),
    request: {
      params: DeviceParam,
      ...body(z.array(FactSchema).min(1).max(DIRECT_FACTS_MAX)),
    },
    responses: { 200: json(z.array(RecordedSchema), "What became of each"), ...PROBLEMS },
  });
  api.openapi(post, async (c) => {
    const id = needDeviceId(c.req.valid("param").id);
    const facts = c.req.valid("json").map(directFact);
    const recorded = await useCases.recordFacts(id, facts, nameOf(needPrincipal(c)));
    return c.json(
      recorded.map(({ distribution, effect, installation }) => ({
        distribution,
        effect,
        installation: changedRowJson(installationIdFrom(installation), installation),
      })),
      200,
    );
  });
  return api;
}

function directFact(given: z.output<typeof FactSchema>): DirectFact {
  const { distribution, at, lastError, ...rest } = given;
  return {
    ...rest,
    distribution: distribution as DistributionId, // RecordId is the grammar of its ids.
    ...(at !== undefined && { atMs: at }),
    // The wire has signed codes, and 0 for none; people copy unsigned ones.
    ...(lastError !== undefined && lastError !== 0 && { lastError: lastError | 0 }),
  };
}
