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
  prestaged: {
    install: { status: "pending_install", state: "Command Scheduled" },
    update: { status: "pending_update", state: null },
    android: { status: "pending_install", state: "App not installed" },
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

type Phase = keyof typeof PHASES | "no-change";

/** By execution. Only `closed` looks at `finished`. */
const PROGRESS: Readonly<Record<string, Phase>> = {
  scheduled: "scheduled",
  download: "downloading",
  downloaded: "working",
  proceeding: "working",
  resumed: "working",
  // Not fulfilled at this point in time; a cancelled action leaves the distribution elsewhere.
  rejected: "no-change",
  canceled: "no-change",
};

/** While the maintenance window is unavailable: fetched ahead, nothing has begun. [Q04] */
const AHEAD: Readonly<Record<string, Phase>> = {
  ...PROGRESS,
  download: "prestaging",
  downloaded: "prestaged",
  // A client that waits says so while it fetches and checks, and installs only once the window opens.
  proceeding: "prestaging",
  resumed: "prestaging",
};

const CLOSED: Readonly<Record<string, Phase>> = {
  success: "installed",
  none: "installed",
  failure: "failed",
};

const REMOVED = { status: "removed_after_installation", actor: "mdm" } as const;

/**
 * hawkBit feedback as `execution`, `execution/finished` or `execution/finished/unavailable`, the last
 * while the maintenance window is closed (`execution/unavailable` says the same). `finished` counts
 * only once the execution is closed; closed without a result is taken like success, as hawkBit does,
 * and marked as inferred.
 */
export function readDdi(value: string, { platform, operation }: MeaningContext): Meaning {
  const feedback = parseFeedback(value);
  if (feedback === undefined || platform === "iOS") return undefined;
  const { execution, finished, isWindowClosed } = feedback;
  const table = execution === "closed" ? CLOSED : isWindowClosed ? AHEAD : PROGRESS;
  const word = execution === "closed" ? finished : execution;
  const phase = Object.hasOwn(table, word) ? table[word] : undefined;
  if (phase === undefined || phase === "no-change") return phase;

  const inferred = execution === "closed" && finished === "none" ? { inferred: true } : {};
  const isAndroid = platform === "Android";
  if (phase === "installed" && operation === "uninstall") {
    const state = isAndroid ? "App uninstalled by MDM" : "App is uninstalled";
    return { ...REMOVED, state, ...inferred };
  }
  const rows = PHASES[phase];
  const isUpdate = operation === "update";
  const row = isAndroid
    ? isUpdate
      ? rows.androidUpdate
      : rows.android
    : isUpdate
      ? rows.update
      : rows.install;
  return { ...row, ...inferred };
}

function parseFeedback(
  value: string,
): { execution: string; finished: string; isWindowClosed: boolean } | undefined {
  const found = /^(\w+)(?:\/(none|success|failure))?(?:\/(available|unavailable))?$/.exec(value);
  if (!found) return undefined;
  const [, execution = "", finished = "none", window] = found;
  return { execution, finished, isWindowClosed: window === "unavailable" };
}
