import {
  type MsiStatus,
  readMsiStatus,
} from "../../../protocols/csp/enterprise-desktop-app-management/values.ts";
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

const WAITING: ForOperation = { install: SCHEDULED, update: UPDATE_SCHEDULED };
const WORKING: ForOperation = { install: INSTALLING, update: UPDATING };
const both = (row: ForOperation["install"]): ForOperation => ({ install: row, update: row });

/** `MSI/{ProductID}/Status`. Total: a new value does not compile until it has its rows. [syncml 6.2] */
const MSI_STATUS: Readonly<Record<MsiStatus, ForOperation>> = {
  "10": WAITING,
  "20": WORKING,
  "25": WAITING,
  "30": both(DOWNLOAD_FAILED),
  "40": WORKING,
  "48": WAITING,
  "50": WORKING,
  "55": WORKING,
  "60": both(FAILED),
  "70": both(INSTALLED),
};

const FAILURES: ReadonlySet<MsiStatus> = new Set<MsiStatus>(["30", "60"]);

/** The row for a Status of an MSI, refined by LastError (HRESULT or msiexec code) where it failed. */
export function readMsi(value: string, context: MeaningContext): Meaning {
  const status = readMsiStatus(value);
  if (context.platform !== "Windows" || status === undefined) return undefined;
  const known = MSI_STATUS[status];
  const row = context.operation === "update" ? known.update : known.install;
  return FAILURES.has(status) ? refineFailure(row, context) : row;
}
