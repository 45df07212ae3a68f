import { createRoute, z } from "@hono/zod-openapi";
import { fieldIs } from "../../../devices/filter/filter.ts";
import type { Distribution } from "../../../devices/model/distribution.ts";
import { AppError } from "../../../devices/model/errors.ts";
import { parseDistributionId } from "../../../devices/model/ids.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import { ceNotesHere } from "../../reports/ce-notes.ts";
import { linkTo } from "../../reports/links.ts";
import type { ReportReader } from "../../reports/report-reader.ts";
import { linkedBuckets } from "../../reports/summary.ts";
import type { Api } from "../environment.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { isRepetition, needWritten, type PolicyRoutesDeps, writePolicy } from "../policy-write.ts";
import {
  DistributionSchema,
  DistributionWithCountsSchema,
  distributionJson,
  NewDistributionSchema,
} from "../schemas/policy.ts";
import { checkDistribution, distributionChange, notesOn } from "./distribution-checks.ts";

export interface DistributionRoutesDeps extends PolicyRoutesDeps {
  readonly reports: ReportReader;
  readonly base: string;
  readonly isSite: (site: string) => Promise<boolean>;
  /** At the hub: sites that have not confirmed the policy that holds; undefined at a site. */
  readonly sitesNotConfirmed: (() => Promise<readonly string[]>) | undefined;
  readonly now: () => number;
}

const tags = ["distributions"];
const IdParam = z.object({ id: z.string().openapi({ example: "distribution-1" }) });

/** Decisions to bring a revision to devices, or to take it off them. [D2] */
export function distributionRoutes(deps: DistributionRoutesDeps): Api {
  const { policy, now } = deps;
  const api = newApi();

  const list = createRoute({
    method: "get",
    path: "/distributions",
    tags,
    summary: "All distributions, stopped ones too, the newest first",
    ...guarded("reports:read"),
    responses: { 200: json(z.array(DistributionSchema), "The distributions"), ...PROBLEMS },
  });
  api.openapi(list, (c) => {
    const current = policy.read();
    return c.json(
      current.distributions.map((one) => shown(one, current)),
      200,
    );
  });

  const create = createRoute({
    method: "post",
    path: "/distributions",
    tags,
    summary: "Distribute a revision to all devices, a group, or one device",
    ...guarded("policy:write"),
    request: body(NewDistributionSchema),
    responses: {
      200: json(DistributionWithCountsSchema, "It is there already, just like this"),
      201: json(DistributionWithCountsSchema, "It was made"),
      ...PROBLEMS,
    },
  });
  api.openapi(create, async (c) => {
    const { id: chosen, ...given } = c.req.valid("json");
    const before = policy.read();
    const { fields, revision } = await checkDistribution(given, before, deps);
    const id = chosen ?? Bun.randomUUIDv7();
    const known = findDistribution(before, id);
    if (isRepetition(fields, known, id)) {
      return c.json(await counted(needWritten(known, id), deps), 200);
    }
    const app = before.packages.get(revision.package);
    const notes = [
      ...notesOn(fields, revision, before),
      ...(await ceNotesHere(deps.reports, app, revision, fields.target)),
    ];
    await writePolicy(deps, c, "distribution.create", [distributionChange(id, fields)]);
    const made = needDistribution(policy.read(), id);
    c.header("Location", `${c.req.path}/${id}`);
    return c.json({ ...(await counted(made, deps)), ...(notes.length > 0 && { notes }) }, 201);
  });

  const one = createRoute({
    method: "get",
    path: "/distributions/{id}",
    tags,
    summary: "One distribution and how far it has come",
    ...guarded("reports:read"),
    request: { params: IdParam },
    responses: { 200: json(DistributionWithCountsSchema, "The distribution"), ...PROBLEMS },
  });
  api.openapi(one, async (c) => {
    const known = needDistribution(policy.read(), c.req.valid("param").id);
    return c.json(await counted(known, deps), 200);
  });

  const stop = createRoute({
    method: "post",
    path: "/distributions/{id}/stop",
    tags,
    summary: "Stop it: pending and failed rows leave the counts, installed ones stay",
    ...guarded("policy:write"),
    request: { params: IdParam },
    responses: { 200: json(DistributionWithCountsSchema, "The distribution now"), ...PROBLEMS },
  });
  api.openapi(stop, async (c) => {
    const known = needDistribution(policy.read(), c.req.valid("param").id);
    if (known.stoppedAtMs === null) {
      await writePolicy(deps, c, "distribution.stop", [
        { kind: "distribution", id: known.id, body: { stoppedAtMs: now() } },
      ]);
    }
    return c.json(await counted(needDistribution(policy.read(), known.id), deps), 200);
  });

  return api;
}

async function counted(
  distribution: Distribution,
  { policy, reports, base, sitesNotConfirmed }: DistributionRoutesDeps,
): Promise<z.infer<typeof DistributionWithCountsSchema>> {
  const filter = [fieldIs("distribution", distribution.id)];
  const counts = await reports.buckets(filter);
  const waiting = await sitesNotConfirmed?.();
  const concerned = waiting?.filter(
    (site) => distribution.sites.length === 0 || distribution.sites.some((one) => one === site),
  );
  return {
    ...shown(distribution, policy.read()),
    total: { count: counts.total, link: linkTo(base, filter) },
    buckets: linkedBuckets(counts, filter, base),
    ...(concerned && { sitesNotConfirmed: concerned }),
  };
}

function shown(distribution: Distribution, policy: Policy) {
  const version = policy.revisions.get(distribution.revision)?.version ?? "";
  return distributionJson(distribution, version);
}

function findDistribution(policy: Policy, id: string): Distribution | undefined {
  const parsed = parseDistributionId(id);
  return parsed && policy.distributionsById.get(parsed);
}

function needDistribution(policy: Policy, id: string): Distribution {
  const known = findDistribution(policy, id);
  if (!known) throw new AppError("not-found", `no distribution ${id}`);
  return known;
}
