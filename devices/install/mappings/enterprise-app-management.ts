import type { Enrolment } from "../../model/device.ts";
import { hresultOf } from "../hresult.ts";
import type { Interpretation, Meaning, MeaningContext } from "./interpretation.ts";

const INSTALLING = { status: "installing", state: "App is being installed" } as const;
const UPDATING = { status: "updating", state: "Updating the app" } as const;
const INSTALLED = { status: "installed", state: "App is installed" } as const;

/** `Download/{ProductID}/Status`, for an install (or repair) and for an update. [E-044..E-051] */
const DOWNLOAD_STATUS: Readonly<
  Record<string, { readonly install: Interpretation; readonly update: Interpretation }>
> = {
  "0": {
    install: { status: "installing", state: "Prompted user for installation" },
    update: { status: "pending_update", state: "Prompted user for app update" },
  },
  "1": {
    install: { status: "pending_install", state: "Command Scheduled" },
    // No row says "queued"; a prompt that did not happen is never claimed. [Q08]
    update: { status: "pending_update", state: null },
  },
  "2": { install: INSTALLING, update: UPDATING },
  "3": { install: INSTALLING, update: UPDATING },
  "4": { install: INSTALLING, update: UPDATING },
  "5": { install: INSTALLED, update: INSTALLED },
  "6": {
    install: { status: "failed", state: "Installation failed" },
    update: { status: "failed", state: "Installation failed" },
  },
  "7": {
    install: { status: "failed", state: "Failed download" },
    update: { status: "failed", state: "Failed download" },
  },
};

const FAILURES: ReadonlySet<string> = new Set(["6", "7"]);

/** The row for a Download/Status value, refined by LastError where it failed. */
export function readDownloadStatus(value: string, context: MeaningContext): Meaning {
  if (context.platform !== "Windows") return undefined;
  const known = DOWNLOAD_STATUS[value];
  if (!known) return undefined;
  const isUpdate = context.operation === "update";
  const row = isUpdate ? known.update : known.install;
  if (!FAILURES.has(value) || !context.lastError) return row;
  return refine(row, context.lastError, isUpdate);
}

/**
 * What an HRESULT adds to a failure. A refusal of an update is Upgrade Failed, because the former
 * version stays; a newer version that is there already is a success; a code that only says "busy"
 * leaves the failure that the device reported. [Q05]
 */
function refine(row: Interpretation, lastError: number, isUpdate: boolean): Interpretation {
  const entry = hresultOf(lastError);
  if (!entry || entry.status === null) return row;
  if (entry.state === "User rejected app install" && isUpdate) {
    return { status: "upgrade_failed", state: "User rejected app update" };
  }
  if (entry.status === "installed" && entry.state !== null) return INSTALLED;
  if (entry.status !== "failed") return { ...row, retryable: entry.retryable };
  return { status: "failed", state: entry.state, retryable: entry.retryable };
}

const ENROLMENT_STATUS: Readonly<Record<string, Enrolment>> = {
  "0": "enabled",
  "1": "install-disabled",
  "2": "revoked",
  "3": "invalid",
};

/** `{EnterpriseID}/Status`. [E-040] Undefined for a value that is not 0 to 3. */
export function enrolmentFromStatus(value: string): Enrolment | undefined {
  return ENROLMENT_STATUS[value.trim()];
}
