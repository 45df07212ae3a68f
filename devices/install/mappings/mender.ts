import type { Interpretation, Meaning, MeaningContext } from "./interpretation.ts";

interface Rows {
  readonly install: Interpretation;
  readonly update: Interpretation;
  readonly android: Interpretation;
}

const DOWNLOADING: Rows = {
  install: { status: "installing", state: "App is being installed" },
  update: { status: "updating", state: "Updating the app" },
  android: { status: "installing", state: "Downloading app" },
};
/** What reboots or waits for its commit may still roll back: it has installed nothing yet. */
const WORKING: Rows = { ...DOWNLOADING, android: { status: "installing", state: null } };
const INSTALLED: Rows = {
  install: { status: "installed", state: "App is installed" },
  update: { status: "installed", state: "App is installed" },
  android: { status: "installed", state: "Installed" },
};
const FAILED: Rows = {
  install: { status: "failed", state: "Installation failed" },
  update: { status: "failed", state: "Installation failed" },
  android: { status: "failed", state: "Unexpected error occurred" },
};

/** By the status of a deployment. [agents 3] */
const MENDER: Readonly<Record<string, Rows>> = {
  downloading: DOWNLOADING,
  pause_before_installing: WORKING,
  installing: WORKING,
  pause_before_rebooting: WORKING,
  rebooting: WORKING,
  pause_before_committing: WORKING,
  success: INSTALLED,
  "already-installed": INSTALLED,
  failure: FAILED,
};

/** What Mender's client says of a deployment. It cannot take anything off again. */
export function readMender(value: string, { platform, operation }: MeaningContext): Meaning {
  if (platform === "iOS" || operation === "uninstall") return undefined;
  const rows = Object.hasOwn(MENDER, value) ? MENDER[value] : undefined;
  if (!rows) return undefined;
  if (platform === "Android") return rows.android;
  return operation === "update" ? rows.update : rows.install;
}
