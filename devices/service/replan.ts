import { groupsOf } from "../filter/groups.ts";
import { plan } from "../install/plan.ts";
import type { Plan, PlanInput, Work } from "../install/plan-types.ts";
import type { Device } from "../model/device.ts";
import type { GroupName } from "../model/ids.ts";
import type { Policy } from "../model/policy.ts";
import { policyFor } from "../virtual-tree/effective-enterprise.ts";
import type { Ledger } from "./ledger.ts";
import { updateInstants } from "./outlook.ts";
import type { SiteContext } from "./site-context.ts";

/**
 * Plans one device again and writes the outcome on its ledger: births, ends, releases, reasons.
 *
 * @param options.contact the device is speaking to us now: only then its instant can be evaluated
 * @param options.evaluates its instant was evaluated in this session: what the session finds out since
 *   is done at this instant too, not a window later [Q28]
 * @returns the work that may be sent to the device now
 */
export function replan(
  context: SiteContext,
  ledger: Ledger,
  options: { readonly contact: boolean; readonly evaluates?: boolean },
): readonly Work[] {
  return planDevice(context, ledger, options).work;
}

/**
 * The same, with what the device has in hand and what it is to check.
 *
 * @param options.content what is asked about the content on hand; the site's unless given
 */
export function planDevice(
  context: SiteContext,
  ledger: Ledger,
  options: {
    readonly contact: boolean;
    readonly evaluates?: boolean;
    readonly content?: PlanInput["content"];
  },
): Pick<Plan, "work" | "inHand" | "checks"> {
  const policy = policyFor(context.policy.read(), ledger.device, ledger.tree);
  const nowMs = context.now();
  const groups = groupsAt(policy, ledger.device);
  const outlook = updateInstants(ledger, {
    site: context.site,
    timeZone: context.timeZone(),
    policy,
    groups,
    cache: context.occurrences,
    nowMs,
    random: context.random,
    contact: options.contact,
    evaluates: options.evaluates ?? false,
  });
  const planned = plan({
    device: ledger.device,
    rows: ledger.rows,
    inventory: ledger.inventory,
    inventoryReads: ledger.inventoryReads,
    policy,
    groups,
    outlook,
    content: options.content ?? context.content,
    nowMs,
  });
  for (const born of planned.births) ledger.birth(born, nowMs);
  for (const decision of planned.decisions) {
    ledger.decide(decision.distribution, {
      value: decision.value,
      by: "site",
      atMs: nowMs,
      text: decision.text,
      protocol: "site",
      change: decision.change,
    });
  }
  for (const reason of planned.reasons) ledger.explain(reason, nowMs);
  for (const { work, untilMs } of planned.checks) {
    const { id } = work.distribution;
    if (ledger.row(id)?.releasedUntilMs !== untilMs) ledger.note(id, { releasedUntilMs: untilMs });
  }
  return planned;
}

/** The groups of a device. */
export function groupsAt(policy: Policy, device: Device): GroupName[] {
  return groupsOf(device, [...policy.groups.values()]);
}
