import type { Device, Enrolment } from "../model/device.ts";
import { AppError } from "../model/errors.ts";
import type { DeviceId } from "../model/ids.ts";
import { notifyOfWork } from "./notify-device.ts";
import { replan } from "./replan.ts";
import { type SiteContext, withDevice } from "./site-context.ts";

/** The facts about a device that an administrator may set. */
export type DevicePatch = Partial<
  Pick<
    Device,
    | "name"
    | "manufacturer"
    | "model"
    | "osVersion"
    | "osMajor"
    | "osPlatform"
    | "cpu"
    | "ownership"
    | "shared"
    | "userEnrolled"
    | "userAssigned"
    | "compliance"
  >
>;

/** Sets facts about a device and plans again: a row may become relevant, held, or free. */
export function patchDevice(
  context: SiteContext,
  id: DeviceId,
  patch: DevicePatch,
): Promise<Device> {
  return withDevice(context, id, (ledger) => {
    needAlive(ledger.device);
    ledger.patchDevice(patch);
    replan(context, ledger, { contact: false });
    return ledger.device;
  });
}

/**
 * Takes a device out of the site: a tombstone at its incarnation. Its open rows leave the counts,
 * what it had installed stays on record, it is refused from now on and its certificates are revoked.
 * Repeating it is a no-op.
 */
export function removeDevice(context: SiteContext, id: DeviceId): Promise<void> {
  return withDevice(context, id, (ledger) => {
    if (ledger.device.removedAtMs !== null) return;
    ledger.patchDevice({ removedAtMs: context.now() });
    ledger.setSession(null);
    ledger.setTree(undefined);
    ledger.revokeCertificates(context.now());
    replan(context, ledger, { contact: false });
  });
}

/**
 * Asks for the device's enrolment to end at its next session: a handheld's enterprise node is deleted
 * (E-005), a PC removes its account. All enterprise apps but MSI packages go with it, and nothing is sent
 * until it is enrolled again. One that is unenrolled already stays so: a PC without its account would
 * never come to do it.
 *
 * @param by who asks for it
 */
export function requestUnenrolment(
  context: SiteContext,
  id: DeviceId,
  by: string,
): Promise<Device> {
  return setEnrolment(context, id, "unenrol-requested", { text: "to be unenrolled", by });
}

/** Lets a device that was unenrolled be enrolled again at its next session. */
export function requestEnrolment(context: SiteContext, id: DeviceId, by: string): Promise<Device> {
  return setEnrolment(context, id, "unknown", { text: "to be enrolled again", by });
}

async function setEnrolment(
  context: SiteContext,
  id: DeviceId,
  enrolment: Enrolment,
  asked: { readonly text: string; readonly by: string },
): Promise<Device> {
  const changed = await withDevice(context, id, (ledger) => {
    needAlive(ledger.device);
    const isDone = enrolment === "unenrol-requested" && ledger.device.enrolment === "unenrolled";
    if (isDone) return { device: ledger.device, isDone };
    ledger.patchDevice({ enrolment, enrolmentDigest: null });
    ledger.deviceFact({
      kind: "device",
      atMs: context.now(),
      source: "site",
      protocol: "api",
      value: JSON.stringify(ledger.device),
      ...asked,
    });
    replan(context, ledger, { contact: false });
    return { device: ledger.device, isDone };
  });
  if (!changed.isDone) await notifyOfWork(context, id);
  return changed.device;
}

function needAlive(device: Device): void {
  if (device.removedAtMs !== null) {
    throw new AppError(
      "conflict",
      `the device ${device.name} was removed; register it again first`,
    );
  }
}
