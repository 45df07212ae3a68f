import type { Interpretation, Meaning, MeaningContext } from "./interpretation.ts";

/** Words that say how far a device is, and move nothing. */
const NO_CHANGE: ReadonlySet<string> = new Set([
  "accepted", // It has the work on its disk.
  "provision-needed", // Its metrics do not hold: it has to act.
  "drifted", // What it has installed is not as it should be any more.
  "cancelled",
  "cancel-refused",
  "step-succeeded",
  "step-failed",
  "step-skipped",
  "step-timed-out",
  "rebooting",
]);

interface Rows {
  readonly windows: Interpretation;
  readonly android: Interpretation;
  /** Where the row of an update differs: what waits there waits for an update. */
  readonly windowsUpdate?: Interpretation;
  readonly androidUpdate?: Interpretation;
}

const WINDOWS_INSTALLED = { status: "installed", state: "App is installed" } as const;
const ANDROID_INSTALLED = { status: "installed", state: "Installed" } as const;
const WINDOWS_INSTALLING = { status: "installing", state: "App is being installed" } as const;
const WINDOWS_UPDATING = { status: "updating", state: "Updating the app" } as const;
const WINDOWS_UPDATE_WAITING = { status: "pending_update", state: null } as const;
const ANDROID_FAILED = { status: "failed", state: "Unexpected error occurred" } as const;
const ANDROID_UNFIT = {
  status: "failed",
  state: "App is not compatible with this device",
} as const;
const failed = (state: string): Interpretation => ({ status: "failed", state });

/** Results of a package of install actions, by the agent's own word for it. */
const AGENT: Readonly<Record<string, Rows>> = {
  "waiting-for-window": {
    windows: { status: "pending_install", state: "Command Scheduled" },
    windowsUpdate: WINDOWS_UPDATE_WAITING,
    android: { status: "pending_install", state: "App download is scheduled" },
    androidUpdate: { status: "pending_update", state: "App update is scheduled" },
  },
  offered: {
    windows: { status: "pending_install", state: null },
    windowsUpdate: WINDOWS_UPDATE_WAITING,
    android: { status: "pending_install", state: "App not installed" },
    androidUpdate: { status: "pending_update", state: "App update pending" },
  },
  "update-waiting-for-window": {
    windows: WINDOWS_UPDATE_WAITING,
    android: { status: "pending_update", state: "App update is scheduled" },
  },
  "not-targeted-os": {
    windows: { status: "not_relevant", state: "OS Criteria" },
    android: ANDROID_UNFIT,
  },
  "not-targeted-cpu": {
    windows: { status: "not_relevant", state: "Device Criteria" },
    android: ANDROID_UNFIT,
  },
  "relevance-refused": {
    windows: failed("Relevance criteria not met"),
    android: ANDROID_UNFIT,
  },
  "up-to-date": { windows: WINDOWS_INSTALLED, android: ANDROID_INSTALLED },
  "newer-installed": {
    windows: WINDOWS_INSTALLED,
    android: { status: "installed", state: "Higher version of app is installed" },
  },
  downloading: {
    windows: WINDOWS_INSTALLING,
    windowsUpdate: WINDOWS_UPDATING,
    android: { status: "installing", state: "Downloading app" },
  },
  installing: {
    windows: WINDOWS_INSTALLING,
    windowsUpdate: WINDOWS_UPDATING,
    android: { status: "installing", state: null },
  },
  "download-failed": { windows: failed("Failed download"), android: ANDROID_FAILED },
  "decryption-failed": { windows: failed("Failed decryption"), android: ANDROID_FAILED },
  "checksum-failed": { windows: failed("Failed checksum validation"), android: ANDROID_FAILED },
  "launch-failed": { windows: failed("Failed to launch installer"), android: ANDROID_FAILED },
  "action-failed": { windows: failed("Installation failed"), android: ANDROID_FAILED },
  succeeded: { windows: WINDOWS_INSTALLED, android: ANDROID_INSTALLED },
  "succeeded-with-warning": { windows: WINDOWS_INSTALLED, android: ANDROID_INSTALLED },
  "guard-satisfied": { windows: WINDOWS_INSTALLED, android: ANDROID_INSTALLED },
  "guard-nothing-to-do": {
    windows: { status: "not_relevant", state: "Device Criteria" },
    android: ANDROID_UNFIT,
  },
  "reboot-pending": {
    windows: WINDOWS_INSTALLING,
    windowsUpdate: WINDOWS_UPDATING,
    android: { status: "installing", state: null },
  },
  "check-failed": { windows: failed("Installation failed"), android: ANDROID_FAILED },
  repairing: { windows: WINDOWS_INSTALLING, android: { status: "installing", state: null } },
  // The app is there while it is taken off.
  uninstalling: { windows: WINDOWS_INSTALLED, android: ANDROID_INSTALLED },
  uninstalled: {
    windows: { status: "removed_after_installation", state: "App is uninstalled", actor: "mdm" },
    android: {
      status: "removed_after_installation",
      state: "App uninstalled by MDM",
      actor: "mdm",
    },
  },
  "uninstall-failed": { windows: failed("Installation failed"), android: ANDROID_FAILED },
  "contact-lost": {
    windows: { status: "pending_install", state: "Command Scheduled" },
    windowsUpdate: WINDOWS_UPDATE_WAITING,
    android: { status: "pending_install", state: "Waiting for network" },
    androidUpdate: { status: "pending_update", state: "App update pending" },
  },
  "held-for-compliance": {
    windows: { status: "pending_install", state: "Command Scheduled" },
    windowsUpdate: WINDOWS_UPDATE_WAITING,
    android: { status: "pending_install", state: "Device is out of compliance" },
    androidUpdate: { status: "pending_update", state: "Device is out of compliance" },
  },
};

export const AGENT_RESULTS: readonly string[] = [...Object.keys(AGENT), ...NO_CHANGE];

/** On Windows a running update is Updating; Android has no such status. [M-094] */
export function readAgent(value: string, { platform, operation }: MeaningContext): Meaning {
  if (platform === "iOS") return undefined;
  if (NO_CHANGE.has(value)) return "no-change";
  if (!Object.hasOwn(AGENT, value)) return undefined;
  const rows = AGENT[value];
  if (!rows) return undefined;
  const isUpdate = operation === "update";
  return platform === "Windows"
    ? ((isUpdate ? rows.windowsUpdate : undefined) ?? rows.windows)
    : ((isUpdate ? rows.androidUpdate : undefined) ?? rows.android);
}
