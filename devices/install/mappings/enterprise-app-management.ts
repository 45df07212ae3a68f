import type { Enrolment } from "../../model/device.ts";
import { hresultOf } from "../hresult.ts";
import type { HresultEntry } from "../hresult-table.ts";
import type { Interpretation, Meaning, MeaningContext } from "./interpretation.ts";

const INSTALLING = { status: "installing", state: "App is being installed" } as const;
const UPDATING = { status: "updating", state: "Updating the app" } as const;
const INSTALLED = { status: "installed", state: "App is installed" } as const;
const FAILED = { status: "failed", state: "Installation failed" } as const;
const DOWNLOAD_FAILED = { status: "failed", state: "Failed download" } as const;

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
  "6": { install: FAILED, update: FAILED },
  "7": { install: DOWNLOAD_FAILED, update: DOWNLOAD_FAILED },
};

const FAILURES: ReadonlySet<string> = new Set(["6", "7"]);

/** The row for a Download/Status value, refined by LastError where it failed. */
export function readDownloadStatus(value: string, context: MeaningContext): Meaning {
  if (context.platform !== "Windows" || !Object.hasOwn(DOWNLOAD_STATUS, value)) return undefined;
  const known = DOWNLOAD_STATUS[value];
  if (!known) return undefined;
  const row = context.operation === "update" ? known.update : known.install;
  const error = context.lastError === null ? undefined : hresultOf(context.lastError);
  return FAILURES.has(value) && error ? refine(row, error, context) : row;
}

/** What an HRESULT adds to a failure. */
function refine(
  failure: Interpretation,
  error: HresultEntry,
  { operation }: MeaningContext,
): Interpretation {
  const row = { ...failure, retryable: error.retryable };
  switch (error.status) {
    case "failed":
      if (error.state === "User rejected app install") return refusal(operation);
      if (operation === "uninstall" && error.name === "ERROR_INSTALL_PACKAGE_NOT_FOUND") {
        return { status: "removed_after_installation", state: "App is uninstalled", actor: "mdm" };
      }
      // "Installation failed" says less than Failed download does.
      return error.state === FAILED.state ? row : { ...row, state: error.state };
    case "installed":
      // A newer version is there already. Without a state it is "could not be removed, so it stays":
      // said of an install, that would claim a version that has just failed.
      if (error.state !== null) return INSTALLED;
      return operation === "uninstall" ? { status: "installed", state: null } : row;
    default:
      // Nothing about the status, or "busy": the device did give up, and trying again is up to us.
      return row;
  }
}

/** The user said no. Of an update that is Upgrade Failed, because the former version stays. [Q05] */
function refusal(operation: MeaningContext["operation"]): Interpretation {
  return operation === "update"
    ? { status: "upgrade_failed", state: "User rejected app update", actor: "user" }
    : { status: "failed", state: "User rejected app install", actor: "user" };
}

const ENROLMENT_STATUS: Readonly<Record<string, Enrolment>> = {
  "0": "enabled",
  "1": "install-disabled",
  "2": "revoked",
  "3": "invalid",
};

/** `{EnterpriseID}/Status`. [E-040] Undefined for a value that is not 0 to 3. */
export function enrolmentFromStatus(value: string): Enrolment | undefined {
  const text = value.trim();
  return Object.hasOwn(ENROLMENT_STATUS, text) ? ENROLMENT_STATUS[text] : undefined;
}
