import { z } from "@hono/zod-openapi";
import { BUCKETS } from "../../../devices/model/installation.ts";
import { Buckets, LinkedCount } from "./common.ts";

const LinkedGroupSchema = z
  .object({ key: z.string(), label: z.string(), total: LinkedCount, buckets: Buckets })
  .openapi("LinkedGroup");

export const SummarySchema = z
  .object({
    total: LinkedCount,
    buckets: Buckets,
    attention: LinkedCount,
    platforms: z.array(LinkedGroupSchema),
    packages: z.array(LinkedGroupSchema),
    sites: z.array(LinkedGroupSchema),
  })
  .openapi("Summary");

export const AppReportSchema = z
  .object({
    package: z.string(),
    total: LinkedCount,
    buckets: Buckets,
    rows: z.array(
      z
        .object({
          platform: z.string(),
          status: z.string(),
          statusLabel: z.string(),
          state: z.string().nullable(),
          description: z.string(),
          bucket: z.enum(BUCKETS),
          count: z.int(),
          link: z.string(),
        })
        .openapi("BreakdownRow"),
    ),
  })
  .openapi("AppReport");
