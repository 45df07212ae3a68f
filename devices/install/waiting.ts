/**
 * What is said of rows that wait, fail or are to be done again: small questions that the plan and
 * the use-cases ask alike.
 */
import type { Device } from "../model/device.ts";
import type { Distribution } from "../model/distribution.ts";
import type { Installation, Operation } from "../model/installation.ts";
import type { Revision } from "../model/package.ts";
import type { Policy } from "../model/policy.ts";
import { compareVersions } from "../model/version.ts";
import { hresultOf } from "./hresult.ts";

/** Failures that may pass are tried again by themselves this often, the first attempt included. */
export const AUTOMATIC_ATTEMPTS_MAX = 3;
/** The pause before an on-demand retry, doubled with each attempt, in milliseconds. */
export const RETRY_BACKOFF_MS = 15 * 60 * 1000;

/** The change that a retry makes, whoever asks for it: Failed → Pending, attempt + 1. [D8] */
export function retriedChange(
  device: Device,
  row: Installation,
  distribution: Distribution,
  operation: Operation,
): Partial<Installation> {
  const isInstalledStill = row.version !== null && row.status !== "removed_after_installation";
  const status =
    operation === "uninstall"
      ? row.status === "failed"
        ? ("pending_install" as const)
        : row.status
      : operation === "update" && isInstalledStill
        ? ("pending_update" as const)
        : ("pending_install" as const);
  return {
    status,
    state: waitingState(device, status, distribution.mode, "requested"),
    operation,
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

/** The granular state of a row that waits for the site; never a prompt that did not happen. [Q08] */
export function waitingState(
  device: Device,
  status: Installation["status"],
  mode: Distribution["mode"],
  requested: "requested" | "not-requested",
): string | null {
  if (device.platform === "Android") {
    if (device.compliance === "out-of-compliance") return "Device is out of compliance";
    if (status === "pending_update") return "App update pending";
    return mode === "automatic" || requested === "requested"
      ? "App download is scheduled"
      : "App not installed";
  }
  if (status !== "pending_install") return null;
  return mode === "automatic" || requested === "requested" ? "Command Scheduled" : null;
}

/** Why nothing may be sent by EnterpriseAppManagement now, in words; null when it may. [Q48, S-47] */
export function enrolmentObstacle(device: Device, policy: Policy): string | null {
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
      return "the device was unenrolled: enrol it again first";
    case "unknown":
    case "enabled":
      return null;
  }
}

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

export function needsRepair(row: Installation): boolean {
  return row.status === "removed_after_installation" && row.operation !== "uninstall";
}

export function retriesByItself(row: Installation): boolean {
  if (row.attempt >= AUTOMATIC_ATTEMPTS_MAX) return false;
  if (row.stale && isOpen(row)) return true;
  if (row.status !== "failed" || row.lastError === null) return false;
  return hresultOf(row.lastError)?.retryable === true;
}

/** A lost status is looked into at once; a failure is given time. */
export function retryAtMs(row: Installation): number {
  if (row.stale) return row.observedAtMs;
  return row.observedAtMs + RETRY_BACKOFF_MS * 2 ** (row.attempt - 1);
}

export function retryDetail(row: Installation): string {
  return row.stale
    ? "the device no longer knows of the work: it is sent again"
    : `a failure that may pass: attempt ${row.attempt + 1} of ${AUTOMATIC_ATTEMPTS_MAX} follows`;
}

export function installedState(device: Device): string {
  return device.platform === "Android" ? "Installed" : "App is installed";
}

export function goneState(device: Device): string {
  return device.platform === "Android" ? "App uninstalled by user" : "App is uninstalled";
}
