import { hresultOf } from "../hresult.ts";
import type { HresultEntry } from "../hresult-table.ts";
import type { Interpretation, MeaningContext } from "./interpretation.ts";

/** The rows that the statuses of all providers of Windows lead to. */
export const INSTALLING = { status: "installing", state: "App is being installed" } as const;
export const UPDATING = { status: "updating", state: "Updating the app" } as const;
export const INSTALLED = { status: "installed", state: "App is installed" } as const;
export const FAILED = { status: "failed", state: "Installation failed" } as const;
export const DOWNLOAD_FAILED = { status: "failed", state: "Failed download" } as const;
export const SCHEDULED = { status: "pending_install", state: "Command Scheduled" } as const;
/** No row says "queued" of an update; a prompt that did not happen is never claimed. [Q08] */
export const UPDATE_SCHEDULED = { status: "pending_update", state: null } as const;

/** What a value means for an install (or repair), and what for an update. */
export interface ForOperation {
  readonly install: Interpretation;
  readonly update: Interpretation;
}

/** A failure, with what its LastError adds to it. */
export function refineFailure(failure: Interpretation, context: MeaningContext): Interpretation {
  const error = context.lastError === null ? undefined : hresultOf(context.lastError);
  return error ? refine(failure, error, context) : failure;
}

function refine(
  failure: Interpretation,
  error: HresultEntry,
  { operation }: MeaningContext,
): Interpretation {
  const row = { ...failure, retryable: error.retryable };
  switch (error.status) {
    case "failed":
      if (error.state === "User rejected app install") return userRefusal(operation);
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
export function userRefusal(operation: MeaningContext["operation"]): Interpretation {
  return operation === "update"
    ? { status: "upgrade_failed", state: "User rejected app update", actor: "user" }
    : { status: "failed", state: "User rejected app install", actor: "user" };
}
