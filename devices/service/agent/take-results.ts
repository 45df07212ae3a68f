import type { TakenResults } from "../../../protocols/agent/answers.ts";
import type { AgentResult } from "../../../protocols/agent/requests.ts";
import { STEP_RESULTS, type StepResult } from "../../../protocols/agent/words.ts";
import { stepText } from "../../install/work-words.ts";
import type { DeviceId } from "../../model/ids.ts";
import { parseDistributionId } from "../../model/ids.ts";
import { hearReports } from "../contact/contact.ts";
import {
  type Reported,
  refuseCancel,
  reportCancelled,
  reportCheck,
  reportStep,
  reportWork,
  type WorkReport,
} from "../contact/report-work.ts";
import type { Ledger } from "../ledger.ts";
import type { SiteContext } from "../site-context.ts";
import { afterHearing, type Heard, heardText, readHeard } from "./heard-sequences.ts";

/**
 * Takes in what an agent reports, in its order. Durable when this resolves, but for what is refused; what
 * was heard before is not written down again. [PROTOCOL 5]
 */
export function takeResults(
  context: SiteContext,
  id: DeviceId,
  results: readonly AgentResult[],
): Promise<TakenResults> {
  return hearReports(context, id, "agent", async (ledger) => {
    const heard = new Map<string, Heard>();
    const { incarnation: life } = ledger.device;
    for (const job of await context.store.jobs(id)) {
      if (job.protocol !== "agent") continue;
      heard.set(keyOf(job.distribution, job.attempt), readHeard(job.state, life));
    }
    const touched = new Set<string>();
    const refused: { index: number; reason: string }[] = [];
    let poll = false;
    for (const [index, result] of results.entries()) {
      const distribution = parseDistributionId(result.distribution);
      if (!distribution || !ledger.row(distribution)) {
        refused.push({ index, reason: `"${result.distribution}" is no work of this device` });
        continue;
      }
      const key = keyOf(distribution, result.attempt);
      const after = afterHearing(heard.get(key) ?? [], result.sequence);
      if (after === undefined) {
        // Its answer was lost, and with it that there is another plan.
        poll ||= CHANGES_PLAN.has(result.result);
        continue;
      }
      const taken = take(context, ledger, { ...result, distribution });
      if ("refused" in taken) {
        refused.push({ index, reason: taken.refused });
        continue;
      }
      heard.set(key, after);
      touched.add(key);
      poll ||= taken.effect !== "late" && CHANGES_PLAN.has(result.result);
    }
    for (const key of touched) {
      const [distribution, attempt] = key.split(" ");
      const row = ledger.rows.find((one) => one.distribution === distribution);
      if (!row) continue;
      ledger.setJob({
        distribution: row.distribution,
        attempt: Number(attempt),
        protocol: "agent",
        state: heardText(heard.get(key) ?? [], life),
        updatedAtMs: context.now(),
      });
    }
    // An agent that was set back to a former state goes on behind all that was heard of it, steps included.
    const sequence = Math.max(ledger.device.sequence, ...results.map((one) => one.sequence));
    if (sequence > ledger.device.sequence) ledger.patchDevice({ sequence });
    return { refused, sequence, poll };
  });
}

/** Words after which there is something else to do. */
const CHANGES_PLAN: ReadonlySet<string> = new Set(["provision-needed", "drifted"]);

const keyOf = (distribution: string, attempt: number) => `${distribution} ${attempt}`;

type Told = Omit<AgentResult, "distribution"> & Pick<WorkReport, "distribution">;

function take(context: SiteContext, ledger: Ledger, told: Told): Reported {
  const { result, at, error, version } = told;
  const report: WorkReport = {
    distribution: told.distribution,
    source: "agent",
    protocol: "agent",
    value: result,
    text: textOf(told),
    lastError: error ?? null,
    version: version ?? null,
    attempt: told.attempt,
    sequence: told.sequence,
    atMs: at === undefined ? null : Date.parse(at),
  };
  if (isStepResult(result)) return reportStep(context, ledger, report);
  const row = ledger.row(told.distribution);
  switch (result) {
    case "accepted":
    case "rebooting":
      return reportStep(context, ledger, report);
    case "drifted":
      return reportCheck(context, ledger, report, "drifted");
    case "up-to-date":
      return row?.status === "installed" && row.operation !== "uninstall"
        ? reportCheck(context, ledger, report, "holds")
        : reportWork(context, ledger, report);
    case "cancelled":
      return reportCancelled(context, ledger, report);
    case "cancel-refused":
      return refuseCancel(context, ledger, report);
    default:
      return reportWork(context, ledger, report);
  }
}

function textOf({ step, exitCode, text }: Told): string | null {
  if (step) return stepText({ ...step, exitCode: exitCode ?? null, text: text ?? null });
  const parts = [
    ...(exitCode === undefined ? [] : [`exit code ${exitCode}`]),
    ...(text ? [text] : []),
  ];
  return parts.length === 0 ? null : parts.join(": ");
}

function isStepResult(word: string): word is StepResult {
  return STEP_RESULTS.some((one) => one === word);
}
