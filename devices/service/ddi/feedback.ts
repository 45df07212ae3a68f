import {
  awaitsRestart,
  isAfterRestart,
  isBeginning,
  isSkipped,
} from "../../../protocols/ddi/clients.ts";
import {
  type Confirmation,
  DETAILS_MAX,
  type Feedback,
  type InstalledBase,
} from "../../../protocols/ddi/requests.ts";
import { hasBegun, isInHand } from "../../install/waiting.ts";
import type { DeviceJob } from "../../model/agent-device.ts";
import type { Device } from "../../model/device.ts";
import { AppError } from "../../model/errors.ts";
import type { Installation } from "../../model/installation.ts";
import { hearReports } from "../contact/contact.ts";
import {
  refuseCancel,
  reportCancelled,
  reportWork,
  type WorkReport,
} from "../contact/report-work.ts";
import type { Ledger } from "../ledger.ts";
import type { SiteContext } from "../site-context.ts";
import { autoConfirmOf } from "./attributes.ts";
import { isCalledOff, windowOf } from "./current-jobs.ts";
import type { DdiClient, DdiContext } from "./ddi-context.ts";
import { FEEDBACKS_MAX, type JobOutcome, type JobState, keepJob, stateOf } from "./job-state.ts";

/** How a device's answer to a cancellation begins in its row's history. */
export const CANCEL_WORD = "cancel: ";

/** What became of a report: `gone` is 410, the job is over. */
export type Taken = "taken" | "gone";

/**
 * A device says how a job goes. An end that is told again is one end; anything else about a job that is
 * over is `gone`, and so is swupdate's first word outside of the job's window: it stops there.
 *
 * @throws AppError "not-found" for a job that is not the device's, or that its user has not consented to
 */
export function takeFeedback(
  context: DdiContext,
  { device }: DdiClient,
  number: number,
  feedback: Feedback,
): Promise<Taken> {
  return withJob(context, device, number, async (heard) => {
    const { ledger, job, row, state } = heard;
    const word = `${feedback.execution}/${feedback.result.finished}`;
    if (state.ended !== null) return state.ended.word === word ? "taken" : "gone";
    if (isPast(row, job, ledger)) return "gone";
    if (await isAsked(context, ledger, row, state)) {
      throw new AppError("not-found", `the job ${number} waits for the user's consent`);
    }
    return hear(context, heard, feedback, word);
  });
}

function hear({ site }: DdiContext, heard: Heard, feedback: Feedback, word: string): Taken {
  const { ledger, job, row, state } = heard;
  const { execution, result } = feedback;
  const nowMs = site.now();
  const keep = (change: Partial<JobState>) =>
    keepJob(ledger, job, job, { ...state, feedbacks: state.feedbacks + 1, ...change }, nowMs);
  const ends = (outcome: JobOutcome) => keep({ ended: { outcome, word, atMs: nowMs } });
  const said = { ...reportOf(job), text: textOf(feedback) };
  const begun = hasBegun(row);
  const isForeign = isAfterRestart(feedback) && !begun && !isAwaitedElsewhere(heard);

  if ((execution !== "closed" || isForeign) && state.feedbacks >= FEEDBACKS_MAX) {
    site.log.warn("ddi-feedback-beyond-quota", { device: job.device, job: job.id });
    return "taken";
  }
  if (isForeign) {
    const text = `said of an update that it has not begun here: ${word} ${said.text ?? ""}`.trim();
    report(site, ledger, { ...said, value: "rejected", text });
    keep({});
    return "taken";
  }
  if (isBeginning(feedback) && isOutsideWindow(site, ledger, row)) {
    const text = `not begun outside of its window: ${said.text ?? ""}`;
    // Whoever begins anew has lost what it had.
    if (begun) reportCancelled(site, ledger, { ...said, text });
    else report(site, ledger, { ...said, value: "rejected", text });
    keep({});
    return "gone";
  }
  if (isSkipped(feedback, state.told, begun)) {
    const text = `skipped, not installed: ${word} ${said.text ?? ""}`.trim();
    if (isCalledOff(row, job)) {
      reportCancelled(site, ledger, { ...said, text });
      ends("canceled");
      return "taken";
    }
    // What it had begun it knows nothing of any more.
    if (begun) reportCancelled(site, ledger, { ...said, text });
    else report(site, ledger, { ...said, value: "rejected", text });
    // With its window closed it is asked again once it opens; without one it will not do it at all.
    if (state.toldClosed) keep({ skipped: true, awaitsRestart: false });
    else ends("skipped");
    return "taken";
  }
  if (execution === "canceled") {
    report(site, ledger, { ...said, value: word });
    // It left the job by itself: that is to be done anew, as new work.
    ledger.note(job.distribution, { stale: true, lastErrorText: "the device left the job" });
    ends("canceled");
    return "taken";
  }
  // To be fetched and not installed: what is there is ahead of an installation.
  const isAhead = !begun && (state.toldClosed || state.told === "skip");
  report(site, ledger, {
    ...said,
    value: isAhead && execution !== "closed" ? `${word}/unavailable` : word,
  });
  if (execution === "closed") ends(result.finished === "failure" ? "failed" : "installed");
  else if (execution === "downloaded" && state.told === "skip" && !state.toldClosed)
    ends("downloaded");
  else keep({ awaitsRestart: awaitsRestart(feedback, state.awaitsRestart) });
  return "taken";
}

function isOutsideWindow(
  site: SiteContext,
  ledger: Ledger,
  { distribution }: Installation,
): boolean {
  const found = site.policy.read().distributionsById.get(distribution);
  return found !== undefined && windowOf(ledger, found, site.now()) === "unavailable";
}

/** The same work was installed in a former attempt, whose end was not told. */
function isAwaitedElsewhere({ job, jobs }: Heard): boolean {
  return jobs.some((one) => {
    const { awaitsRestart: waits, ended } = stateOf(one);
    return one.distribution === job.distribution && one.id !== job.id && waits && ended === null;
  });
}

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
      keepJob(ledger, job, job, { ...state, cancelling: false }, nowMs);
    } else if (isRefused || feedback.execution === "closed") {
      reportCancelled(context.site, ledger, said);
      const ended = { outcome: "canceled" as const, word, atMs: nowMs };
      keepJob(ledger, job, job, { ...state, cancelling: false, ended }, nowMs);
    } else {
      report(context.site, ledger, { ...said, value: "canceled" });
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
    const value = confirmation === "confirmed" ? "scheduled" : "rejected";
    report(context.site, ledger, { ...reportOf(job), value, text });
    const answered = confirmation === "confirmed" ? { confirmed: true } : { deniedAtMs: nowMs };
    keepJob(ledger, job, job, { ...state, ...answered }, nowMs);
    return "taken";
  });
}

/**
 * A device says what was installed on it by other means: what is distributed to it in this version is
 * there.
 *
 * @throws AppError "not-found" when nothing of that name and version is distributed to it
 */
export function takeInstalled(
  { site }: DdiContext,
  { device }: DdiClient,
  { name, version }: InstalledBase,
): Promise<"changed" | "unchanged"> {
  return hearReports(site, device.id, "ddi", (ledger) => {
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
    return "changed";
  });
}

interface Heard {
  readonly ledger: Ledger;
  readonly job: DeviceJob;
  /** All of the device. */
  readonly jobs: readonly DeviceJob[];
  readonly row: Installation;
  readonly state: JobState;
}

function withJob<T>(
  { site }: DdiContext,
  device: Device,
  number: number,
  hear: (heard: Heard) => T | Promise<T>,
): Promise<T> {
  return hearReports(site, device.id, "ddi", async (ledger) => {
    const jobs = await site.store.jobs(device.id);
    const job = jobs.find((one) => one.id === number && one.protocol === "ddi");
    const row = job && ledger.row(job.distribution);
    if (!row) throw new AppError("not-found", `the device has no job ${number}`);
    return hear({ ledger, job, jobs, row, state: stateOf(job) });
  });
}

/** Another attempt has begun, or the device another life. */
function isPast(row: Installation, job: DeviceJob, { device }: Ledger): boolean {
  return row.attempt !== job.attempt || row.incarnation < device.incarnation;
}

async function isAsked(
  { site }: DdiContext,
  { device }: Ledger,
  row: Installation,
  { confirmed }: JobState,
): Promise<boolean> {
  const distribution = site.policy.read().distributionsById.get(row.distribution);
  if (confirmed || (distribution?.question ?? null) === null) return false;
  return autoConfirmOf(await site.store.attributes(device.id)) === null;
}

function reportOf({ distribution, attempt }: DeviceJob) {
  return { distribution, attempt, source: "ddi", protocol: "ddi" } as const;
}

function report(site: SiteContext, ledger: Ledger, said: WorkReport): void {
  const reported = reportWork(site, ledger, said);
  if ("refused" in reported) throw new AppError("unprocessable", reported.refused);
}

function textOf({ details, code, result }: Feedback): string | null {
  const { progress } = result;
  const lines = [
    ...details.slice(0, DETAILS_MAX),
    ...(progress?.cnt == null ? [] : [`${progress.cnt} of ${progress.of ?? "?"}`]),
    ...(code === null ? [] : [`code ${code}`]),
  ];
  return lines.length === 0 ? null : lines.join("\n");
}
