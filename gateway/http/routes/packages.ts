import { createRoute, z } from "@hono/zod-openapi";
import { fieldIs } from "../../../devices/filter/filter.ts";
import { AppError, fieldError } from "../../../devices/model/errors.ts";
import { parsePackageId } from "../../../devices/model/ids.ts";
import type { Package, Revision } from "../../../devices/model/package.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import { linkTo } from "../../reports/links.ts";
import type { ReportReader } from "../../reports/report-reader.ts";
import { linkedBuckets } from "../../reports/summary.ts";
import { checkPreconditions, etagOf } from "../conditional.ts";
import type { Api } from "../environment.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import {
  idFromName,
  isRepetition,
  needWritten,
  type PolicyRoutesDeps,
  writePolicy,
} from "../policy-write.ts";
import {
  NewPackageSchema,
  PackageFieldsSchema,
  PackageSchema,
  PackageWithCountsSchema,
  packageJson,
} from "../schemas/policy.ts";

import { checkedPackage } from "./package-checks.ts";

export interface PackageRoutesDeps extends PolicyRoutesDeps {
  readonly reports: ReportReader;
  readonly base: string;
}

const tags = ["packages"];
const IdParam = z.object({ id: z.string().openapi({ example: "contoso-app" }) });

/** Apps. Their versions are revisions, which have a file of their own. */
export function packageRoutes(deps: PackageRoutesDeps): Api {
  const { policy, reports, base } = deps;
  const api = newApi();

  const list = createRoute({
    method: "get",
    path: "/packages",
    tags,
    summary: "All packages with their revisions",
    ...guarded("reports:read"),
    responses: { 200: json(z.array(PackageSchema), "The packages"), ...PROBLEMS },
  });
  api.openapi(list, (c) => {
    const current = policy.read();
    const all = [...current.packages.values()].map((one) => shown(one, current));
    return c.json(all, 200);
  });

  const create = createRoute({
    method: "post",
    path: "/packages",
    tags,
    summary: "Make a package",
    ...guarded("policy:write"),
    request: body(NewPackageSchema),
    responses: {
      200: json(PackageSchema, "It is there already, just like this"),
      201: json(PackageSchema, "It was made"),
      ...PROBLEMS,
    },
  });
  api.openapi(create, async (c) => {
    const { id: chosen, ...given } = c.req.valid("json");
    const id = chosen ?? idFromName(given.name, () => Bun.randomUUIDv7());
    const fields = checkedPackage({ id, ...given }, policy.read());
    const known = findPackage(policy.read(), id);
    if (isRepetition(fields, known, id)) {
      return c.json(shown(needWritten(known, id), policy.read()), 200);
    }
    await writePolicy(deps, c, "package.create", [
      { kind: "package", id, body: { id, ...fields } },
    ]);
    const made = shown(needPackage(policy.read(), id), policy.read());
    c.header("Location", `${c.req.path}/${id}`);
    c.header("ETag", etagOf(made));
    return c.json(made, 201);
  });

  const one = createRoute({
    method: "get",
    path: "/packages/{id}",
    tags,
    summary: "One package: how many devices it is meant for, how many have it",
    ...guarded("reports:read"),
    request: { params: IdParam },
    responses: { 200: json(PackageWithCountsSchema, "The package"), ...PROBLEMS },
  });
  api.openapi(one, async (c) => {
    const current = policy.read();
    const known = needPackage(current, c.req.valid("param").id);
    const filter = [fieldIs("package", known.id)];
    const counts = await reports.buckets(filter);
    const buckets = linkedBuckets(counts, filter, base);
    c.header("ETag", etagOf(shown(known, current)));
    return c.json(
      {
        ...shown(known, current),
        distributionCount: { count: counts.total, link: linkTo(base, filter) },
        installationCount: buckets.received,
        buckets,
        links: {
          report: `${base}/reports/apps/${known.id}`,
          revisions: `${base}/packages/${known.id}/revisions`,
        },
      },
      200,
    );
  });

  const put = createRoute({
    method: "put",
    path: "/packages/{id}",
    tags,
    summary: "Make a package under this id, or replace what is said about it",
    ...guarded("policy:write"),
    request: { params: IdParam, ...body(PackageFieldsSchema) },
    responses: {
      200: json(PackageSchema, "It was replaced"),
      201: json(PackageSchema, "It was made"),
      ...PROBLEMS,
    },
  });
  api.openapi(put, async (c) => {
    const id = parsePackageId(c.req.valid("param").id);
    if (!id) throw fieldError("/id", "use 1 to 63 lower-case letters, digits and hyphens");
    const former = policy.read().packages.get(id);
    checkPreconditions(c, former && shown(former, policy.read()));
    const fields = checkedPackage({ id, ...c.req.valid("json") }, policy.read());
    if (former && former.platform !== fields.platform) {
      throw fieldError("/platform", `it is a package for ${former.platform}: make another one`);
    }
    await writePolicy(deps, c, "package.put", [{ kind: "package", id, body: { id, ...fields } }]);
    const written = shown(needPackage(policy.read(), id), policy.read());
    c.header("ETag", etagOf(written));
    return c.json(written, former ? 200 : 201);
  });

  const remove = createRoute({
    method: "delete",
    path: "/packages/{id}",
    tags,
    summary: "Remove a package that was never distributed, with its revisions",
    ...guarded("policy:write"),
    request: { params: IdParam },
    responses: { 204: { description: "It is gone" }, ...PROBLEMS },
  });
  api.openapi(remove, async (c) => {
    const current = policy.read();
    const { id } = needPackage(current, c.req.valid("param").id);
    const user = current.distributions.find((distribution) => distribution.package === id);
    if (user) {
      throw new AppError("conflict", `the distribution ${user.id} is of this package`, {
        allowed: [],
      });
    }
    const revisions = revisionsOf(current, id);
    await writePolicy(deps, c, "package.remove", [
      ...revisions.map((one) => ({ kind: "revision", id: one.id, body: null }) as const),
      { kind: "package", id, body: null },
    ]);
    return c.body(null, 204);
  });

  return api;
}

export function needPackage(policy: Policy, id: string): Package {
  const known = findPackage(policy, id);
  if (!known) throw new AppError("not-found", `no package ${id}`);
  return known;
}

/** The oldest first. */
export function revisionsOf(policy: Policy, name: string): readonly Revision[] {
  return [...policy.revisions.values()]
    .filter((revision) => revision.package === name)
    .sort((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1));
}

function findPackage(policy: Policy, id: string): Package | undefined {
  const parsed = parsePackageId(id);
  return parsed && policy.packages.get(parsed);
}

function shown(one: Package, policy: Policy) {
  return packageJson(one, revisionsOf(policy, one.id));
}
