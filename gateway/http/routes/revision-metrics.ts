import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "../../../devices/model/errors.ts";
import { parseRevisionId } from "../../../devices/model/ids.ts";
import type { NumberedMetric, WantedMetric } from "../../../devices/model/metric.ts";
import type { AgentInstall, Revision } from "../../../devices/model/package.ts";
import type { PolicyReader } from "../../../devices/ports/policy-reader.ts";
import type { Audit } from "../../access/audit.ts";
import { nameOf } from "../../access/principal.ts";
import { recordAction } from "../audited.ts";
import type { Api, AppContext } from "../environment.ts";
import { needValid } from "../field-problems.ts";
import { needPrincipal } from "../identify.ts";
import type { MetricEditor } from "../metric-editor.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import {
  MetricChangeSchema,
  MetricSchema,
  metricJson,
  NewMetricSchema,
  wantedMetric,
} from "../schemas/agent-install.ts";
import { needPackage } from "./packages.ts";

export interface RevisionMetricRoutesDeps {
  readonly policy: PolicyReader;
  readonly audit: Audit;
  readonly metrics: MetricEditor;
}

const tags = ["packages"];
const RevisionParam = z.object({
  id: z.string().openapi({ example: "contoso-app" }),
  revision: z.string().openapi({ example: "contoso-app-2-0" }),
});
const MetricParam = RevisionParam.extend({
  number: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, "the metric's number")
    .transform(Number)
    .openapi({ type: "integer" }),
});
const path = "/packages/{id}/revisions/{revision}/metrics";
const PROMISE =
  "Metrics may be changed until a distribution names the revision; from then on it is 409.";

/** What says whether a device needs a revision of install actions. */
export function revisionMetricRoutes({ policy, audit, metrics }: RevisionMetricRoutesDeps): Api {
  const api = newApi();
  const audited = (c: AppContext, revision: Revision, what: string, details: object) =>
    recordAction(audit, c, `revision.metric.${what}`, revision.id, { ...details });
  const find = (given: { readonly id: string; readonly revision: string }) =>
    needAgentRevision(policy, given);

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "The metrics of a revision of install actions",
    ...guarded("reports:read"),
    request: { params: RevisionParam },
    responses: { 200: json(z.array(MetricSchema), "The metrics"), ...PROBLEMS },
  });
  api.openapi(list, (c) => c.json(find(c.req.valid("param")).agent.metrics.map(metricJson), 200));

  const add = createRoute({
    method: "post",
    path,
    tags,
    summary: "Add a metric; its value is computed from the file that it names",
    description: PROMISE,
    ...guarded("policy:write"),
    request: { params: RevisionParam, ...body(NewMetricSchema) },
    responses: { 201: json(MetricSchema, "It was added"), ...PROBLEMS },
  });
  api.openapi(add, async (c) => {
    const revision = find(c.req.valid("param"));
    const wanted = wantedMetric(c.req.valid("json"));
    const metric = await metrics.add(revision.id, wanted, nameOf(needPrincipal(c)));
    await audited(c, revision, "add", metric);
    c.header("Location", `${c.req.path}/${metric.number}`);
    return c.json(metricJson(metric), 201);
  });

  const generate = createRoute({
    method: "post",
    path: `${path}/generate`,
    tags,
    summary: "Make the usual metrics of the files that have none yet",
    description:
      "The version of a file that has one, the MD5 of others, each for the place where the actions leave " +
      `the file. ${PROMISE}`,
    ...guarded("policy:write"),
    request: { params: RevisionParam },
    responses: {
      200: json(
        z
          .object({
            metrics: z.array(MetricSchema).openapi({ description: "All of the revision" }),
            added: z.int(),
            notes: z.array(z.string()).openapi({ description: "Why a file got none" }),
          })
          .openapi("GeneratedMetrics"),
        "What the revision has now",
      ),
      ...PROBLEMS,
    },
  });
  api.openapi(generate, async (c) => {
    const revision = find(c.req.valid("param"));
    const made = await metrics.generate(revision.id, nameOf(needPrincipal(c)));
    if (made.added > 0) await audited(c, revision, "generate", { added: made.added });
    const { added, notes } = made;
    return c.json({ metrics: made.metrics.map(metricJson), added, notes: [...notes] }, 200);
  });

  const patch = createRoute({
    method: "patch",
    path: `${path}/{number}`,
    tags,
    summary: "Change a metric, such as its operator",
    description: PROMISE,
    ...guarded("policy:write"),
    request: { params: MetricParam, ...body(MetricChangeSchema) },
    responses: { 200: json(MetricSchema, "As it is now"), ...PROBLEMS },
  });
  api.openapi(patch, async (c) => {
    const { number, ...names } = c.req.valid("param");
    const revision = find(names);
    const by = nameOf(needPrincipal(c));
    const change = c.req.valid("json");
    const metric = await metrics.change(revision.id, number, (one) => changed(one, change), by);
    await audited(c, revision, "change", metric);
    return c.json(metricJson(metric), 200);
  });

  const remove = createRoute({
    method: "delete",
    path: `${path}/{number}`,
    tags,
    summary: "Remove a metric",
    description: PROMISE,
    ...guarded("policy:write"),
    request: { params: MetricParam },
    responses: { 200: json(z.array(MetricSchema), "Those that are left"), ...PROBLEMS },
  });
  api.openapi(remove, async (c) => {
    const { number, ...names } = c.req.valid("param");
    const revision = find(names);
    const left = await metrics.remove(revision.id, number, nameOf(needPrincipal(c)));
    await audited(c, revision, "remove", { number });
    return c.json(left.map(metricJson), 200);
  });

  return api;
}

/**
 * A metric with some fields given anew, before its value is computed.
 *
 * @throws AppError "unprocessable" naming every wrong field
 */
export function changed(
  metric: NumberedMetric,
  change: Readonly<Record<string, unknown>>,
): WantedMetric {
  const { number: _, ...kept } = metric;
  const given = Object.fromEntries(Object.entries(kept).filter(([name]) => !COMPUTED.has(name)));
  if (change.kind !== undefined && change.kind !== metric.kind) {
    const message = `it is a ${metric.kind}: remove it and add another`;
    throw new AppError("unprocessable", message, { fields: [{ pointer: "/kind", message }] });
  }
  return wantedMetric(needValid(NewMetricSchema, { ...given, ...change }));
}

const COMPUTED: ReadonlySet<string> = new Set(["hash", "value", "size"]);

function needAgentRevision(
  policy: PolicyReader,
  given: { readonly id: string; readonly revision: string },
): Revision & { readonly agent: AgentInstall } {
  const current = policy.read();
  const owner = needPackage(current, given.id);
  const id = parseRevisionId(given.revision);
  const revision = id && current.revisions.get(id);
  if (revision?.package !== owner.id) {
    throw new AppError("not-found", `no revision ${given.revision} of the package ${given.id}`);
  }
  const { agent } = revision;
  if (agent) return { ...revision, agent };
  throw new AppError("not-found", `the revision ${revision.id} has no install actions`);
}
