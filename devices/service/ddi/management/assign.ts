import type {
  MaintenanceWindow,
  NewAssignment,
} from "../../../../protocols/ddi/management/requests.ts";
import { parseClockTime } from "../../../../protocols/ddi/polling-time.ts";
import { ProtocolError } from "../../../../protocols/errors.ts";
import type { DistributionSet, SetAssignment } from "../../../model/ddi-catalogue.ts";
import { AppError } from "../../../model/errors.ts";
import type { DeviceId, DistributionId } from "../../../model/ids.ts";
import type { DdiHandling } from "../../../model/package.ts";
import type { Schedule } from "../../../model/window.ts";
import type { PolicyRecordChange } from "../../../ports/policy-writer.ts";
import { checkSchedule, needFuture, parseUtcOffset } from "../../../windows/schedule.ts";
import { requestInstallation } from "../../installations.ts";
import { randomName, withDevice } from "../../site-context.ts";
import { keepJob, NEW_JOB } from "../job-state.ts";
import { type Action, actionsOf } from "./actions.ts";
import { markCancelling, POLICY_TURN, takenFrom } from "./cancel.ts";
import { CATALOGUE_TURN, isSetComplete, modulesOf, needSet } from "./catalogue.ts";
import type { ManagementContext } from "./management-context.ts";
import { placeSet } from "./place-set.ts";
import { assignedOf, needTarget, type Target } from "./targets.ts";

export interface Assigned {
  readonly actions: readonly { readonly id: number; readonly controllerId: string }[];
  /** Targets that the set is assigned to already. */
  readonly alreadyAssigned: number;
}

const HANDLING_OF: Readonly<Record<NewAssignment["type"], DdiHandling>> = {
  forced: "forced",
  soft: "soft",
  downloadonly: "download-only",
};

/**
 * Assigns a set to targets: an on-demand distribution that is asked for at once. What else of a tool is open on
 * them is cancelled, because a target has one set at a time. Assigning again what is assigned starts what was
 * not started yet, and is else nothing.
 *
 * @throws AppError "not-found" for a set or a target; ProtocolError `management-incomplete` for a set without a
 *   module or a file that it needs, `management-schedule`
 */
export async function assignSet(
  context: ManagementContext,
  id: number,
  wanted: readonly NewAssignment[],
  by: string,
): Promise<Assigned> {
  const orders = await readOrders(context, wanted);
  return context.lock.run(POLICY_TURN, async () => {
    const { catalogue } = context;
    const known = await Promise.all(
      orders.map(async (order) => ({
        ...order,
        actions: await actionsOf(context, order.target.device),
      })),
    );
    const isThere = ({ actions }: { readonly actions: readonly Action[] }) =>
      assignedOf(actions)?.set?.id === id;
    const fresh = known.filter((one) => !isThere(one));
    // What is locked now is what is written, with no artifact that comes in between.
    const placed = await context.lock.run(CATALOGUE_TURN, async () => {
      const set = needSet(catalogue.set(id), id);
      if (!isSetComplete(set, modulesOf(context, set))) {
        const why = "lacks a module of a type that it needs, or a module of it has no artifact";
        throw new ProtocolError("management-incomplete", `the distribution set ${id} ${why}`);
      }
      return fresh.length === 0 ? [] : place(context, set, fresh, by);
    });
    for (const { target, actions } of known.filter(isThere)) {
      const current = assignedOf(actions);
      if (current?.active) await start(context, target, current.job.distribution, by);
    }
    const actions: { id: number; controllerId: string }[] = [];
    for (const { target, distribution } of placed) {
      const action = await start(context, target, distribution, by);
      actions.push({ id: action, controllerId: target.controllerId });
    }
    return { actions, alreadyAssigned: known.length - fresh.length };
  });
}

interface Order {
  readonly target: Target;
  readonly wanted: NewAssignment;
  readonly schedule: Schedule | null;
}

interface OrderWithActions extends Order {
  readonly actions: readonly Action[];
}

/** Who is named twice is assigned once, as first said. */
async function readOrders(
  context: ManagementContext,
  wanted: readonly NewAssignment[],
): Promise<readonly Order[]> {
  const orders = new Map<DeviceId, Order>();
  for (const one of wanted) {
    const target = await needTarget(context, one.id);
    if (orders.has(target.device.id)) continue;
    const schedule = one.maintenanceWindow && readWindow(one.maintenanceWindow, context.site.now());
    orders.set(target.device.id, { target, wanted: one, schedule });
  }
  return [...orders.values()];
}

function readWindow({ schedule, duration, timezone }: MaintenanceWindow, nowMs: number): Schedule {
  const durationSeconds = parseClockTime(duration.trim());
  const utcOffsetMinutes = parseUtcOffset(timezone.trim());
  if (durationSeconds === undefined || durationSeconds === 0) {
    throw new ProtocolError("management-schedule", "duration: HH:mm:ss, such as 01:00:00");
  }
  if (utcOffsetMinutes === undefined) {
    throw new ProtocolError("management-schedule", "timezone: +HH:mm from UTC, such as +02:00");
  }
  const read = { cron: schedule.trim(), durationSeconds, utcOffsetMinutes };
  try {
    checkSchedule(read);
    needFuture(read, nowMs);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new ProtocolError("management-schedule", error.message, { cause: error });
  }
  return read;
}

interface Placed {
  readonly target: Target;
  readonly distribution: DistributionId;
}

/** Writes the distributions, one for all that get the set on the same terms. */
async function place(
  context: ManagementContext,
  set: DistributionSet,
  orders: readonly OrderWithActions[],
  by: string,
): Promise<readonly Placed[]> {
  const { site, catalogue, policy } = context;
  const nowMs = site.now();
  const modules = modulesOf(context, set);
  const groups = Map.groupBy(orders, ({ target, wanted, schedule }) =>
    JSON.stringify([target.device.platform, wanted.type, wanted.confirmationRequired, schedule]),
  );
  const changes = new Map<string, PolicyRecordChange>();
  const assignments: SetAssignment[] = [];
  const placed: Placed[] = [];
  for (const group of groups.values()) {
    const [first] = group;
    if (!first) continue;
    const { wanted, schedule, target } = first;
    const distribution = `set-${randomName(site)}` as DistributionId;
    const order = {
      distribution,
      site: site.site,
      platform: target.device.platform,
      devices: group.map((one) => one.target.device.id),
      handling: HANDLING_OF[wanted.type],
      schedule,
      isAsked: wanted.confirmationRequired,
    };
    for (const change of placeSet(set, modules, order, site.policy.read())) {
      changes.set(`${change.kind}/${change.id}`, change);
    }
    assignments.push({
      distribution,
      set: set.id,
      type: wanted.type,
      createdAtMs: nowMs,
      createdBy: by,
    });
    for (const one of group) placed.push({ target: one.target, distribution });
  }
  const overridden = await takeOthers(context, orders, changes);
  // Before the distributions: one without its set would be nobody's.
  await catalogue.write({
    assignments,
    sets: [{ ...set, locked: true }],
    modules: modules.map((module) => ({ ...module, locked: true })),
  });
  await policy.write([...changes.values()], by);
  for (const [device, actions] of overridden) await markCancelling(context, device, actions);
  return placed;
}

/** What tools have assigned to these targets before, and what is still open of it, is theirs no more. */
async function takeOthers(
  { site }: ManagementContext,
  orders: readonly OrderWithActions[],
  changes: Map<string, PolicyRecordChange>,
): Promise<ReadonlyMap<DeviceId, readonly Action[]>> {
  const overridden = new Map<DeviceId, readonly Action[]>();
  for (const { target, actions } of orders) {
    const open = actions.filter(({ active, assignment }) => active && assignment !== undefined);
    if (open.length === 0) continue;
    const { id } = target.device;
    overridden.set(id, open);
    for (const { distribution } of open) {
      if (!distribution) continue;
      const key = `distribution/${distribution.id}`;
      const former = changes.get(key)?.body;
      const now = former === undefined ? distribution : { ...distribution, ...former };
      const change = takenFrom(id, now as typeof distribution, site.now());
      if (change) changes.set(key, change);
    }
  }
  return overridden;
}

/** Asks for the work of one target, and gives it its number. Twice is once. [D6] */
async function start(
  { site }: ManagementContext,
  { device }: Target,
  distribution: DistributionId,
  by: string,
): Promise<number> {
  const key = { site: site.site, device: device.id, distribution };
  try {
    await requestInstallation(site, key, by);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "conflict") throw error;
    // There is nothing to start, and the row says why.
  }
  const attempt = await withDevice(site, device.id, async (ledger) => {
    const row = ledger.row(distribution);
    if (!row) throw new AppError("conflict", `the set is not for the target ${device.name}`);
    const known = (await site.store.jobs(device.id)).find(
      (job) => job.distribution === distribution && job.attempt === row.attempt,
    );
    if (!known) keepJob(ledger, row, undefined, NEW_JOB, site.now());
    return row.attempt;
  });
  const job = (await site.store.jobs(device.id)).find(
    (one) => one.distribution === distribution && one.attempt === attempt,
  );
  if (!job) throw new Error(`invariant broken: no job of ${distribution} was stored`);
  return job.id;
}
