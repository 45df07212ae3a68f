import { z } from "@hono/zod-openapi";
import { METRIC_OUTCOMES, STEP_OUTCOMES, type WorkReport } from "../../reports/work-report.ts";
import { ActionSchema, actionJson, MetricSchema, metricJson } from "./agent-install.ts";
import { Time, timeFrom } from "./common.ts";

export const WorkReportSchema = z
  .object({
    attempt: z.int(),
    attempts: z.array(z.int()).openapi({ description: "Of which steps were told" }),
    steps: z.array(
      z.object({
        index: z.int().openapi({ description: "In the package, from 0" }),
        action: ActionSchema,
        outcome: z.enum(STEP_OUTCOMES),
        exitCode: z.int().nullable(),
        text: z.string().nullable().openapi({
          description: "The device's own words; the end of what a failed program wrote",
        }),
        at: Time.nullable(),
      }),
    ),
    metrics: z.array(
      z.object({
        metric: MetricSchema,
        outcome: z.enum(METRIC_OUTCOMES),
        found: z.string().nullable(),
        at: Time.nullable(),
      }),
    ),
  })
  .openapi("WorkReport");

export function workReportJson(report: WorkReport): z.infer<typeof WorkReportSchema> {
  const { attempt, attempts, steps, metrics } = report;
  return {
    attempt,
    attempts: [...attempts],
    steps: steps.map(({ action, atMs, ...step }) => ({
      ...step,
      action: actionJson(action),
      at: timeFrom(atMs),
    })),
    metrics: metrics.map(({ metric, atMs, ...rest }) => ({
      ...rest,
      metric: metricJson(metric),
      at: timeFrom(atMs),
    })),
  };
}
