/**
 * What clients are known to do. [1.8]
 *
 * Some take `update: "skip"`, which a closed window is told by, for an order to forget the job, and say
 * that it was installed. So a closed window is shown only to those that are known to wait for it.
 */
import type { Feedback } from "./requests.ts";

/** How the User-Agents begin of clients that wait while a window is closed. */
export const WINDOW_CLIENTS = ["rauc-hawkbit-c-agent/", "rauc-hawkbit-updater/"] as const;
/** What swupdate says of a job that it has skipped, with `closed` and `success`. */
export const SKIPPED = "Skipped Update.";

/** @param said what the device's attribute says of it: `true` or `false`; anything else says nothing */
export function understandsWindows(
  userAgent: string,
  said: string | undefined,
  known: readonly string[] = WINDOW_CLIENTS,
): boolean {
  const word = said?.trim().toLowerCase();
  if (word === "true") return true;
  if (word === "false") return false;
  const name = userAgent.trim().toLowerCase();
  return known.some((one) => name.startsWith(one.toLowerCase()));
}

/** What swupdate says when it begins, and when all is installed: its restart decides how it went. */
const BEGINS = "Installing Update Chunk Artifacts.";
const WAITS = "All Chunks Installed.";
/** What it says with `closed` behind a restart, of whatever job it is shown then. */
const AFTER_RESTART: readonly string[] = ["Update Installed.", "Update Failed."];

/**
 * Did the client skip what it says is finished? Whoever was last told to skip the update cannot have
 * installed it, whatever it says, unless it had begun before it was told so.
 */
export function isSkipped(
  feedback: Feedback,
  update: "skip" | "attempt" | "forced" | null,
  hasBegun: boolean,
): boolean {
  if (feedback.execution !== "closed" || feedback.result.finished === "failure") return false;
  return (update === "skip" && !hasBegun) || saysSkipped(feedback);
}

export function saysSkipped(feedback: Feedback): boolean {
  return says(feedback, SKIPPED);
}

/** Is this swupdate's first word? It begins only if that is taken. */
export function isBeginning(feedback: Feedback): boolean {
  const isFirstModule = (feedback.result.progress?.cnt ?? 0) === 0;
  return feedback.execution === "proceeding" && isFirstModule && says(feedback, BEGINS);
}

/** Does the client wait for its restart with all installed? @param former did it before it said this */
export function awaitsRestart(feedback: Feedback, former: boolean): boolean {
  if (feedback.execution === "closed" || says(feedback, BEGINS)) return false;
  return former || says(feedback, WAITS);
}

/**
 * Is this swupdate's word after a restart? It says it of the job that it is shown then, also where it was
 * updated by other means, so it counts only for a job that it has begun.
 */
export function isAfterRestart(feedback: Feedback): boolean {
  return feedback.execution === "closed" && AFTER_RESTART.some((line) => says(feedback, line));
}

function says({ details }: Feedback, line: string): boolean {
  return details.some((one) => one.trim() === line);
}
