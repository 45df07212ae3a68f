import type { Plan } from "../../install/plan-types.ts";
import { turningPointsOf } from "../../install/turning-points.ts";
import type { Device } from "../../model/device.ts";
import type { GroupName, SiteId } from "../../model/ids.ts";
import type { Installation } from "../../model/installation.ts";
import type { Policy } from "../../model/policy.ts";
import type { DeviceView } from "../../ports/site-store.ts";
import { windowTurns } from "../outlook.ts";
import { groupsAt } from "../replan.ts";
import type { SiteContext } from "../site-context.ts";
import type { AskedContent } from "./asked-content.ts";

/**
 * How long a plan is remembered at most, in milliseconds. It only bounds what a mistake costs: a moment by
 * which plans decide and that is missing among the turns is seen that much later.
 */
export const REMEMBERED_MS_MAX = 60_000;

/** What a plan gives to a contact. */
export type ContactPlan = Pick<Plan, "work" | "inHand" | "checks">;

/** What a device is planned by, beside the content on hand. */
export interface Circumstances {
  readonly view: DeviceView;
  readonly policy: Policy;
  readonly groups: readonly GroupName[];
  readonly site: SiteId;
  readonly timeZone: string;
  readonly nowMs: number;
}

/** As they are now. */
export function circumstances(context: SiteContext, view: DeviceView): Circumstances {
  const policy = context.policy.read();
  return {
    view,
    policy,
    groups: groupsAt(policy, view.device),
    site: context.site,
    timeZone: context.timeZone(),
    nowMs: context.now(),
  };
}

interface Settled {
  readonly plan: ContactPlan;
  readonly by: Circumstances;
  readonly content: AskedContent;
  /** When the first thing comes by itself that the plan may say otherwise by. */
  readonly untilMs: number;
}

/**
 * Plans of contacts in which nothing happened: while all that such a plan was made of is the same,
 * planning again would say the same and change nothing, so it is left out.
 *
 * Nobody has to tell what changed, each thing is compared with what it was. What is stored, and the
 * policy, are compared by identity: whoever changes them puts new ones in their place.
 */
export class SettledPlans {
  /** By a device's rows, as the store gives them: a plan is forgotten when the store forgets those. */
  readonly #plans = new WeakMap<readonly Installation[], Settled>();

  /** What planning would give, if that is known. */
  find(now: Circumstances): ContactPlan | undefined {
    const known = this.#plans.get(now.view.installations);
    if (!known) return undefined;
    const { by, content, plan, untilMs } = known;
    const isInTime = by.nowMs <= now.nowMs && now.nowMs < untilMs;
    return isInTime && isSame(by, now) && content.saysTheSame() ? plan : undefined;
  }

  /** Remembers a plan that changed nothing. */
  keep(context: SiteContext, by: Circumstances, plan: ContactPlan, content: AskedContent): void {
    const { view, policy, nowMs } = by;
    const turns = [
      ...view.installations.flatMap((row) =>
        turningPointsOf(row, policy.distributionsById.get(row.distribution), nowMs),
      ),
      ...windowTurns(view, { ...by, cache: context.occurrences }),
    ];
    const untilMs = Math.min(nowMs + REMEMBERED_MS_MAX, ...turns.filter((atMs) => atMs > nowMs));
    this.#plans.set(view.installations, { plan, by, content, untilMs });
  }
}

function isSame(before: Circumstances, after: Circumstances): boolean {
  return (
    before.policy === after.policy &&
    before.site === after.site &&
    before.timeZone === after.timeZone &&
    isSameView(before.view, after.view) &&
    // Beside them nothing in a plan asks when the device was here.
    isSameList(before.groups, after.groups)
  );
}

function isSameList<T>(before: readonly T[], after: readonly T[]): boolean {
  return before.length === after.length && before.every((one, at) => one === after[at]);
}

function isSameView(before: DeviceView, after: DeviceView): boolean {
  return (
    before === after ||
    (before.installations === after.installations &&
      before.inventory === after.inventory &&
      before.inventoryReads === after.inventoryReads &&
      before.downloads === after.downloads &&
      before.instants === after.instants &&
      before.tree === after.tree &&
      isSameButContact(before.device, after.device))
  );
}

function isSameButContact(before: Device, after: Device): boolean {
  return (Object.keys(after) as (keyof Device)[]).every(
    (key) => key === "lastContactMs" || before[key] === after[key],
  );
}
