import type { Interpretation, Meaning, MeaningContext } from "./interpretation.ts";

/** Feedback that is on its way, by phase of the row it leads to. */
const PHASES = {
  scheduled: {
    install: { status: "pending_install", state: "Command Scheduled" },
    update: { status: "pending_update", state: null },
    android: { status: "pending_install", state: "App download is scheduled" },
    androidUpdate: { status: "pending_update", state: "App update is scheduled" },
  },
  prestaging: {
    install: { status: "pending_install", state: "Command Scheduled" },
    update: { status: "pending_update", state: null },
    android: { status: "pending_install", state: "Downloading app" },
    androidUpdate: { status: "pending_update", state: "App update is scheduled" },
  },
  downloading: {
    install: { status: "installing", state: "App is being installed" },
    update: { status: "updating", state: "Updating the app" },
    android: { status: "installing", state: "Downloading app" },
    androidUpdate: { status: "installing", state: "Downloading app" },
  },
  working: {
    install: { status: "installing", state: "App is being installed" },
    update: { status: "updating", state: "Updating the app" },
    android: { status: "installing", state: null },
    androidUpdate: { status: "installing", state: null },
  },
  installed: {
    install: { status: "installed", state: "App is installed" },
    update: { status: "installed", state: "App is installed" },
    android: { status: "installed", state: "Installed" },
    androidUpdate: { status: "installed", state: "Installed" },
  },
  failed: {
    install: { status: "failed", state: "Installation failed" },
    update: { status: "failed", state: "Installation failed" },
    android: { status: "failed", state: "Unexpected error occurred" },
    androidUpdate: { status: "failed", state: "Unexpected error occurred" },
  },
} as const satisfies Record<
  string,
  Record<"install" | "update" | "android" | "androidUpdate", Interpretation>
>;

/**
 * hawkBit feedback as `execution`, `execution/finished`, or `execution/unavailable` while the window
 * is closed. `finished` counts only once the execution is closed; closed without a result is taken
 * like success, as hawkBit does.
 */
const FEEDBACK: Readonly<Record<string, keyof typeof PHASES | "no-change">> = {
  scheduled: "scheduled",
  download: "downloading",
  "download/unavailable": "prestaging",
  downloaded: "working",
  "downloaded/unavailable": "scheduled",
  proceeding: "working",
  resumed: "working",
  // Not fulfilled at this point in time; a cancelled action leaves the distribution elsewhere.
  rejected: "no-change",
  canceled: "no-change",
  "closed/success": "installed",
  "closed/none": "installed",
  "closed/failure": "failed",
};

export function readDdi(value: string, { platform, operation }: MeaningContext): Meaning {
  const key = value.startsWith("closed/")
    ? value
    : value.replace(/\/(?:none|success|failure)$/, "");
  const phase = Object.hasOwn(FEEDBACK, key) ? FEEDBACK[key] : undefined;
  if (phase === undefined || platform === "iOS") return undefined;
  if (phase === "no-change") return phase;
  const rows = PHASES[phase];
  const isUpdate = operation === "update";
  if (platform === "Android") return isUpdate ? rows.androidUpdate : rows.android;
  return isUpdate ? rows.update : rows.install;
}
