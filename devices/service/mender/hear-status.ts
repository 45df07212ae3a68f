import { type DeploymentStatus, FINAL_STATUSES } from "../../../protocols/mender/status.ts";
import { hasBegun, isOpen } from "../../install/waiting.ts";
import type { Device } from "../../model/device.ts";
import { AppError } from "../../model/errors.ts";
import type { Installation } from "../../model/installation.ts";
import { hearReports } from "../contact/contact.ts";
import { reportCancelled, reportWork } from "../contact/report-work.ts";
import type { Ledger } from "../ledger.ts";
import type { SiteContext } from "../site-context.ts";
import { needDeployment } from "./deployment-id.ts";

export interface ToldStatus {
  readonly status: DeploymentStatus;
  /** In the device's own words. */
  readonly substate: string | null;
}

/**
 * A device says how far it is with a deployment. How it ended is always taken; on its way it may hear
 * that it is to `abort`: stop, and roll back what it did.
 *
 * @throws AppError "not-found" for a deployment that is not this device's
 */
export function hearStatus(
  context: SiteContext,
  { id }: Device,
  deployment: string,
  told: ToldStatus,
): Promise<"go-on" | "abort"> {
  return hearReports(context, id, "mender", (ledger) => {
    const { row, attempt } = needDeployment(ledger, deployment);
    const report = {
      distribution: row.distribution,
      source: "mender" as const,
      protocol: "mender" as const,
      attempt,
      text: told.substate,
    };
    const standing = standingOf(row, attempt);
    const isCalledOff = standing === "stopped" || standing === "withdrawn";
    if (told.status === "failure" && isCalledOff) {
      // Its word for having left, and rolled back, what it was told to leave.
      const text = `the device stopped: failure${told.substate ? `, ${told.substate}` : ""}`;
      reportCancelled(context, ledger, { ...report, text });
      return "go-on";
    }
    const isFinal = FINAL_STATUSES.has(told.status);
    // What comes after the end is history, whatever it says.
    const sequence = standing === "ended" && !isFinal ? 0 : null;
    take(ledger, { ...report, value: told.status, sequence });
    if (isFinal || standing === "wanted") return "go-on";
    if (standing === "withdrawn") {
      const text = "the device began too late and was told to stop";
      reportCancelled(context, ledger, { ...report, text });
    }
    return "abort";
  });

  function take(ledger: Ledger, report: Parameters<typeof reportWork>[2]): void {
    const reported = reportWork(context, ledger, report);
    if ("refused" in reported) throw new AppError("unprocessable", reported.refused);
  }
}

/** Is the device to go on with this attempt? */
function standingOf(
  row: Installation,
  attempt: number,
): "wanted" | "outdated" | "stopped" | "ended" | "withdrawn" {
  if (attempt < row.attempt) return "outdated";
  if (!isOpen(row)) return "ended";
  // Stopped or superseded: it is in hand until the device has left it.
  if (!row.counted) return "stopped";
  // Its window ended, or compliance holds it, before the device had said that it began.
  if (row.offeredAtMs === null && !hasBegun(row)) return "withdrawn";
  return "wanted";
}
