import { createRoute, z } from "@hono/zod-openapi";
import { fieldIs } from "../../../devices/filter/filter.ts";
import { checkedWords } from "../../../devices/filter/filter-words.ts";
import { parseGroupFilter } from "../../../devices/filter/groups.ts";
import type { DeviceGroup } from "../../../devices/model/distribution.ts";
import { AppError, fieldError } from "../../../devices/model/errors.ts";
import { type GroupName, parseGroupName } from "../../../devices/model/ids.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import { linkTo } from "../../reports/links.ts";
import type { ReportReader } from "../../reports/report-reader.ts";
import { checkPreconditions, etagOf } from "../conditional.ts";
import type { Api } from "../environment.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { needWritten, type PolicyRoutesDeps, writePolicy } from "../policy-write.ts";
import { LinkedCount } from "../schemas/common.ts";
import { GroupFieldsSchema, GroupSchema, groupJson } from "../schemas/policy.ts";

export interface GroupRoutesDeps extends PolicyRoutesDeps {
  readonly reports: ReportReader;
  readonly base: string;
}

const tags = ["groups"];
const NameParam = z.object({ name: z.string().openapi({ example: "Handhelds" }) });
const GroupDetailSchema = GroupSchema.extend({ devices: LinkedCount }).openapi("GroupDetail");

/** Named sets of devices: by a list, or by the one filter grammar. */
export function groupRoutes(deps: GroupRoutesDeps): Api {
  const { policy, reports, base } = deps;
  const api = newApi();

  const list = createRoute({
    method: "get",
    path: "/groups",
    tags,
    summary: "All groups",
    ...guarded("reports:read"),
    responses: { 200: json(z.array(GroupSchema), "The groups"), ...PROBLEMS },
  });
  api.openapi(list, (c) => c.json([...policy.read().groups.values()].map(groupJson), 200));

  const one = createRoute({
    method: "get",
    path: "/groups/{name}",
    tags,
    summary: "One group, and how many devices are in it",
    ...guarded("reports:read"),
    request: { params: NameParam },
    responses: { 200: json(GroupDetailSchema, "The group"), ...PROBLEMS },
  });
  api.openapi(one, async (c) => {
    const group = needGroup(policy.read(), c.req.valid("param").name);
    const filter = [fieldIs("group", group.name)];
    const devices = {
      count: await reports.countDevices(filter),
      link: linkTo(base, filter, "devices"),
    };
    c.header("ETag", etagOf(groupJson(group)));
    return c.json({ ...groupJson(group), devices }, 200);
  });

  const put = createRoute({
    method: "put",
    path: "/groups/{name}",
    tags,
    summary: "Make a group, or replace it",
    ...guarded("policy:write"),
    request: { params: NameParam, ...body(GroupFieldsSchema) },
    responses: {
      200: json(GroupSchema, "It was replaced"),
      201: json(GroupSchema, "It was made"),
      ...PROBLEMS,
    },
  });
  api.openapi(put, async (c) => {
    const name = parseGroupName(c.req.valid("param").name);
    if (!name) {
      throw fieldError("/name", "a group's name has 1 to 63 letters, digits, blanks, _ and -");
    }
    const fields = c.req.valid("json");
    checkMembers(fields.members);
    const former = policy.read().groups.get(name);
    checkPreconditions(c, former && groupJson(former));
    await writePolicy(deps, c, "group.put", [
      { kind: "group", id: name, body: { name, ...fields } },
    ]);
    const group = needWritten(policy.read().groups.get(name), `group ${name}`);
    c.header("ETag", etagOf(groupJson(group)));
    return c.json(groupJson(group), former ? 200 : 201);
  });

  const remove = createRoute({
    method: "delete",
    path: "/groups/{name}",
    tags,
    summary: "Remove a group that no distribution and no window uses",
    ...guarded("policy:write"),
    request: { params: NameParam },
    responses: { 204: { description: "It is gone" }, ...PROBLEMS },
  });
  api.openapi(remove, async (c) => {
    const current = policy.read();
    const group = needGroup(current, c.req.valid("param").name);
    checkPreconditions(c, groupJson(group));
    refuseInUse(current, group.name);
    await writePolicy(deps, c, "group.remove", [{ kind: "group", id: group.name, body: null }]);
    return c.body(null, 204);
  });

  return api;
}

function needGroup(policy: Policy, text: string): DeviceGroup {
  const name = parseGroupName(text);
  const group = name && policy.groups.get(name);
  if (!group) throw new AppError("not-found", `no group ${text}`);
  return group;
}

/** @throws AppError "unprocessable" when the filter cannot be read or asks for groups itself */
function checkMembers(members: z.output<typeof GroupFieldsSchema>["members"]): void {
  if (members.kind === "list") return;
  try {
    checkedWords(parseGroupFilter(members.filter));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw fieldError("/members/filter", error.message);
  }
}

function refuseInUse(policy: Policy, name: GroupName): void {
  const distribution = policy.distributions.find(
    ({ target, stoppedAtMs }) =>
      stoppedAtMs === null && target.kind === "group" && target.group === name,
  );
  const window = policy.windows.find(({ scope }) => scope.kind === "group" && scope.group === name);
  const user = distribution
    ? `distribution ${distribution.id}`
    : window && `maintenance window ${window.id}`;
  if (user) throw new AppError("conflict", `the ${user} uses the group ${name}`, { allowed: [] });
}
