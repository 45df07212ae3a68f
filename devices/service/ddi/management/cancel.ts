import { CANCEL_REFUSED } from "../../../install/waiting.ts";
import type { Distribution } from "../../../model/distribution.ts";
import { AppError } from "../../../model/errors.ts";
import type { DeviceId } from "../../../model/ids.ts";
import type { PolicyRecordChange } from "../../../ports/policy-writer.ts";
import { closeCancelled } from "../../contact/report-work.ts";
import { replan } from "../../replan.ts";
import { withDevice } from "../../site-context.ts";
import { keepJob, stateOf } from "../job-state.ts";
import { type Action, needAction } from "./actions.ts";
import type { ManagementContext } from "./management-context.ts";
import type { Target } from "./targets.ts";

/** Whoever changes distributions reads what the one before wrote. */
export const POLICY_TURN = "policy";

/**
 * Cancels an action: it is distributed to the device no more, and the device is told to drop it at its next
 * poll, also when it has not come for it yet. The action ends when the device answers.
 *
 * @throws AppError "not-found", "conflict" when it is over, is cancelled already, or cannot be cancelled for one
 *   device
 */
export async function cancelAction(
  context: ManagementContext,
  { device }: Target,
  id: number,
  by: string,
): Promise<void> {
  const action = await needAction(context, device, id);
  if (!action.active || action.status === "canceling") {
    throw new AppError("conflict", `${id} is not active and cannot be canceled`);
  }
  await context.lock.run(POLICY_TURN, async () => {
    const { distribution } = await needAction(context, device, id);
    const change = distribution && takenFrom(device.id, distribution, context.site.now());
    if (change) await context.policy.write([change], by);
  });
  await markCancelling(context, device.id, [action]);
}

/**
 * Closes an action that was cancelled, without waiting for the device.
 *
 * @throws AppError "not-found", "conflict" for one that is over or was not cancelled
 */
export async function forceQuitAction(
  context: ManagementContext,
  { device }: Target,
  id: number,
  by: string,
): Promise<void> {
  const { site } = context;
  const action = await needAction(context, device, id);
  if (action.status !== "canceling") {
    throw new AppError("conflict", `${id} is not canceled yet and cannot be force quit`);
  }
  await withDevice(site, device.id, async (ledger) => {
    const job = (await site.store.jobs(device.id)).find((one) => one.id === id);
    const row = job && ledger.row(job.distribution);
    const state = stateOf(job);
    // The device may have answered meanwhile.
    if (!job || !row || state.ended !== null) return;
    closeCancelled(site, ledger, row, by);
    const ended = { outcome: "canceled" as const, word: "force-quit", atMs: site.now() };
    keepJob(ledger, job, job, { ...state, cancelling: false, ended }, site.now());
    replan(site, ledger, { contact: false });
  });
}

/** Says of actions whose work was taken from the device that it is to drop them, also where it refused before. */
export async function markCancelling(
  { site }: ManagementContext,
  device: DeviceId,
  actions: readonly Pick<Action, "job">[],
): Promise<void> {
  const ids = new Set(actions.map(({ job }) => job.id));
  await withDevice(site, device, async (ledger) => {
    for (const job of await site.store.jobs(device)) {
      const state = stateOf(job);
      if (!ids.has(job.id) || state.ended !== null) continue;
      const wanted = { ...state, cancelling: true, cancelRefused: false };
      keepJob(ledger, job, job, wanted, site.now());
      const row = ledger.row(job.distribution);
      if (row?.nativeValue === CANCEL_REFUSED) ledger.note(row.distribution, { nativeValue: null });
    }
    replan(site, ledger, { contact: false });
  });
}

/**
 * A distribution without one of its devices; undefined where it is not for it any more.
 *
 * @throws AppError "conflict" for one that does not name its devices, or is the hub's
 */
export function takenFrom(
  device: DeviceId,
  { id, target, origin, stoppedAtMs }: Distribution,
  nowMs: number,
): PolicyRecordChange | undefined {
  if (stoppedAtMs !== null) return undefined;
  if (origin === "hub") {
    throw new AppError("conflict", `the hub made the distribution ${id}: stop it there`);
  }
  if (target.kind === "all" || target.kind === "group") {
    throw new AppError("conflict", `the distribution ${id} is for many devices: stop it for all`);
  }
  const named = target.kind === "device" ? [target.device] : target.devices;
  if (!named.includes(device)) return undefined;
  const devices = named.filter((one) => one !== device);
  return {
    kind: "distribution",
    id,
    body: devices.length === 0 ? { stoppedAtMs: nowMs } : { target: { kind: "devices", devices } },
  };
}
