import { AppError } from "../../../devices/model/errors.ts";
import type { Schedule } from "../../../devices/model/window.ts";
import { actionStatusesOf } from "../../../devices/service/ddi/management/action-statuses.ts";
import {
  type Action,
  actionsOf,
  needAction,
} from "../../../devices/service/ddi/management/actions.ts";
import { cancelAction, forceQuitAction } from "../../../devices/service/ddi/management/cancel.ts";
import type { ManagementContext } from "../../../devices/service/ddi/management/management-context.ts";
import type { Target } from "../../../devices/service/ddi/management/targets.ts";
import { durationText, offsetText, scheduleAt } from "../../../devices/windows/schedule.ts";
import {
  actionJson,
  actionStatusJson,
  type HrefOf,
} from "../../../protocols/ddi/management/answers.ts";
import { type PageQuery, pageOf, readPage } from "../../../protocols/ddi/management/paging.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import type { AppContext } from "../environment.ts";
import { type AddRoute, nothing, numberIn, refusal, say } from "./door.ts";
import { targetOf } from "./targets.ts";

/** `targets/{id}/actions`: what a target was assigned, and how it went. */
export function actionRoutes(add: AddRoute, management: ManagementContext): void {
  const path = "/targets/:target/actions";

  add("GET", path, "reports:read", async (visit) => {
    const target = await targetOf(management, visit);
    const query = readPage(visit.c.req.query(), ["id"]);
    const page = pageOf(newestFirst(await actionsOf(management, target.device), query), query);
    const content = page.content.map((action) =>
      shown(target, action, visit.href, management.site.now()),
    );
    return say(visit.c, { ...page, content });
  });

  add("GET", `${path}/:action`, "reports:read", async (visit) => {
    const target = await targetOf(management, visit);
    const action = await needAction(management, target.device, numberIn(visit.c, "action"));
    return say(visit.c, shown(target, action, visit.href, management.site.now()));
  });

  add("GET", `${path}/:action/status`, "reports:read", async (visit) => {
    const { device } = await targetOf(management, visit);
    const { job } = await needAction(management, device, numberIn(visit.c, "action"));
    const query = readPage(visit.c.req.query(), ["id", "timestamp", "reportedat"]);
    const page = pageOf(newestFirst(await actionStatusesOf(management, device, job), query), query);
    return say(visit.c, { ...page, content: page.content.map(actionStatusJson) });
  });

  add("DELETE", `${path}/:action`, "policy:write", async (visit) => {
    const target = await targetOf(management, visit);
    const id = numberIn(visit.c, "action");
    const { handle, word, record } = CANCEL[isForced(visit.c) ? "force" : "soft"];
    try {
      await handle(management, target, id, visit.by);
    } catch (error) {
      if (error instanceof AppError && error.code === "conflict") {
        return refusal(word, error.message);
      }
      throw error;
    }
    await visit.record(record, target.device.id, { action: id });
    return nothing();
  });
}

/** What is cancelled and what closed is another word of hawkBit's. */
const CANCEL = {
  soft: { handle: cancelAction, word: "not-cancelable", record: "ddi.action.cancel" },
  force: { handle: forceQuitAction, word: "not-force-quitable", record: "ddi.action.force-quit" },
} as const;

/** hawkBit's order of actions and their states, unless another is asked for. */
function newestFirst<T>(oldestFirst: readonly T[], { sort }: PageQuery): readonly T[] {
  return sort?.descending === false ? oldestFirst : oldestFirst.toReversed();
}

function shown({ device, controllerId }: Target, action: Action, href: HrefOf, nowMs: number) {
  const { job, assignment, set, row } = action;
  const schedule = action.distribution?.schedule ?? null;
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
      window: schedule && windowOf(schedule, nowMs),
      set: set ?? null,
    },
    href,
  );
}

function windowOf(schedule: Schedule, nowMs: number) {
  return {
    schedule: schedule.cron,
    duration: durationText(schedule),
    timezone: offsetText(schedule),
    nextStartAtMs: scheduleAt(schedule, nowMs).nextMs,
  };
}

/** @throws ProtocolError `management-force` */
function isForced(c: AppContext): boolean {
  const force = c.req.query("force") ?? "false";
  if (force === "true" || force === "false") return force === "true";
  throw new ProtocolError("management-force", "force: true or false");
}
