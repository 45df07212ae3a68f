import { firstError, type LogLine, logText } from "../../../protocols/mender/device-log.ts";
import type { Device } from "../../model/device.ts";
import { WORDS_CHARACTERS_MAX } from "../../model/limits.ts";
import { hearReports } from "../contact/contact.ts";
import { reportStep, reportWork } from "../contact/report-work.ts";
import type { SiteContext } from "../site-context.ts";
import { needDeployment } from "./deployment-id.ts";

/** A piece of a device's log, in the history. */
const MENDER_LOG = "log";
/** Of one attempt's log its end is kept, where the failure is, as so many entries of the row's history. */
export const LOG_PIECES_MAX = 8;

/**
 * A device sends what it wrote down about a deployment that failed: it becomes history of the row, once for
 * an attempt, and the first error in it is said beside the failure.
 *
 * @throws AppError "not-found" for a deployment that is not this device's
 */
export function hearLog(
  context: SiteContext,
  { id }: Device,
  deployment: string,
  lines: readonly LogLine[],
): Promise<void> {
  return hearReports(context, id, "mender", async (ledger) => {
    const { row, attempt } = needDeployment(ledger, deployment);
    const { distribution, lastErrorText } = row;
    const jobs = await context.store.jobs(id);
    const isKept = jobs.some(
      (job) =>
        job.protocol === "mender" && job.distribution === distribution && job.attempt === attempt,
    );
    if (isKept) return;
    const report = {
      distribution,
      source: "mender",
      protocol: "mender",
      attempt,
    } as const;
    for (const text of piecesOf(logText(lines))) {
      reportStep(context, ledger, { ...report, value: MENDER_LOG, text });
    }
    const isLatest = row.attempt === attempt && row.status === "failed";
    if (isLatest) {
      const text = firstError(lines) ?? lastErrorText;
      reportWork(context, ledger, { ...report, value: "failure", text });
    }
    const nowMs = context.now();
    const state = JSON.stringify({ logAtMs: nowMs });
    ledger.setJob({ distribution, attempt, protocol: "mender", state, updatedAtMs: nowMs });
  });
}

/** The end of a text in pieces, broken between lines where it can be. */
export function piecesOf(text: string): readonly string[] {
  const pieces: string[] = [];
  let rest = text.trimEnd();
  while (rest !== "" && pieces.length < LOG_PIECES_MAX) {
    const isAll = rest.length <= WORDS_CHARACTERS_MAX;
    const tail = rest.slice(-WORDS_CHARACTERS_MAX);
    const line = isAll ? 0 : tail.indexOf("\n") + 1;
    pieces.unshift(tail.slice(line));
    rest = isAll ? "" : rest.slice(0, rest.length - tail.length + line).trimEnd();
  }
  return pieces;
}
