import {
  awaitsRestart,
  isAfterRestart,
  isBeginning,
  isSkipped,
  saysSkipped,
} from "../../../protocols/ddi/clients.ts";
import { DETAILS_MAX, type Feedback } from "../../../protocols/ddi/requests.ts";
import { ONLY_FETCHED } from "../../install/progress.ts";
import { hasBegun, isOfFormerLife } from "../../install/waiting.ts";
import { AppError } from "../../model/errors.ts";
import { reportCancelled, reportStep } from "../contact/report-work.ts";
import type { SiteContext } from "../site-context.ts";
import { isCalledOff, windowOf } from "./current-jobs.ts";
import type { DdiClient, DdiContext } from "./ddi-context.ts";
import { type Heard, isAsked, isPast, report, reportOf, type Taken, withJob } from "./heard-job.ts";
import { FEEDBACKS_MAX, type JobOutcome, type JobState, keepJob, stateOf } from "./job-state.ts";

/**
 * A device says how a job goes. An end that is told again is one end; anything else about a job that is
 * over is written down and `gone`, and so is swupdate's first word outside of the job's window: it stops
 * there.
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
    const hearing = new Hearing(context.site, heard, feedback);
    const { ended } = state;
    // What was only to be fetched may be installed later: that is told once.
    const isLate = ended?.outcome === "downloaded" && feedback.execution === "closed";
    if (isTold(ended, hearing.word)) return "taken";
    if (isPast(row, job, ledger) || (ended !== null && !isLate)) {
      hearing.takeLate();
      return "gone";
    }
    if (await isAsked(context, ledger, row, state)) {
      throw new AppError("not-found", `the job ${number} waits for the user's consent`);
    }
    return hearing.take();
  });
}

/** The same end again. One who drops a job says `closed` of the order to, and not of the job. */
function isTold(ended: JobState["ended"], word: string): boolean {
  return ended?.word === word && !(ended.outcome === "canceled" && word.startsWith("closed/"));
}

/** One feedback about a job. */
class Hearing {
  /** As `execution/finished`. */
  readonly word: string;
  readonly #site: SiteContext;
  readonly #heard: Heard;
  readonly #feedback: Feedback;
  /** It was at it before it said this. */
  readonly #begun: boolean;

  constructor(site: SiteContext, heard: Heard, feedback: Feedback) {
    this.#site = site;
    this.#heard = heard;
    this.#feedback = feedback;
    this.word = `${feedback.execution}/${feedback.result.finished}`;
    this.#begun = hasBegun(heard.row) || heard.state.ended?.outcome === "downloaded";
  }

  /** About a job that is not over. */
  take(): Taken {
    const { state } = this.#heard;
    const isForeign = isAfterRestart(this.#feedback) && !this.#begun && !this.#isAwaited();
    const isStopped = isBeginning(this.#feedback) && this.#isOutsideWindow();
    if ((isForeign || this.#isTalk()) && this.#isBeyondQuota()) return isStopped ? "gone" : "taken";
    if (isForeign) {
      this.#remark("said of an update that it has not begun here");
      this.#keep({});
      return "taken";
    }
    if (isStopped) {
      this.#leave("not begun outside of its window");
      this.#keep({});
      return "gone";
    }
    if (isSkipped(this.#feedback, state.told, this.#begun)) this.#skip();
    else if (this.#feedback.execution === "canceled") this.#abandon();
    else this.#hear();
    return "taken";
  }

  /**
   * About a job that is over. What was done although it was to be dropped, or had failed, is done; the rest
   * moves nothing. Of a former attempt all is history.
   */
  takeLate(): void {
    const { ledger, job, row, state } = this.#heard;
    const { outcome } = state.ended ?? {};
    const isFormer = row.attempt !== job.attempt && !isOfFormerLife(row, ledger.device);
    const isDone =
      !isFormer && this.#isSuccess() && (outcome === "canceled" || outcome === "failed");
    if (!isDone && this.#isBeyondQuota()) return;
    if (isDone) {
      this.#report(this.word);
      this.#end("installed");
      return;
    }
    if (isFormer) this.#report(this.word);
    else {
      const text = [OVER, textOf(this.#feedback)].filter((part) => part !== null).join(": ");
      reportStep(this.#site, ledger, { ...reportOf(job), value: this.word, text });
    }
    this.#keep({});
  }

  /** It says that it installed this job, and not what it says behind any restart or of what it skipped. */
  #isSuccess(): boolean {
    const { execution, result } = this.#feedback;
    const { state } = this.#heard;
    if (execution !== "closed" || result.finished === "failure") return false;
    if (isSkipped(this.#feedback, state.told, this.#begun)) return false;
    return !isAfterRestart(this.#feedback) || state.awaitsRestart;
  }

  /** Nothing follows from it for the job. */
  #isTalk(): boolean {
    const { execution } = this.#feedback;
    const { awaitsRestart: former } = this.#heard.state;
    if (execution === "closed" || execution === "canceled" || this.#isFetched()) return false;
    return former || !awaitsRestart(this.#feedback, former);
  }

  #isBeyondQuota(): boolean {
    const { state, job } = this.#heard;
    if (state.feedbacks < FEEDBACKS_MAX) return false;
    this.#site.log.warn("ddi-feedback-beyond-quota", { device: job.device, job: job.id });
    return true;
  }

  /** To be fetched and not installed: what is there is ahead of an installation. */
  #isAhead(): boolean {
    const { toldClosed, told } = this.#heard.state;
    return !this.#begun && (toldClosed || told === "skip");
  }

  /** It has all that it was only to fetch. */
  #isFetched(): boolean {
    const { toldClosed } = this.#heard.state;
    return this.#isAhead() && !toldClosed && this.#feedback.execution === "downloaded";
  }

  #hear(): void {
    const { state } = this.#heard;
    const { execution, result } = this.#feedback;
    if (execution === "closed") {
      this.#report(this.word);
      this.#end(result.finished === "failure" ? "failed" : "installed");
      return;
    }
    if (this.#isFetched()) {
      this.#report(ONLY_FETCHED);
      this.#end("downloaded");
      return;
    }
    this.#report(this.#isAhead() ? `${this.word}/unavailable` : this.word);
    this.#keep({ awaitsRestart: awaitsRestart(this.#feedback, state.awaitsRestart) });
  }

  /** It says that it is done with what it did not do. */
  #skip(): void {
    const { ledger, row, job, state } = this.#heard;
    const why = "skipped, not installed";
    if (isCalledOff(row, job)) {
      reportCancelled(this.#site, ledger, { ...reportOf(job), text: this.#textWith(why) });
      this.#end("canceled");
    } else if (state.toldClosed) {
      this.#leave(why);
      // It is asked again once the window opens.
      this.#keep({ skipped: true, awaitsRestart: false });
    } else if (state.told === "skip" && !saysSkipped(this.#feedback)) {
      this.#report(ONLY_FETCHED, this.#textWith(why));
      this.#end("downloaded");
    } else {
      this.#remark(why);
      this.#end("skipped");
      this.#fail(this.#textWith(why));
    }
  }

  /** It left the job by itself: that is to be done anew, as new work. */
  #abandon(): void {
    const { ledger, job } = this.#heard;
    this.#report(this.word);
    ledger.note(job.distribution, { stale: true, lastErrorText: "the device left the job" });
    this.#end("canceled");
  }

  /** It has not begun it; and what it had begun before, it knows nothing of any more. */
  #leave(why: string): void {
    const { ledger, job } = this.#heard;
    const text = this.#textWith(why);
    if (this.#begun) reportCancelled(this.#site, ledger, { ...reportOf(job), text });
    else this.#report("rejected", text);
  }

  /** Written down, and moves nothing. */
  #remark(why: string): void {
    this.#report("rejected", this.#textWith(why));
  }

  #fail(text: string): void {
    const { ledger, row } = this.#heard;
    ledger.decide(row.distribution, {
      value: "skipped",
      by: "site",
      atMs: this.#site.now(),
      text,
      protocol: "ddi",
      change: {
        status: "failed",
        state: row.platform === "Android" ? "Unexpected error occurred" : "Installation failed",
        lastErrorText: text,
      },
    });
  }

  #report(value: string, text: string | null = textOf(this.#feedback)): void {
    const { ledger, job } = this.#heard;
    report(this.#site, ledger, { ...reportOf(job), value, text });
  }

  #textWith(why: string): string {
    return `${why}: ${this.word} ${textOf(this.#feedback) ?? ""}`.trim();
  }

  #end(outcome: JobOutcome): void {
    this.#keep({ ended: { outcome, word: this.word, atMs: this.#site.now() } });
  }

  #keep(change: Partial<JobState>): void {
    const { ledger, job, state } = this.#heard;
    const kept = { ...state, feedbacks: state.feedbacks + 1, ...change };
    keepJob(ledger, job, job, kept, this.#site.now());
  }

  #isOutsideWindow(): boolean {
    const { ledger, row } = this.#heard;
    const found = this.#site.policy.read().distributionsById.get(row.distribution);
    return found !== undefined && windowOf(ledger, found, this.#site.now()) === "unavailable";
  }

  /** The same work was installed in a former attempt, whose end was not told. */
  #isAwaited(): boolean {
    const { job, jobs } = this.#heard;
    return jobs.some((one) => {
      const { awaitsRestart: waits, ended } = stateOf(one);
      return one.distribution === job.distribution && one.id !== job.id && waits && ended === null;
    });
  }
}

const OVER = "said of a job that was over";

function textOf({ details, code, result }: Feedback): string | null {
  const { progress } = result;
  const lines = [
    ...details.slice(0, DETAILS_MAX),
    ...(progress?.cnt == null ? [] : [`${progress.cnt} of ${progress.of ?? "?"}`]),
    ...(code === null ? [] : [`code ${code}`]),
  ];
  return lines.length === 0 ? null : lines.join("\n");
}
