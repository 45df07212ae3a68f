import type { JobTerms } from "../../../protocols/ddi/answers.ts";
import type { DeviceJob } from "../../model/agent-device.ts";
import type { Ledger } from "../ledger.ts";

/** Feedback of one job that is kept, as hawkBit has it; what ends or moves it is always taken. */
export const FEEDBACKS_MAX = 1_000;

export type JobOutcome = "installed" | "failed" | "canceled" | "downloaded" | "skipped";

/** What is kept of a job beside its row. */
export interface JobState {
  /** What the device was last told about the update; null: it has not come for the job yet. */
  readonly told: JobTerms["update"] | null;
  /** Its window was closed when it was told. */
  readonly toldClosed: boolean;
  /** Its user said yes. */
  readonly confirmed: boolean;
  /** When its user last said no. */
  readonly deniedAtMs: number | null;
  /** It said of a closed window that it was done: it is not shown one again. */
  readonly skipped: boolean;
  /** Somebody cancelled it, and the device has not answered; it may not even have come for the job. */
  readonly cancelling: boolean;
  /** It said that it cannot drop it: it is asked again only where somebody cancels it again. */
  readonly cancelRefused: boolean;
  /** It has installed everything, and tells how it went behind a restart. */
  readonly awaitsRestart: boolean;
  readonly feedbacks: number;
  readonly ended: {
    readonly outcome: JobOutcome;
    /** The feedback that ended it, as `execution/finished`. */
    readonly word: string;
    readonly atMs: number;
  } | null;
}

export const NEW_JOB: JobState = {
  told: null,
  toldClosed: false,
  confirmed: false,
  deniedAtMs: null,
  skipped: false,
  cancelling: false,
  cancelRefused: false,
  awaitsRestart: false,
  feedbacks: 0,
  ended: null,
};

export function stateOf(job: Pick<DeviceJob, "state"> | undefined): JobState {
  return job === undefined ? NEW_JOB : { ...NEW_JOB, ...JSON.parse(job.state) };
}

/** Writes the state of a job, which is made if there is none. The same state again changes nothing. */
export function keepJob(
  ledger: Ledger,
  { distribution, attempt }: Pick<DeviceJob, "distribution" | "attempt">,
  former: DeviceJob | undefined,
  state: JobState,
  nowMs: number,
): void {
  const text = JSON.stringify(state);
  if (former?.state === text) return;
  ledger.setJob({ distribution, attempt, protocol: "ddi", state: text, updatedAtMs: nowMs });
}
