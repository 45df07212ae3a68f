import type { Device } from "../model/device.ts";
import type { Distribution } from "../model/distribution.ts";
import type { Installation } from "../model/installation.ts";
import type { Revision } from "../model/package.ts";
import { compareVersions } from "../model/version.ts";
import type { PlannedDecision } from "./plan-types.ts";
import { UNKNOWN_VERSION } from "./presence.ts";
import { goneState, installedState, needsChange, waitingState } from "./waiting.ts";

type Step = Omit<PlannedDecision, "distribution">;

/**
 * What follows for a row from the version that is on the device. Rows that wait, are done or failed
 * follow what the device says is installed; work in progress is left alone.
 *
 * @param known.present the version on the device, null when the app is not there
 * @param known.isFit the revision is for this device: one that it is not for is no update
 * @returns decisions in their order; none when the row says what is so
 */
export function followInventory(
  device: Device,
  row: Installation,
  distribution: Distribution,
  revision: Revision,
  { present, isFit }: { readonly present: string | null; readonly isFit: boolean },
): readonly Step[] {
  if (present === null) return followAbsence(device, row, distribution);
  if (distribution.operation === "uninstall") return followForUninstall(device, row, present);
  if (row.status === "installed") {
    const version = present === UNKNOWN_VERSION ? row.version : present;
    const isBehind = version !== null && needsChange(version, revision, distribution);
    const corrected =
      version === row.version ? [] : [presence(`version ${version} is on the device`, { version })];
    if (!isBehind || !isFit) return corrected;
    const anew = { attempt: row.attempt + 1, offeredAtMs: null, nativeValue: null };
    return [...corrected, updateNeeded(device, distribution, revision, anew)];
  }
  const isPending = row.status === "pending_install" || row.status === "pending_update";
  if (!isPending || row.offeredAtMs !== null) return [];
  return followPending(device, row, distribution, revision, present);
}

function followAbsence(
  device: Device,
  row: Installation,
  distribution: Distribution,
): readonly Step[] {
  const isInstall = distribution.operation === "install";
  const isGone =
    (row.status === "pending_update" && row.offeredAtMs === null) ||
    (isInstall && row.status === "installed") ||
    // The former version stays when an update fails, until it goes.
    row.status === "upgrade_failed" ||
    (isInstall && row.status === "failed" && row.version !== null);
  if (!isGone) return [];
  return [{ value: "inventory-absent", text: ABSENT, change: goneChange(device) }];
}

export const ABSENT = "the app is no longer on the device";

/** Removed, by the user unless it is known to be otherwise. [D5] */
export function goneChange(device: Device): Partial<Installation> {
  return {
    status: "removed_after_installation",
    state: goneState(device),
    version: null,
    actor: "user",
  };
}

function followForUninstall(device: Device, row: Installation, present: string): readonly Step[] {
  const there = {
    status: "installed",
    state: installedState(device),
    version: present,
  } as const;
  if (row.status === "pending_install") {
    return [presence(`version ${present} is on the device`, there)];
  }
  if (row.status !== "removed_after_installation") return [];
  const anew = { actor: null, attempt: row.attempt + 1, offeredAtMs: null, nativeValue: null };
  return [presence(`version ${present} is on the device again`, { ...there, ...anew })];
}

function followPending(
  device: Device,
  row: Installation,
  distribution: Distribution,
  revision: Revision,
  present: string,
): readonly Step[] {
  const there = { status: "installed", version: present } as const;
  if (!needsChange(present, revision, distribution)) {
    const isHigher = compareVersions(present, revision.version) > 0;
    const state =
      isHigher && device.platform === "Android"
        ? "Higher version of app is installed"
        : installedState(device);
    const change = { ...there, state, releasedUntilMs: null, requestedAtMs: null };
    return [presence(`version ${present} is on the device already`, change)];
  }
  if (row.status === "pending_update") return [];
  // Presence is never skipped: the table leads to Pending Update only through Installed.
  return [
    presence(`version ${present} is on the device`, { ...there, state: installedState(device) }),
    updateNeeded(device, distribution, revision, {}),
  ];
}

function presence(text: string, change: Partial<Installation>): Step {
  return { value: "inventory-present", text, change };
}

function updateNeeded(
  device: Device,
  distribution: Distribution,
  revision: Revision,
  more: Partial<Installation>,
): Step {
  const status = "pending_update" as const;
  return {
    value: "update-needed",
    text: `version ${revision.version} is wanted`,
    change: {
      status,
      state: waitingState(device, status, distribution.mode, "not-requested"),
      operation: "update",
      ...more,
    },
  };
}
