import { actionStatusesOf } from "../../../devices/service/ddi/management/action-statuses.ts";
import {
  type Action,
  actionsOf,
  needAction,
} from "../../../devices/service/ddi/management/actions.ts";
import type { ManagementContext } from "../../../devices/service/ddi/management/management-context.ts";
import type { Target } from "../../../devices/service/ddi/management/targets.ts";
import {
  actionJson,
  actionStatusJson,
  type HrefOf,
} from "../../../protocols/ddi/management/answers.ts";
import { type PageQuery, pageOf, readPage } from "../../../protocols/ddi/management/paging.ts";
import { type AddRoute, numberIn, say } from "./door.ts";
import { targetOf } from "./targets.ts";

/** `targets/{id}/actions`: what a target was assigned, and how it went. */
export function actionRoutes(add: AddRoute, management: ManagementContext): void {
  const path = "/targets/:target/actions";

  add("GET", path, "reports:read", async (visit) => {
    const target = await targetOf(management, visit);
    const query = readPage(visit.c.req.query(), ["id"]);
    const page = pageOf(newestFirst(await actionsOf(management, target.device), query), query);
    const content = page.content.map((action) => shown(target, action, visit.href));
    return say(visit.c, { ...page, content });
  });

  add("GET", `${path}/:action`, "reports:read", async (visit) => {
    const target = await targetOf(management, visit);
    const action = await needAction(management, target.device, numberIn(visit.c, "action"));
    return say(visit.c, shown(target, action, visit.href));
  });

  add("GET", `${path}/:action/status`, "reports:read", async (visit) => {
    const { device } = await targetOf(management, visit);
    const { job } = await needAction(management, device, numberIn(visit.c, "action"));
    const query = readPage(visit.c.req.query(), ["id", "timestamp", "reportedat"]);
    const page = pageOf(newestFirst(await actionStatusesOf(management, device, job), query), query);
    return say(visit.c, { ...page, content: page.content.map(actionStatusJson) });
  });
}

/** hawkBit's order of actions and their states, unless another is asked for. */
function newestFirst<T>(oldestFirst: readonly T[], { sort }: PageQuery): readonly T[] {
  return sort?.descending === false ? oldestFirst : oldestFirst.toReversed();
}

function shown({ device, controllerId }: Target, action: Action, href: HrefOf) {
  const { job, assignment, set, row } = action;
  return actionJson(
    {
      id: job.id,
      controllerId,
      targetName: device.name,
      createdBy: assignment?.createdBy,
      createdAtMs: assignment?.createdAtMs ?? action.distribution?.createdAtMs ?? job.updatedAtMs,
      modifiedAtMs: Math.max(job.updatedAtMs, row?.observedAtMs ?? 0),
      isCancel: action.isCancel,
      active: action.active,
      status: action.status,
      forceType: action.forceType,
      window: null,
      set: set ?? null,
    },
    href,
  );
}
