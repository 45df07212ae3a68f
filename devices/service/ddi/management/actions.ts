import { TERMS_OF } from "../../../../protocols/ddi/management/answers.ts";
import { isInHand, isOpen, isPresent } from "../../../install/waiting.ts";
import type { DeviceJob } from "../../../model/agent-device.ts";
import type { DistributionSet, SetAssignment } from "../../../model/ddi-catalogue.ts";
import type { Device } from "../../../model/device.ts";
import type { Distribution } from "../../../model/distribution.ts";
import { AppError } from "../../../model/errors.ts";
import type { Installation } from "../../../model/installation.ts";
import type { Revision } from "../../../model/package.ts";
import { autoConfirmOf } from "../attributes.ts";
import { isCalledOff } from "../current-jobs.ts";
import { actionStatus } from "../job-body.ts";
import { type JobState, stateOf } from "../job-state.ts";
import type { ManagementContext } from "./management-context.ts";

/** A job of a device as tools of hawkBit see it: an action. */
export interface Action {
  readonly job: DeviceJob;
  readonly state: JobState;
  readonly row: Installation | undefined;
  readonly distribution: Distribution | undefined;
  readonly revision: Revision | undefined;
  /** Undefined for what was distributed by other means than the Management API. */
  readonly assignment: SetAssignment | undefined;
  readonly set: DistributionSet | undefined;
  /** Something of it is still to come. */
  readonly active: boolean;
  /** It is to be dropped, or was. */
  readonly isCancel: boolean;
  /** hawkBit's word for where it stands, in small letters. */
  readonly status: string;
  readonly forceType: "forced" | "soft" | "downloadonly";
}

/** The actions of a device, the oldest first. */
export async function actionsOf(
  context: ManagementContext,
  device: Device,
): Promise<readonly Action[]> {
  const { site } = context;
  const [jobs, view, attributes] = await Promise.all([
    site.store.jobs(device.id),
    site.store.view(device.id),
    site.store.attributes(device.id),
  ]);
  const asksNobody = autoConfirmOf(attributes) !== null;
  const rows = view?.installations ?? [];
  return jobs
    .filter(({ protocol }) => protocol === "ddi")
    .map((job) => actionOf(context, device, job, rows, asksNobody));
}

/** @throws AppError "not-found" for what is no action of the device */
export async function needAction(
  context: ManagementContext,
  device: Device,
  id: number,
): Promise<Action> {
  const found = (await actionsOf(context, device)).find(({ job }) => job.id === id);
  if (found) return found;
  throw new AppError("not-found", `the target has no action ${id}`);
}

function actionOf(
  { site, catalogue }: ManagementContext,
  device: Device,
  job: DeviceJob,
  rows: readonly Installation[],
  asksNobody: boolean,
): Action {
  const policy = site.policy.read();
  const state = stateOf(job);
  const row = rows.find((one) => one.distribution === job.distribution);
  const distribution = policy.distributionsById.get(job.distribution);
  const revision = distribution && policy.revisions.get(distribution.revision);
  const assignment = catalogue.assignment(job.distribution);
  const isCancelling = isToBeDropped(device, job, row);
  const isWithdrawn = row !== undefined && !row.counted && !isCancelling && !isInHand(row);
  const isGone = isPast(device, job, row) || isWithdrawn;
  const ended = state.ended === null && !isGone ? endOf(row) : undefined;
  const isOver = state.ended !== null || isGone || ended !== undefined;
  const waitsForUser = (distribution?.question ?? null) !== null && !state.confirmed && !asksNobody;
  return {
    job,
    state,
    row,
    distribution,
    revision,
    assignment,
    set: assignment && catalogue.set(assignment.set),
    active: !isOver,
    isCancel: isCancelling || state.ended?.outcome === "canceled" || (isGone && !state.ended),
    status: isCancelling
      ? "canceling"
      : isOver && !state.ended
        ? (ended ?? "canceled")
        : !isOver && waitsForUser
          ? "wait_for_confirmation"
          : actionStatus(state, wordOf(job, row)).toLowerCase(),
    forceType: assignment?.type ?? TERMS_OF[revision?.ddi?.handling ?? "forced"],
  };
}

/** How its work ended without a word of the device about the action; undefined: it has not. */
function endOf(row: Installation | undefined): "finished" | "error" | undefined {
  if (!row || isOpen(row)) return undefined;
  return isPresent(row) && row.status !== "upgrade_failed" ? "finished" : "error";
}

/** The device was asked to drop it, or will be, and has not answered. */
function isToBeDropped(device: Device, job: DeviceJob, row: Installation | undefined): boolean {
  return row !== undefined && !isPast(device, job, row) && isCalledOff(row, job);
}

/** Another attempt has begun, or the device another life, or it is gone. */
function isPast(device: Device, job: DeviceJob, row: Installation | undefined): boolean {
  if (device.removedAtMs !== null || !row) return true;
  return row.attempt !== job.attempt || row.incarnation < device.incarnation;
}

/** What the device said of it last. */
function wordOf(job: DeviceJob, row: Installation | undefined): string {
  return row?.attempt === job.attempt && row.source === "ddi" ? (row.nativeValue ?? "") : "";
}
