import { z } from "@hono/zod-openapi";
import { OPERATIONS, REASONS } from "../../../devices/model/installation.ts";
import { Time } from "./common.ts";

export const TonightSchema = z
  .object({
    device: z.string(),
    occurrence: z
      .object({ start: Time, end: Time })
      .nullable()
      .openapi({ description: "The running or next window; null when there is none" }),
    instant: Time.nullable().openapi({ description: "The device's own, once it is drawn" }),
    evaluatedAt: Time.nullable(),
    items: z.array(
      z.object({
        installation: z.string(),
        package: z.string(),
        packageName: z.string(),
        operation: z.enum(OPERATIONS),
        targetVersion: z.string(),
        when: z.enum(["now", "instant", "blocked"]),
        reason: z.enum(REASONS).nullable(),
        detail: z.string(),
      }),
    ),
  })
  .openapi("Tonight");
