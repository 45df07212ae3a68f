import type { Enrolment } from "../../model/device.ts";
import type { Meaning, MeaningContext } from "./interpretation.ts";
import {
  DOWNLOAD_FAILED,
  FAILED,
  type ForOperation,
  INSTALLED,
  INSTALLING,
  refineFailure,
  SCHEDULED,
  UPDATE_SCHEDULED,
  UPDATING,
} from "./windows-failure.ts";

/** `Download/{ProductID}/Status`, for an install (or repair) and for an update. [E-044..E-051] */
const DOWNLOAD_STATUS: Readonly<Record<string, ForOperation>> = {
  "0": {
    install: { status: "installing", state: "Prompted user for installation" },
    update: { status: "pending_update", state: "Prompted user for app update" },
  },
  "1": { install: SCHEDULED, update: UPDATE_SCHEDULED },
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
  return FAILURES.has(value) ? refineFailure(row, context) : row;
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
