/**
 * What is said of rows that wait, fail or are to be done again: small questions that the plan and
 * the use-cases ask alike.
 */
import type { Device } from "../model/device.ts";
import type { Distribution } from "../model/distribution.ts";
import type { Installation, Operation } from "../model/installation.ts";
import type { Installer, Revision } from "../model/package.ts";
import type { Policy } from "../model/policy.ts";
import { compareVersions } from "../model/version.ts";
import { hresultOf } from "./hresult.ts";
import { DECLINED } from "./progress.ts";

/** Failures that may pass are tried again by themselves this often, the first attempt included. */
export const AUTOMATIC_ATTEMPTS_MAX = 3;
/** The pause before an on-demand retry, doubled with each attempt, in milliseconds. */
export const RETRY_BACKOFF_MS = 15 * 60 * 1000;

/**
 * The change that a retry makes, whoever asks for it: Failed → Pending, attempt + 1. [D8]
 *
 * @param kept the version that is still on the device, null when none is
 */
export function retriedChange(
  device: Device,
  row: Installation,
  distribution: Distribution,
  operation: Operation,
  kept: string | null,
): Partial<Installation> {
  const isUpdate =
    operation === "update" && kept !== null && (isPresent(row) || row.status === "failed");
  const status =
    operation === "uninstall" && row.status !== "failed"
      ? row.status
      : isUpdate
        ? ("pending_update" as const)
        : ("pending_install" as const);
  return {
    status,
    state:
      status === "pending_install" || status === "pending_update"
        ? waitingState(device, status, distribution.mode, "requested")
        : row.state,
    operation: operation === "update" && !isUpdate ? "install" : operation,
    version: kept,
    attempt: row.attempt + 1,
    offeredAtMs: null,
    stale: false,
    lastError: null,
    lastErrorText: null,
    nativeValue: null,
    missedOccurrences: 0,
    counted: true,
  };
}

/** Android's word for a row that compliance holds. */
export const NOT_COMPLIANT = "Device is out of compliance";

/** The granular state of a row that waits for the site; never a prompt that did not happen. [Q08] */
export function waitingState(
  device: Device,
  status: Installation["status"],
  mode: Distribution["mode"],
  requested: "requested" | "not-requested",
): string | null {
  if (device.platform === "Android") {
    if (device.compliance === "out-of-compliance") return NOT_COMPLIANT;
    if (status === "pending_update") return "App update pending";
    return mode === "automatic" || requested === "requested"
      ? "App download is scheduled"
      : "App not installed";
  }
  if (status !== "pending_install") return null;
  return mode === "automatic" || requested === "requested" ? "Command Scheduled" : null;
}

/**
 * Why nothing may be sent by this way now, in words; null when it may. Only EnterpriseAppManagement
 * has an enrolment of its own. [Q48, S-47]
 */
export function enrolmentObstacle(
  device: Pick<Device, "enrolment">,
  policy: Policy,
  installer: Installer,
): string | null {
  if (installer !== "EnterpriseAppManagement") {
    const isOut = device.enrolment === "unenrol-requested" || device.enrolment === "unenrolled";
    return isOut ? UNENROLLED : null;
  }
  if (policy.enterprise.enterpriseId === null) {
    return "no enterprise id is set: an administrator sets it in the settings";
  }
  switch (device.enrolment) {
    case "install-disabled":
      return "INSTALL_DISABLED: the device takes no new installations";
    case "revoked":
      return "REVOKED: renew the enrolment token";
    case "invalid":
      return "INVALID: renew the enrolment token";
    case "unenrol-requested":
    case "unenrolled":
      return UNENROLLED;
    case "unknown":
      // A device that was enrolled by somebody else says so itself, and is enabled then.
      return policy.enterprise.enrollmentToken === null
        ? "no enrolment token is set: an administrator sets it in the settings"
        : null;
    case "enabled":
      return null;
  }
}

const UNENROLLED = "the device was unenrolled: enrol it again first";

export function needsChange(
  present: string,
  revision: Revision,
  distribution: Distribution,
): boolean {
  const order = compareVersions(present, revision.version);
  return order < 0 || (order > 0 && distribution.allowDowngrade);
}

export function isPresent(row: Installation): boolean {
  return (
    row.status === "installed" ||
    row.status === "pending_update" ||
    row.status === "updating" ||
    row.status === "upgrade_failed"
  );
}

/** Open, and not with the device: nothing was sent in this attempt. */
export function isWaiting(row: Installation): boolean {
  return isOpen(row) && row.offeredAtMs === null;
}

/** Sent to the device, or said by it to be under way: it goes on with it whatever is decided here. */
export function isInHand(row: Installation): boolean {
  const isUnderWay = row.status === "installing" || row.status === "updating";
  return isOpen(row) && (row.offeredAtMs !== null || isUnderWay);
}

/** Words of ours in rows of devices that come and ask for work. */
export const DRIFTED = "drifted";
export const UNINSTALLING = "uninstalling";
export const CANCEL_REFUSED = "cancel-refused";
export const FORCE_CANCELLED = "force-cancelled";
export const CANCELLED = "cancelled";

/** Has the device said that it began what it has in hand? What it has not begun, it can still be denied. */
export function hasBegun({ status, operation, nativeValue }: Installation): boolean {
  if (operation === "uninstall") return nativeValue === UNINSTALLING;
  return (status === "installing" || status === "updating") && nativeValue !== DRIFTED;
}

/**
 * Is there something left to do or to wait for? Not the same as the bucket "pending": a device that
 * waits for an update has received the app already. [Q06]
 */
export function isOpen(row: Installation): boolean {
  switch (row.status) {
    case "pending_install":
    case "installing":
    case "pending_update":
    case "updating":
      return true;
    case "installed":
      return row.operation === "uninstall";
    case "not_relevant":
    case "removed_after_installation":
    case "failed":
    case "upgrade_failed":
      return false;
  }
}

/** An app that went is put back; not by an update of whoever has it, and not what an MDM installs. */
export function needsRepair(
  row: Installation,
  distribution: Distribution,
  revision: Revision,
): boolean {
  return (
    row.status === "removed_after_installation" &&
    row.operation !== "uninstall" &&
    distribution.mode === "automatic" &&
    !distribution.updateOnly &&
    revision.channel !== "reported"
  );
}

export function retriesByItself(
  row: Installation,
  revision: Revision,
  { mode }: Pick<Distribution, "mode">,
): boolean {
  if (row.attempt >= AUTOMATIC_ATTEMPTS_MAX || revision.channel === "reported") return false;
  // A user who said no is asked again in the next window; on demand only when somebody wants it again.
  if (isDeclined(row)) return mode === "automatic";
  if (row.stale && isOpen(row)) return true;
  if (row.status !== "failed" || row.lastError === null) return false;
  return hresultOf(row.lastError)?.retryable === true;
}

/** A user who said no is not asked again sooner, whatever windows follow each other. */
export const DECLINED_PAUSE_MS = 60 * 60 * 1000;

/** Its user was asked first and said no. */
export function isDeclined({ status, nativeValue }: Installation): boolean {
  return nativeValue === DECLINED && (status === "failed" || status === "upgrade_failed");
}

/** A lost status is looked into at once; a failure is given time. */
export function retryAtMs(row: Installation): number {
  if (row.stale) return row.observedAtMs;
  return row.observedAtMs + RETRY_BACKOFF_MS * 2 ** (row.attempt - 1);
}

/** Why a device that is not the right one fails, in the words its platform has for it. */
export function unfitState(device: Device): string | null {
  if (device.platform === "Android") return "App is not compatible with this device";
  return device.platform === "Windows" ? "Relevance criteria not met" : null;
}

/** Failed by us, because the device was not the right one: nothing was sent, nothing reported. */
export function isUnfit(row: Installation, device: Device): boolean {
  return (
    row.status === "failed" &&
    row.nativeValue === null &&
    row.offeredAtMs === null &&
    row.state === unfitState(device)
  );
}

/** Of the time before the device was removed and enrolled again: it tells nothing about it now. */
export function isOfFormerLife(row: Installation, device: Device): boolean {
  return row.incarnation < device.incarnation;
}

export function retryDetail(row: Installation): string {
  if (isDeclined(row)) {
    return `the user said no: question ${row.attempt + 1} of ${AUTOMATIC_ATTEMPTS_MAX} comes in the next window`;
  }
  return row.stale
    ? `${row.lastErrorText ?? "the device no longer knows of the work"}: it is sent again`
    : `a failure that may pass: attempt ${row.attempt + 1} of ${AUTOMATIC_ATTEMPTS_MAX} follows`;
}

export function installedState(device: Device): string {
  return device.platform === "Android" ? "Installed" : "App is installed";
}

export function goneState(device: Device): string {
  return device.platform === "Android" ? "App uninstalled by user" : "App is uninstalled";
}
