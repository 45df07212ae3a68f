import type { Platform } from "../model/device.ts";
import type { Status } from "../model/installation.ts";

/** A (platform, status, state) as it travels: one small integer. [D12] */
export interface NumberedRow {
  readonly platform: Platform;
  readonly status: Status;
  readonly state: string | null;
}

/**
 * APPEND ONLY. A number is a position in this list for ever: documents of other sites and of older
 * versions hold it. New rows go to the end; none is moved, renamed or taken out. It is written out,
 * not made from the matrix, so that a change there cannot renumber anything.
 */
const ROWS: readonly (readonly [Platform, Status, string | null])[] = [
  ["iOS", "pending_install", "Command Scheduled"],
  ["iOS", "pending_install", "Licensed Installation Scheduled"],
  ["iOS", "not_relevant", "OS Criteria"],
  ["iOS", "not_relevant", "Device Criteria"],
  ["iOS", "installing", "Scheduled for installation. Waiting for redemption code"],
  ["iOS", "installing", "Redeeming the redemption code"],
  ["iOS", "installing", "Prompted user for installation"],
  ["iOS", "installing", "Prompted user for app store login"],
  ["iOS", "installing", "App is being installed"],
  ["iOS", "installing", "Validating app purchase"],
  ["iOS", "installed", "App is installed"],
  ["iOS", "installed", "Prompted user for management of installed app"],
  ["iOS", "installed", "User installed the app before managed app installation"],
  ["iOS", "installed", "User rejected management of installed app"],
  ["iOS", "removed_after_installation", "App is uninstalled"],
  ["iOS", "pending_update", "Prompted user for app update"],
  ["iOS", "pending_update", "Prompted user for app store login for update"],
  ["iOS", "updating", "Updating the app"],
  ["iOS", "updating", "Validating the update"],
  ["iOS", "failed", "User rejected app install"],
  ["iOS", "failed", "App installation has failed."],
  ["iOS", "upgrade_failed", "User rejected app update"],
  ["Windows", "failed", "Failed download"],
  ["Windows", "failed", "Failed decryption"],
  ["Windows", "failed", "Failed checksum validation"],
  ["Windows", "failed", "Failed to launch installer"],
  ["Windows", "failed", "Installation failed"],
  ["Windows", "failed", "Relevance criteria not met"],
  ["Android", "installed", "Installed"],
  ["Android", "installed", "Higher version of app is installed"],
  ["Android", "installing", "Downloading app"],
  ["Android", "installing", "Waiting for network"],
  ["Android", "installing", "Waiting for user action"],
  ["Android", "installing", "App is not compatible with this device"],
  ["Android", "installing", "Request to OEM server failed"],
  ["Android", "installing", "Unexpected error occurred"],
  ["Android", "installing", "Device is out of compliance"],
  ["Android", "installing", "Waiting for download"],
  ["Android", "pending_install", "App not installed"],
  ["Android", "pending_install", "Downloading app"],
  ["Android", "pending_install", "Waiting for network"],
  ["Android", "pending_install", "Waiting for user action"],
  ["Android", "pending_install", "Waiting for download"],
  ["Android", "pending_install", "App download is scheduled"],
  ["Android", "pending_install", "Device is out of compliance"],
  ["Android", "pending_update", "App update pending"],
  ["Android", "pending_update", "Waiting for user action"],
  ["Android", "pending_update", "App download is scheduled"],
  ["Android", "pending_update", "App update is scheduled"],
  ["Android", "pending_update", "Device is out of compliance"],
  ["Android", "removed_after_installation", "App uninstalled by user"],
  ["Android", "removed_after_installation", "App uninstalled by MDM"],
  ["Android", "removed_after_installation", "Device is out of compliance"],
  ["Android", "failed", "App is not compatible with this device"],
  ["Android", "failed", "Request to OEM server failed"],
  ["Android", "failed", "Unexpected error occurred"],
  ["Windows", "pending_install", "Command Scheduled"],
  ["Windows", "pending_install", "Licensed Installation Scheduled"],
  ["Windows", "not_relevant", "OS Criteria"],
  ["Windows", "not_relevant", "Device Criteria"],
  ["Windows", "installing", "Scheduled for installation. Waiting for redemption code"],
  ["Windows", "installing", "Redeeming the redemption code"],
  ["Windows", "installing", "Prompted user for installation"],
  ["Windows", "installing", "Prompted user for app store login"],
  ["Windows", "installing", "App is being installed"],
  ["Windows", "installing", "Validating app purchase"],
  ["Windows", "installed", "App is installed"],
  ["Windows", "installed", "Prompted user for management of installed app"],
  ["Windows", "installed", "User installed the app before managed app installation"],
  ["Windows", "installed", "User rejected management of installed app"],
  ["Windows", "removed_after_installation", "App is uninstalled"],
  ["Windows", "pending_update", "Prompted user for app update"],
  ["Windows", "pending_update", "Prompted user for app store login for update"],
  ["Windows", "updating", "Updating the app"],
  ["Windows", "updating", "Validating the update"],
  ["Windows", "failed", "User rejected app install"],
  ["Windows", "failed", "App installation has failed."],
  ["Windows", "upgrade_failed", "User rejected app update"],
  ["iOS", "pending_install", null],
  ["iOS", "not_relevant", null],
  ["iOS", "installing", null],
  ["iOS", "installed", null],
  ["iOS", "removed_after_installation", null],
  ["iOS", "pending_update", null],
  ["iOS", "updating", null],
  ["iOS", "failed", null],
  ["iOS", "upgrade_failed", null],
  ["Windows", "pending_install", null],
  ["Windows", "not_relevant", null],
  ["Windows", "installing", null],
  ["Windows", "installed", null],
  ["Windows", "removed_after_installation", null],
  ["Windows", "pending_update", null],
  ["Windows", "updating", null],
  ["Windows", "failed", null],
  ["Windows", "upgrade_failed", null],
  ["Android", "pending_install", null],
  ["Android", "not_relevant", null],
  ["Android", "installing", null],
  ["Android", "installed", null],
  ["Android", "removed_after_installation", null],
  ["Android", "pending_update", null],
  ["Android", "updating", null],
  ["Android", "failed", null],
  ["Android", "upgrade_failed", null],
];

export const NUMBERED_ROWS: readonly NumberedRow[] = ROWS.map(([platform, status, state]) => ({
  platform,
  status,
  state,
}));

const NUMBERS: ReadonlyMap<string, number> = new Map(
  NUMBERED_ROWS.map((row, index) => [keyOf(row.platform, row.status, row.state), index]),
);

/** Undefined for a state that the platform does not have. */
export function rowNumberOf(
  platform: Platform,
  status: Status,
  state: string | null,
): number | undefined {
  return NUMBERS.get(keyOf(platform, status, state));
}

/** Undefined for a number that this version does not know. */
export function rowOfNumber(number: number): NumberedRow | undefined {
  return NUMBERED_ROWS[number];
}

function keyOf(platform: Platform, status: Status, state: string | null): string {
  return `${platform}|${status}|${state ?? ""}`;
}
