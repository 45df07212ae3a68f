import type { Actor } from "../../model/installation.ts";
import { isRow, statusFromText } from "../matrix.ts";
import { MATRIX_ROWS } from "../matrix-rows.ts";
import type { Meaning, MeaningContext } from "./interpretation.ts";

const ACTORS: Readonly<Record<string, Actor>> = {
  "App uninstalled by user": "user",
  "App uninstalled by MDM": "mdm",
  "Device is out of compliance": "compliance",
};

/**
 * An Android device's MDM names the row itself: `Status/State` by label or code, such as
 * `Failed/Unexpected error occurred`, or the row's id. The three error states mean "will be tried
 * again" under Installing and "used up" under Failed. [Q04]
 */
export function readAndroid(value: string, { platform }: MeaningContext): Meaning {
  if (platform !== "Android") return undefined;
  const byId = MATRIX_ROWS.find((row) => row.platform === "Android" && row.id === value);
  const slash = value.indexOf("/");
  const status = byId?.canonicalStatus ?? statusFromText(slash < 0 ? value : value.slice(0, slash));
  const state = byId?.state ?? (slash < 0 ? null : value.slice(slash + 1));
  if (!status || !isRow("Android", status, state)) return undefined;
  const actor = status === "removed_after_installation" && state ? ACTORS[state] : undefined;
  const isRetried = status === "installing" && state === "Unexpected error occurred";
  return { status, state, ...(actor ? { actor } : {}), ...(isRetried ? { retryable: true } : {}) };
}
