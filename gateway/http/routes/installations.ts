import { createRoute, z } from "@hono/zod-openapi";
import { INSTALLATION_FIELDS } from "../../../devices/filter/filter.ts";
import { parseAskedFilter } from "../../../devices/filter/filter-words.ts";
import { AppError, fieldError } from "../../../devices/model/errors.ts";
import { type InstallationKey, parseInstallationId } from "../../../devices/model/ids.ts";
import type { AgentInstall } from "../../../devices/model/package.ts";
import type { PolicyReader } from "../../../devices/ports/policy-reader.ts";
import type { Audit } from "../../access/audit.ts";
import { nameOf } from "../../access/principal.ts";
import { PAGE_ROWS_MAX, type ReportReader } from "../../reports/report-reader.ts";
import { workReport } from "../../reports/work-report.ts";
import { answerList } from "../answer-list.ts";
import { recordAction } from "../audited.ts";
import type { Api } from "../environment.ts";
import { needPrincipal } from "../identify.ts";
import { body, guarded, json, jsonOrCsv, newApi, PROBLEMS } from "../openapi.ts";
import { FilterText, ListQuery, pageOf } from "../schemas/common.ts";
import {
  ChangedRowSchema,
  changedRowJson,
  HistoryEntrySchema,
  historyEntryJson,
  InstallationSchema,
  installationJson,
} from "../schemas/installation.ts";
import { WorkReportSchema, workReportJson } from "../schemas/work-report.ts";
import type { SiteUseCases } from "../use-cases.ts";

/** Rows that one bulk action may touch. */
export const BULK_ROWS_MAX = 1_000;

const tags = ["installations"];
const IdParam = z.object({
  id: z.string().openapi({ example: "prague.distribution-1.0f3b0c2d4e5a69788796a5b4c3d2e1f0" }),
});
const COLUMNS = InstallationSchema.keyof().options;

/** Rows of the report, and what happened to them. */
export function installationRoutes(reports: ReportReader, policy: PolicyReader): Api {
  const api = newApi();

  const list = createRoute({
    method: "get",
    path: "/installations",
    tags,
    summary: "Which app is in which state on which device",
    description: `The filter knows the fields ${Object.keys(INSTALLATION_FIELDS).join(", ")}.`,
    ...guarded("reports:read"),
    request: { query: ListQuery },
    responses: {
      200: jsonOrCsv(pageOf(InstallationSchema, "InstallationPage"), "A page; as CSV, all rows"),
      ...PROBLEMS,
    },
  });
  api.openapi(list, (c) =>
    answerList(c, c.req.valid("query"), {
      fields: INSTALLATION_FIELDS,
      list: (query) => reports.list(query),
      count: (filter) => reports.count(filter),
      show: installationJson,
      columns: COLUMNS,
      name: "installations",
    }),
  );

  const one = createRoute({
    method: "get",
    path: "/installations/{id}",
    tags,
    summary: "One row",
    ...guarded("reports:read"),
    request: { params: IdParam },
    responses: { 200: json(InstallationSchema, "The row"), ...PROBLEMS },
  });
  api.openapi(one, async (c) => {
    const { id } = c.req.valid("param");
    const row = await reports.installation(needKey(id));
    if (!row) throw new AppError("not-found", `no installation ${id}`);
    return c.json(installationJson(row), 200);
  });

  const history = createRoute({
    method: "get",
    path: "/installations/{id}/history",
    tags,
    summary: "Everything that was reported and decided about it, oldest first",
    ...guarded("reports:read"),
    request: { params: IdParam },
    responses: { 200: json(z.array(HistoryEntrySchema), "The entries"), ...PROBLEMS },
  });
  api.openapi(history, async (c) => {
    const { id } = c.req.valid("param");
    const key = needKey(id);
    if (!(await reports.installation(key)))
      throw new AppError("not-found", `no installation ${id}`);
    return c.json((await reports.history(key)).map(historyEntryJson), 200);
  });

  const work = createRoute({
    method: "get",
    path: "/installations/{id}/work",
    tags,
    summary: "What an agent said of each step and each metric of it",
    description:
      "Of the row's own attempt unless another one is asked for. Empty for what is not installed in steps.",
    ...guarded("reports:read"),
    request: {
      params: IdParam,
      query: z.strictObject({ attempt: z.coerce.number().int().optional() }),
    },
    responses: { 200: json(WorkReportSchema, "The steps and the metrics"), ...PROBLEMS },
  });
  api.openapi(work, async (c) => {
    const { id } = c.req.valid("param");
    const key = needKey(id);
    const row = await reports.installation(key);
    if (!row) throw new AppError("not-found", `no installation ${id}`);
    const install = policy.read().revisions.get(row.revision)?.agent ?? NO_STEPS;
    const facts = await reports.history(key);
    const device = await reports.device(row.device);
    const { attempt } = c.req.valid("query");
    return c.json(workReportJson(workReport({ row, facts, install, device, attempt })), 200);
  });

  return api;
}

const NO_STEPS: AgentInstall = { files: [], actions: [], uninstall: [], metrics: [] };

export interface InstallationActionsDeps {
  readonly reports: ReportReader;
  readonly useCases: SiteUseCases;
  readonly audit: Audit;
}

const BulkSchema = z
  .strictObject({
    ids: z.array(z.string().max(300)).min(1).max(BULK_ROWS_MAX).optional(),
    filter: FilterText.optional(),
  })
  .openapi("BulkSelection");
const BulkOutcomeSchema = z
  .object({
    done: z.int(),
    refused: z.int(),
    outcomes: z.array(
      z.object({
        id: z.string(),
        installation: ChangedRowSchema.optional(),
        problem: z.string().optional().openapi({ description: "Why this one was not done" }),
      }),
    ),
  })
  .openapi("BulkOutcome");

/** What a site does about its rows: request on-demand work, retry what failed. */
export function installationActions({ reports, useCases, audit }: InstallationActionsDeps): Api {
  const api = newApi();

  const bulk = createRoute({
    method: "post",
    path: "/installations/retry",
    tags,
    summary: "Retry many: by ids, or all that a filter holds for",
    ...guarded("installations:write"),
    request: body(BulkSchema),
    responses: { 200: json(BulkOutcomeSchema, "What became of each"), ...PROBLEMS },
  });
  api.openapi(bulk, async (c) => {
    const selection = c.req.valid("json");
    const keys = await keysOf(selection, reports);
    const by = nameOf(needPrincipal(c));
    const outcomes = await useCases.retryInstallations(keys, by);
    const done = outcomes.filter(({ installation }) => installation !== undefined).length;
    const what = selection.filter ?? `${keys.length} rows`;
    const ids = selection.ids?.join(" ");
    await recordAction(audit, c, "installation.retry-many", what, { done, ...(ids && { ids }) });
    return c.json(
      {
        done,
        refused: outcomes.length - done,
        outcomes: outcomes.map(({ id, installation, problem }) => ({
          id,
          ...(installation && { installation: changedRowJson(id, installation) }),
          ...(problem !== undefined && { problem }),
        })),
      },
      200,
    );
  });

  const request = createRoute({
    method: "post",
    path: "/installations/{id}/request",
    tags,
    summary: "Start on-demand work at the device's next contact",
    ...guarded("installations:write"),
    request: { params: IdParam },
    responses: { 200: json(ChangedRowSchema, "The row now"), ...PROBLEMS },
  });
  api.openapi(request, async (c) => {
    const { id } = c.req.valid("param");
    const row = await useCases.requestInstallation(needKey(id), nameOf(needPrincipal(c)));
    await recordAction(audit, c, "installation.request", id);
    return c.json(changedRowJson(id, row), 200);
  });

  const retry = createRoute({
    method: "post",
    path: "/installations/{id}/retry",
    tags,
    summary: "Try again what failed, as the next attempt",
    ...guarded("installations:write"),
    request: { params: IdParam },
    responses: { 200: json(ChangedRowSchema, "The row now"), ...PROBLEMS },
  });
  api.openapi(retry, async (c) => {
    const { id } = c.req.valid("param");
    const row = await useCases.retryInstallation(needKey(id), nameOf(needPrincipal(c)));
    await recordAction(audit, c, "installation.retry", id, { attempt: row.attempt });
    return c.json(changedRowJson(id, row), 200);
  });

  return api;
}

function needKey(id: string): InstallationKey {
  const key = parseInstallationId(id);
  if (!key) throw new AppError("not-found", `no installation ${id}`);
  return key;
}

async function keysOf(
  selection: z.infer<typeof BulkSchema>,
  reports: ReportReader,
): Promise<readonly InstallationKey[]> {
  const { ids, filter } = selection;
  if ((ids === undefined) === (filter === undefined)) {
    throw fieldError("", "give either ids or a filter");
  }
  if (ids !== undefined) {
    return ids.map((id, index) => {
      const key = parseInstallationId(id);
      if (!key) throw fieldError(`/ids/${index}`, "this is no id of an installation");
      return key;
    });
  }
  const parsed = parseAskedFilter(filter ?? "", INSTALLATION_FIELDS);
  if (parsed.length === 0) throw fieldError("/filter", "say which ones, such as status:failed");
  const total = await reports.count(parsed);
  if (total > BULK_ROWS_MAX) {
    throw fieldError("/filter", `this holds for ${total} rows; at most ${BULK_ROWS_MAX} at once`);
  }
  const keys: InstallationKey[] = [];
  let cursor: string | undefined;
  do {
    const page = await reports.list({
      filter: parsed,
      limit: PAGE_ROWS_MAX,
      ...(cursor !== undefined && { cursor }),
    });
    keys.push(
      ...page.rows.map(({ site, distribution, device }) => ({ site, distribution, device })),
    );
    cursor = page.next;
  } while (cursor !== undefined);
  return keys;
}
