import { createRoute, z } from "@hono/zod-openapi";
import { AppError, fieldError } from "../../../devices/model/errors.ts";
import { parseGroupName, parseSiteId, parseWindowId } from "../../../devices/model/ids.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import type { MaintenanceWindow, WindowScope } from "../../../devices/model/window.ts";
import { preview } from "../../../devices/windows/occurrences.ts";
import { checkWindow } from "../../../devices/windows/recurrence.ts";
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
import { timeFrom } from "../schemas/common.ts";
import {
  NewWindowSchema,
  OccurrenceSchema,
  WindowFieldsSchema,
  WindowSchema,
  windowJson,
} from "../schemas/policy.ts";

/** Occurrences of a preview unless said otherwise, and at most. */
export const PREVIEW_COUNT = 10;
export const PREVIEW_COUNT_MAX = 100;

export interface WindowRoutesDeps extends PolicyRoutesDeps {
  /** Of windows that name none. */
  readonly timeZone: () => string;
  /** Does this gateway know the site? */
  readonly isSite: (site: string) => Promise<boolean>;
  readonly now: () => number;
}

const tags = ["windows"];
const IdParam = z.object({ id: z.string().openapi({ example: "nightly" }) });
// Without defaults: what is missing stays as it is.
const PatchSchema = z
  .strictObject(
    Object.fromEntries(
      Object.entries(WindowFieldsSchema.shape).map(([name, schema]) => [
        name,
        (schema instanceof z.ZodDefault ? schema.unwrap() : schema).optional(),
      ]),
    ),
  )
  .openapi("WindowPatch");

/** Maintenance windows, and when they will be. */
export function windowRoutes(deps: WindowRoutesDeps): Api {
  const { policy, timeZone, now } = deps;
  const api = newApi();

  const list = createRoute({
    method: "get",
    path: "/windows",
    tags,
    summary: "All maintenance windows",
    ...guarded("reports:read"),
    responses: { 200: json(z.array(WindowSchema), "The windows"), ...PROBLEMS },
  });
  api.openapi(list, (c) => c.json(policy.read().windows.map(windowJson), 200));

  const create = createRoute({
    method: "post",
    path: "/windows",
    tags,
    summary: "Make a maintenance window",
    ...guarded("policy:write"),
    request: body(NewWindowSchema),
    responses: {
      200: json(WindowSchema, "It is there already, just like this"),
      201: json(WindowSchema, "It was made"),
      ...PROBLEMS,
    },
  });
  api.openapi(create, async (c) => {
    const { id: chosen, ...fields } = c.req.valid("json");
    const id = chosen ?? idFromName(fields.name, () => Bun.randomUUIDv7());
    await checkFields(fields, deps);
    const known = findWindow(policy.read(), id);
    if (isRepetition(fields, known, id)) return c.json(windowJson(needWritten(known, id)), 200);
    await writePolicy(deps, c, "window.create", [{ kind: "window", id, body: { id, ...fields } }]);
    const window = needWindow(policy.read(), id);
    c.header("Location", `${c.req.path}/${id}`);
    c.header("ETag", etagOf(windowJson(window)));
    return c.json(windowJson(window), 201);
  });

  const one = createRoute({
    method: "get",
    path: "/windows/{id}",
    tags,
    summary: "One maintenance window",
    ...guarded("reports:read"),
    request: { params: IdParam },
    responses: { 200: json(WindowSchema, "The window"), ...PROBLEMS },
  });
  api.openapi(one, (c) => {
    const window = windowJson(needWindow(policy.read(), c.req.valid("param").id));
    c.header("ETag", etagOf(window));
    return c.json(window, 200);
  });

  const put = createRoute({
    method: "put",
    path: "/windows/{id}",
    tags,
    summary: "Make a maintenance window under this id, or replace it",
    ...guarded("policy:write"),
    request: { params: IdParam, ...body(WindowFieldsSchema) },
    responses: {
      200: json(WindowSchema, "It was replaced"),
      201: json(WindowSchema, "It was made"),
      ...PROBLEMS,
    },
  });
  api.openapi(put, async (c) => {
    const id = parseWindowId(c.req.valid("param").id);
    if (!id) throw fieldError("/id", "use 1 to 63 lower-case letters, digits and hyphens");
    const fields = c.req.valid("json");
    await checkFields(fields, deps);
    const former = findWindow(policy.read(), id);
    checkPreconditions(c, former && windowJson(former));
    await writePolicy(deps, c, "window.put", [{ kind: "window", id, body: { id, ...fields } }]);
    const window = windowJson(needWindow(policy.read(), id));
    c.header("ETag", etagOf(window));
    return c.json(window, former ? 200 : 201);
  });

  const patch = createRoute({
    method: "patch",
    path: "/windows/{id}",
    tags,
    summary: "Change some fields of a maintenance window",
    ...guarded("policy:write"),
    request: { params: IdParam, ...body(PatchSchema) },
    responses: { 200: json(WindowSchema, "The window now"), ...PROBLEMS },
  });
  api.openapi(patch, async (c) => {
    const former = needWindow(policy.read(), c.req.valid("param").id);
    checkPreconditions(c, windowJson(former));
    const change = c.req.valid("json");
    const { id: _, ...fields } = { ...windowJson(former), ...change };
    await checkFields(WindowFieldsSchema.parse(fields), deps);
    const { id } = former;
    await writePolicy(deps, c, "window.change", [{ kind: "window", id, body: change }]);
    const window = windowJson(needWindow(policy.read(), id));
    c.header("ETag", etagOf(window));
    return c.json(window, 200);
  });

  const remove = createRoute({
    method: "delete",
    path: "/windows/{id}",
    tags,
    summary: "Remove a maintenance window",
    ...guarded("policy:write"),
    request: { params: IdParam },
    responses: { 204: { description: "It is gone" }, ...PROBLEMS },
  });
  api.openapi(remove, async (c) => {
    const window = needWindow(policy.read(), c.req.valid("param").id);
    checkPreconditions(c, windowJson(window));
    await writePolicy(deps, c, "window.remove", [{ kind: "window", id: window.id, body: null }]);
    return c.body(null, 204);
  });

  const next = createRoute({
    method: "get",
    path: "/windows/{id}/preview",
    tags,
    summary: "When it will be: the running occurrence and the next ones",
    ...guarded("reports:read"),
    request: {
      params: IdParam,
      query: z.strictObject({
        count: z.coerce
          .number()
          .pipe(z.int().min(1).max(PREVIEW_COUNT_MAX))
          .optional()
          .openapi({ type: "integer", default: PREVIEW_COUNT }),
      }),
    },
    responses: {
      200: json(
        z.object({ timeZone: z.string(), occurrences: z.array(OccurrenceSchema) }),
        "The occurrences, in UTC",
      ),
      ...PROBLEMS,
    },
  });
  api.openapi(next, (c) => {
    const window = needWindow(policy.read(), c.req.valid("param").id);
    const count = c.req.valid("query").count ?? PREVIEW_COUNT;
    const occurrences = preview(window, timeZone(), now(), count);
    return c.json(
      {
        timeZone: window.timeZone ?? timeZone(),
        occurrences: occurrences.map(({ startMs, endMs }) => ({
          start: timeFrom(startMs),
          end: timeFrom(endMs),
        })),
      },
      200,
    );
  });

  return api;
}

async function checkFields(
  fields: z.output<typeof WindowFieldsSchema>,
  { policy, isSite }: WindowRoutesDeps,
): Promise<void> {
  checkWindow(fields);
  await checkScope(fields.scope as WindowScope, policy.read(), isSite);
}

async function checkScope(
  scope: WindowScope,
  policy: Policy,
  isSite: WindowRoutesDeps["isSite"],
): Promise<void> {
  if (scope.kind === "group") {
    const name = parseGroupName(scope.group);
    if (!name || !policy.groups.has(name)) {
      throw fieldError("/scope/group", `there is no group ${scope.group}`);
    }
  }
  if (scope.kind === "site") {
    const site = parseSiteId(scope.site);
    if (!site || !(await isSite(site))) {
      throw fieldError("/scope/site", `this gateway knows no site ${scope.site}`);
    }
  }
}

function findWindow(policy: Policy, id: string): MaintenanceWindow | undefined {
  return policy.windows.find((window) => window.id === id);
}

function needWindow(policy: Policy, id: string): MaintenanceWindow {
  const window = findWindow(policy, id);
  if (!window) throw new AppError("not-found", `no maintenance window ${id}`);
  return window;
}
