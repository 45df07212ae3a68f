import {
  type Confirmation,
  DETAILS_MAX,
  type Feedback,
  type InstalledBase,
} from "../../../protocols/ddi/requests.ts";
import { DENIED } from "../../install/progress.ts";
import { isInHand } from "../../install/waiting.ts";
import { AppError } from "../../model/errors.ts";
import { hearReports } from "../contact/contact.ts";
import { refuseCancel, reportCancelled } from "../contact/report-work.ts";
import { isCalledOff } from "./current-jobs.ts";
import type { DdiClient, DdiContext } from "./ddi-context.ts";
import { isAsked, isPast, report, reportOf, type Taken, withJob } from "./heard-job.ts";
import { FEEDBACKS_MAX, keepJob, stateOf } from "./job-state.ts";

/** How a device's answer to a cancellation begins in its row's history. */
export const CANCEL_WORD = "cancel: ";

/**
 * A device answers that it is to drop a job. Only `closed` says that it did. [issue 952]
 *
 * @throws AppError "not-found" for a job that is not the device's, "conflict" when it is not to be dropped
 */
export function takeCancelFeedback(
  context: DdiContext,
  { device }: DdiClient,
  number: number,
  feedback: Feedback,
): Promise<Taken> {
  return withJob(context, device, number, ({ ledger, job, row, state }) => {
    const word = `${feedback.execution}/${feedback.result.finished}`;
    if (state.ended?.outcome === "canceled" && feedback.execution === "closed") return "taken";
    if (!isCalledOff(row, job)) {
      throw new AppError("conflict", `the job ${number} is not to be dropped`);
    }
    const nowMs = context.site.now();
    const text = [`${CANCEL_WORD}${word}`, ...feedback.details].slice(0, DETAILS_MAX).join("\n");
    const said = { ...reportOf(job), text };
    const isRefused = feedback.execution === "rejected" || word === "closed/failure";
    // It cannot refuse to drop what it never had.
    if (isRefused && (isInHand(row) || state.told !== null)) {
      refuseCancel(context.site, ledger, said);
      keepJob(ledger, job, job, { ...state, cancelling: false, cancelRefused: true }, nowMs);
    } else if (isRefused || feedback.execution === "closed") {
      reportCancelled(context.site, ledger, said);
      const ended = { outcome: "canceled" as const, word, atMs: nowMs };
      keepJob(ledger, job, job, { ...state, cancelling: false, ended }, nowMs);
    } else if (state.feedbacks < FEEDBACKS_MAX) {
      report(context.site, ledger, { ...said, value: "canceled" });
      keepJob(ledger, job, job, { ...state, feedbacks: state.feedbacks + 1 }, nowMs);
    }
    return "taken";
  });
}

/** Its user was asked. @throws AppError "not-found" where nobody was */
export function takeConfirmation(
  context: DdiContext,
  { device }: DdiClient,
  number: number,
  { confirmation, details, code }: Confirmation,
): Promise<Taken> {
  return withJob(context, device, number, async ({ ledger, job, row, state }) => {
    if (state.ended !== null || isPast(row, job, ledger)) return "gone";
    if (!(await isAsked(context, ledger, row, state))) {
      throw new AppError("not-found", `the job ${number} does not wait for consent`);
    }
    const nowMs = context.site.now();
    const said = [confirmation, ...(code === null ? [] : [`code ${code}`]), ...details];
    const text = said.slice(0, DETAILS_MAX).join("\n");
    const isConfirmed = confirmation === "confirmed";
    const isKept = isConfirmed || state.feedbacks < FEEDBACKS_MAX;
    if (isKept) {
      const value = isConfirmed ? "scheduled" : "rejected";
      report(context.site, ledger, { ...reportOf(job), value, text });
    }
    if (!isConfirmed) ledger.note(row.distribution, { nativeValue: DENIED });
    const answered = isConfirmed ? { confirmed: true } : { deniedAtMs: nowMs };
    const feedbacks = state.feedbacks + (isKept ? 1 : 0);
    keepJob(ledger, job, job, { ...state, ...answered, feedbacks }, nowMs);
    return "taken";
  });
}

/**
 * A device says what was installed on it by other means: what is distributed to it in this version is
 * there, and its job is over.
 *
 * @throws AppError "not-found" when nothing of that name and version is distributed to it
 */
export function takeInstalled(
  { site }: DdiContext,
  { device }: DdiClient,
  { name, version }: InstalledBase,
): Promise<"changed" | "unchanged"> {
  return hearReports(site, device.id, "ddi", async (ledger) => {
    const policy = site.policy.read();
    const rows = ledger.rows.filter((one) => {
      const app = policy.packages.get(one.package);
      const isNamed = app?.name === name || app?.id === name;
      const isOfThisLife = one.incarnation === device.incarnation;
      return (
        isNamed && isOfThisLife && one.targetVersion === version && one.operation !== "uninstall"
      );
    });
    const row = rows.find(({ counted }) => counted) ?? rows[0];
    if (!row) {
      throw new AppError("not-found", `nothing named ${name} ${version} is meant for this device`);
    }
    if (row.status === "installed") return "unchanged";
    report(site, ledger, {
      distribution: row.distribution,
      source: "ddi",
      protocol: "ddi",
      value: "closed/success",
      text: "installed by other means",
    });
    const job = (await site.store.jobs(device.id)).find(
      (one) =>
        one.protocol === "ddi" &&
        one.distribution === row.distribution &&
        one.attempt === row.attempt,
    );
    const state = stateOf(job);
    if (job && state.ended === null) {
      const ended = { outcome: "installed" as const, word: "closed/success", atMs: site.now() };
      keepJob(ledger, job, job, { ...state, cancelling: false, ended }, site.now());
    }
    return "changed";
  });
}
