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

/**
 * Did the client skip what it says is finished? Whoever was last told to skip the update cannot have
 * installed it, whatever it says.
 */
export function isSkipped(
  feedback: Feedback,
  update: "skip" | "attempt" | "forced" | null,
): boolean {
  if (feedback.execution !== "closed" || feedback.result.finished === "failure") return false;
  return update === "skip" || feedback.details.some((line) => line.trim() === SKIPPED);
}
