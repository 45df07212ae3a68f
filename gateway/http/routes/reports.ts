import { createRoute, z } from "@hono/zod-openapi";
import { type Filter, fieldIs, INSTALLATION_FIELDS } from "../../../devices/filter/filter.ts";
import { parseAskedFilter } from "../../../devices/filter/filter-words.ts";
import { MATRIX_ROWS } from "../../../devices/install/matrix-rows.ts";
import { AppError } from "../../../devices/model/errors.ts";
import { parsePackageId } from "../../../devices/model/ids.ts";
import type { PolicyReader } from "../../../devices/ports/policy-reader.ts";
import { csvLine } from "../../reports/csv.ts";
import type { ReportReader } from "../../reports/report-reader.ts";
import { type AppReport, appReport, summaryOf } from "../../reports/summary.ts";
import { csvAnswer, wantsCsv } from "../answer-list.ts";
import type { Api } from "../environment.ts";
import { guarded, json, jsonOrCsv, newApi, PROBLEMS } from "../openapi.ts";
import { FilterText } from "../schemas/common.ts";
import { MatrixRowSchema } from "../schemas/installation.ts";
import { AppReportSchema, SummarySchema } from "../schemas/report.ts";

export interface ReportRoutesDeps {
  readonly reports: ReportReader;
  readonly policy: PolicyReader;
  /** Where this API is mounted, for links: `/api/v1` or `/hub/api/v1`. */
  readonly base: string;
}

const tags = ["reports"];

/** The matrix of statuses, the summary, and the aggregate report of an app. */
export function reportRoutes({ reports, policy, base }: ReportRoutesDeps): Api {
  const api = newApi();

  const matrix = createRoute({
    method: "get",
    path: "/matrix",
    tags,
    summary: "The 56 rows of the status matrix",
    ...guarded("reports:read"),
    responses: { 200: json(z.array(MatrixRowSchema), "All rows"), ...PROBLEMS },
  });
  api.openapi(matrix, (c) => c.json([...MATRIX_ROWS], 200));

  const summary = createRoute({
    method: "get",
    path: "/reports/summary",
    tags,
    summary: "Received, pending, failed: counts with the lists behind them",
    ...guarded("reports:read"),
    request: { query: z.strictObject({ filter: FilterText.optional() }) },
    responses: { 200: json(SummarySchema, "The numbers"), ...PROBLEMS },
  });
  api.openapi(summary, async (c) => {
    const filter = parseAskedFilter(c.req.valid("query").filter ?? "", INSTALLATION_FIELDS);
    return c.json(mutable(await summaryOf(reports, filter, base)), 200);
  });

  const app = createRoute({
    method: "get",
    path: "/reports/apps/{package}",
    tags,
    summary: "Aggregate report of one app: a line per platform, status and state",
    ...guarded("reports:read"),
    request: {
      params: z.object({ package: z.string() }),
      query: z.strictObject({
        filter: FilterText.optional(),
        site: z.string().max(200).optional(),
        group: z.string().max(200).optional(),
        version: z.string().max(200).optional(),
        distribution: z.string().max(200).optional(),
        includeEmpty: z
          .enum(["true", "false"])
          .optional()
          .openapi({ description: "Also the states that no device is in" }),
        format: z.enum(["json", "csv"]).optional(),
      }),
    },
    responses: { 200: jsonOrCsv(AppReportSchema, "The report"), ...PROBLEMS },
  });
  api.openapi(app, async (c) => {
    const query = c.req.valid("query");
    const name = c.req.valid("param").package;
    const id = parsePackageId(name);
    const known = id && policy.read().packages.get(id);
    const more: Filter = [
      ...parseAskedFilter(query.filter ?? "", INSTALLATION_FIELDS),
      ...(["site", "group", "version", "distribution"] as const).flatMap((field) => {
        const value = query[field];
        return value === undefined ? [] : [fieldIs(field, value)];
      }),
    ];
    const report = await appReport(reports, id ?? name, more, base, {
      includeEmpty: query.includeEmpty === "true",
      platform: known?.platform,
    });
    if (!known && report.total.count === 0) throw new AppError("not-found", `no package ${name}`);
    if (wantsCsv(c, query.format)) return csvAnswer(c, `report-${id}`, csvOf(report));
    return c.json(mutable(report), 200);
  });

  return api;
}

async function* csvOf(report: AppReport): AsyncGenerator<string> {
  yield csvLine(["platform", "status", "code", "state", "description", "bucket", "count"]);
  for (const row of report.rows) {
    const { platform, statusLabel, status, state, description, bucket, count } = row;
    yield csvLine([platform, statusLabel, status, state, description, bucket, count]);
  }
}

/** Hono's types ask for arrays that may be changed; ours are read-only. */
function mutable<T>(value: T): Mutable<T> {
  return value as Mutable<T>;
}

type Mutable<T> = T extends readonly (infer Item)[]
  ? Mutable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Mutable<T[Key]> }
    : T;
