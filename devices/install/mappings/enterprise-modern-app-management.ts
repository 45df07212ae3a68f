import { readInstallationStatus } from "../../../protocols/csp/enterprise-modern-app-management/values.ts";
import type { Meaning, MeaningContext } from "./interpretation.ts";
import {
  FAILED,
  type ForOperation,
  INSTALLED,
  INSTALLING,
  refineFailure,
  SCHEDULED,
  UPDATE_SCHEDULED,
  UPDATING,
} from "./windows-failure.ts";

/** `AppInstallation/{PackageFamilyName}/Status`. [syncml 6.3] */
const INSTALLATION_STATUS: Readonly<Record<string, ForOperation>> = {
  "0": { install: SCHEDULED, update: UPDATE_SCHEDULED },
  "1": { install: INSTALLING, update: UPDATING },
  "2": { install: FAILED, update: FAILED },
  "3": { install: INSTALLED, update: INSTALLED },
};
const FAILURE = "2";

/** The row for a Status of a packaged app, refined by LastError where it failed. */
export function readPackagedApp(value: string, context: MeaningContext): Meaning {
  const status = readInstallationStatus(value);
  const known = status === undefined ? undefined : INSTALLATION_STATUS[status];
  if (context.platform !== "Windows" || known === undefined) return undefined;
  const row = context.operation === "update" ? known.update : known.install;
  return status === FAILURE ? refineFailure(row, context) : row;
}
