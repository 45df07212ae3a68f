import type { Actor } from "../../model/installation.ts";
import { hasStatus, statusFromText } from "../matrix.ts";
import { MATRIX_ROWS, type MatrixRow } from "../matrix-rows.ts";
import type { Interpretation, Meaning, MeaningContext } from "./interpretation.ts";

const ROWS = MATRIX_ROWS.filter((row) => row.platform === "Android");

/** Who took the app off, by state. [M-092] */
const ACTORS: Readonly<Record<string, Actor>> = {
  "App uninstalled by user": "user",
  "App uninstalled by MDM": "mdm",
  "Device is out of compliance": "compliance",
};

/** Under Installing these will be tried again; under Failed the tries are used up. [M-090, Q04] */
const ERROR_STATES: ReadonlySet<string> = new Set([
  "App is not compatible with this device",
  "Request to OEM server failed",
  "Unexpected error occurred",
]);

/**
 * An Android device's MDM names the row itself, ignoring case: `Status/State` by label or code, such
 * as `Failed/Unexpected error occurred`; the row's id; a status alone; or a state that stands under
 * one status only. A state that stands under several is not enough. [M-089]
 */
export function readAndroid(value: string, { platform }: MeaningContext): Meaning {
  if (platform !== "Android") return undefined;
  const slash = value.indexOf("/");
  if (slash >= 0) {
    const status = statusFromText(value.slice(0, slash).trim());
    const state = value.slice(slash + 1).trim();
    return meaningOf(ROWS.filter((row) => row.canonicalStatus === status && isState(row, state)));
  }
  const status = statusFromText(value);
  if (status !== undefined)
    return hasStatus(platform, status) ? { status, state: null } : undefined;
  return meaningOf(ROWS.filter((row) => row.id === value || isState(row, value)));
}

function meaningOf(rows: readonly MatrixRow[]): Interpretation | undefined {
  const [row, ...others] = rows;
  if (!row || others.length > 0) return undefined;
  const { canonicalStatus: status, state } = row;
  const actor = status === "removed_after_installation" ? ACTORS[state] : undefined;
  const retryable = status === "installing" && ERROR_STATES.has(state);
  return { status, state, ...(actor ? { actor } : {}), ...(retryable ? { retryable } : {}) };
}

function isState(row: MatrixRow, text: string): boolean {
  return row.state.toLowerCase() === text.toLowerCase();
}
