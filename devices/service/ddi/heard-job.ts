import type { DeviceJob } from "../../model/agent-device.ts";
import type { Device } from "../../model/device.ts";
import { AppError } from "../../model/errors.ts";
import type { Installation } from "../../model/installation.ts";
import { hearReports } from "../contact/contact.ts";
import { reportWork, type WorkReport } from "../contact/report-work.ts";
import type { Ledger } from "../ledger.ts";
import type { SiteContext } from "../site-context.ts";
import { autoConfirmOf } from "./attributes.ts";
import type { DdiContext } from "./ddi-context.ts";
import { type JobState, stateOf } from "./job-state.ts";

/** What became of a report: `gone` is 410, the job is over. */
export type Taken = "taken" | "gone";

/** A job that a device says something of. */
export interface Heard {
  readonly ledger: Ledger;
  readonly job: DeviceJob;
  /** All of the device. */
  readonly jobs: readonly DeviceJob[];
  readonly row: Installation;
  readonly state: JobState;
}

/** @throws AppError "not-found" for a job that is not the device's */
export function withJob<T>(
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
export function isPast(row: Installation, job: DeviceJob, { device }: Ledger): boolean {
  return row.attempt !== job.attempt || row.incarnation < device.incarnation;
}

/** Does it wait for its user's consent? */
export async function isAsked(
  { site }: DdiContext,
  { device }: Ledger,
  row: Installation,
  { confirmed }: JobState,
): Promise<boolean> {
  const distribution = site.policy.read().distributionsById.get(row.distribution);
  if (confirmed || (distribution?.question ?? null) === null) return false;
  return autoConfirmOf(await site.store.attributes(device.id)) === null;
}

export function reportOf({ distribution, attempt }: DeviceJob) {
  return { distribution, attempt, source: "ddi", protocol: "ddi" } as const;
}

/** @throws AppError "unprocessable" for a word that means nothing */
export function report(site: SiteContext, ledger: Ledger, said: WorkReport): void {
  const reported = reportWork(site, ledger, said);
  if ("refused" in reported) throw new AppError("unprocessable", reported.refused);
}
