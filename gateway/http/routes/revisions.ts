import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "../../../devices/model/errors.ts";
import { parseRevisionId } from "../../../devices/model/ids.ts";
import type { Revision } from "../../../devices/model/package.ts";
import type { Api } from "../environment.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { needWritten, type PolicyRoutesDeps, writePolicy } from "../policy-write.ts";
import {
  draftRevision,
  type RevisionDraftDeps,
  revisionChange,
  revisionInPlace,
} from "../revision-draft.ts";
import { NewRevisionSchema, RevisionSchema, revisionJson } from "../schemas/policy.ts";
import { needPackage, revisionsOf } from "./packages.ts";

export interface RevisionRoutesDeps extends PolicyRoutesDeps, RevisionDraftDeps {
  readonly describeSource: (revision: Revision) => string;
}

const tags = ["packages"];
const IdParam = z.object({ id: z.string().openapi({ example: "contoso-app" }) });

/** Versions of an app. A revision is never edited but for its metrics: a change is a new revision. */
export function revisionRoutes(deps: RevisionRoutesDeps): Api {
  const { policy } = deps;
  const api = newApi();

  const list = createRoute({
    method: "get",
    path: "/packages/{id}/revisions",
    tags,
    summary: "The revisions of a package, the oldest first",
    ...guarded("reports:read"),
    request: { params: IdParam },
    responses: { 200: json(z.array(RevisionSchema), "The revisions"), ...PROBLEMS },
  });
  api.openapi(list, (c) => {
    const current = policy.read();
    const { id } = needPackage(current, c.req.valid("param").id);
    return c.json(revisionsOf(current, id).map(revisionJson), 200);
  });

  const one = createRoute({
    method: "get",
    path: "/packages/{id}/revisions/{revision}",
    tags,
    summary: "One revision, and how far its file is that a vendor offers",
    ...guarded("reports:read"),
    request: { params: IdParam.extend({ revision: z.string() }) },
    responses: { 200: json(OneRevisionSchema, "The revision"), ...PROBLEMS },
  });
  api.openapi(one, (c) => {
    const { id, revision } = c.req.valid("param");
    const current = policy.read();
    const owner = needPackage(current, id);
    const known = revisionsOf(current, owner.id).find((each) => each.id === revision);
    if (!known) throw new AppError("not-found", `no revision ${revision} of the package ${id}`);
    const isOnItsWay = known.source !== null && known.file === null;
    const sourceState = isOnItsWay ? deps.describeSource(known) : null;
    return c.json({ ...revisionJson(known), sourceState }, 200);
  });

  const create = createRoute({
    method: "post",
    path: "/packages/{id}/revisions",
    tags,
    summary: "Make a revision of a file that was uploaded before, or that its vendor offers",
    ...guarded("policy:write"),
    request: { params: IdParam, ...body(NewRevisionSchema) },
    responses: {
      200: json(RevisionSchema, "It is there already, just like this"),
      201: json(RevisionSchema, "It was made"),
      ...PROBLEMS,
    },
  });
  api.openapi(create, async (c) => {
    const owner = needPackage(policy.read(), c.req.valid("param").id);
    const draft = draftRevision(owner, c.req.valid("json"), deps);
    const known = revisionInPlace(draft, policy.read());
    if (known) return c.json(revisionJson(known), 200);
    await writePolicy(deps, c, "revision.create", [await revisionChange(draft, deps.metrics)]);
    const id = parseRevisionId(draft.id);
    const made = needWritten(id && policy.read().revisions.get(id), `revision ${draft.id}`);
    return c.json(revisionJson(made), 201);
  });

  return api;
}

const OneRevisionSchema = RevisionSchema.extend({
  sourceState: z.string().nullable().openapi({ description: "While the file is being fetched" }),
}).openapi("OneRevision");
