import { actionsOf } from "../../../devices/service/ddi/management/actions.ts";
import type { ManagementContext } from "../../../devices/service/ddi/management/management-context.ts";
import {
  assignedOf,
  attributesOf,
  installedOf,
  listTargets,
  makeTargets,
  needTarget,
  removeTarget,
  type Target,
  targetAnswer,
} from "../../../devices/service/ddi/management/targets.ts";
import { targetJson } from "../../../protocols/ddi/management/answers.ts";
import { pageOf, readPage, sortedBy } from "../../../protocols/ddi/management/paging.ts";
import { readTargets } from "../../../protocols/ddi/management/requests.ts";
import { type AddRoute, nothing, say, type Visit } from "./door.ts";
import { setAnswer } from "./sets.ts";

const SORTS = ["controllerid", "id", "name", "createdat", "lastcontrollerrequestat"];

/** `targets`: the devices of the site that are served by DDI. */
export function targetRoutes(add: AddRoute, management: ManagementContext): void {
  const shown = async ({ href, mayReadTokens }: Visit, target: Target) =>
    targetJson(await targetAnswer(management, target, mayReadTokens), href);

  add("GET", "/targets", "reports:read", async (visit) => {
    const query = readPage(visit.c.req.query(), SORTS);
    const sorted = sortedBy(await listTargets(management), query.sort, sortKey);
    const page = pageOf(sorted, query);
    const content = await Promise.all(page.content.map((target) => shown(visit, target)));
    return say(visit.c, { ...page, content });
  });

  add("POST", "/targets", "devices:write", async (visit) => {
    const wanted = readTargets(await visit.body());
    const made = await makeTargets(management, wanted, visit.by);
    for (const { device, controllerId } of made) {
      await visit.record("device.register", device.id, { stableId: controllerId });
    }
    return say(visit.c, await Promise.all(made.map((target) => shown(visit, target))), 201);
  });

  add("GET", "/targets/:target", "reports:read", async (visit) =>
    say(visit.c, await shown(visit, await targetOf(management, visit))),
  );

  add("DELETE", "/targets/:target", "devices:write", async (visit) => {
    const target = await targetOf(management, visit);
    await removeTarget(management, target, visit.by);
    await visit.record("device.remove", target.device.id);
    return nothing();
  });

  add("GET", "/targets/:target/attributes", "reports:read", async (visit) => {
    const attributes = await attributesOf(management, await targetOf(management, visit));
    return attributes === null ? nothing() : say(visit.c, attributes);
  });

  for (const [path, find] of [
    ["assignedDS", assignedOf],
    ["installedDS", installedOf],
  ] as const) {
    add("GET", `/targets/:target/${path}`, "reports:read", async (visit) => {
      const { device } = await targetOf(management, visit);
      const set = find(await actionsOf(management, device))?.set;
      return set === undefined ? nothing() : say(visit.c, setAnswer(management, set, visit.href));
    });
  }
}

export function targetOf(management: ManagementContext, { c }: Visit): Promise<Target> {
  return needTarget(management, c.req.param("target") ?? "");
}

function sortKey({ device, controllerId }: Target, field: string): string | number {
  if (field === "name") return device.name;
  if (field === "createdat") return device.registeredAtMs;
  return field === "lastcontrollerrequestat" ? (device.lastContactMs ?? 0) : controllerId;
}
