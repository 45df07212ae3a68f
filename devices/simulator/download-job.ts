/**
 * The work behind an Exec of DownloadInstall: CONFIRM, QUEUED, DOWNLOADING, DOWNLOADED, INSTALLING
 * and an end, at the times its course says. It goes on while nobody asks; the server sees whatever
 * is true when it asks.
 */

import { compareVersions } from "../model/version.ts";
import type { AppState, Download } from "./app-state.ts";
import { withDownload, withInstalled } from "./app-state.ts";
import type { Course } from "./behaviour.ts";
import { FAILURES, type Failure, failureOfHttpStatus } from "./download-status.ts";
import {
  type Fetch,
  type FetchOutcome,
  fetchContent,
  looksLikePackage,
  newPartialFile,
  type PartialFile,
} from "./fetch-content.ts";
import type { Random } from "./random.ts";

/** A download that was broken this often is given up. */
export const BREAKS_MAX = 6;
const RETRY_MS = 30_000;
/** "Later" is said this often before the user agrees. */
const LATER_MAX = 2;

export interface Job {
  readonly product: string;
  readonly url: string;
  readonly course: Course;
  readonly partial: PartialFile;
  /** When the next step of this job is due. */
  dueMs: number;
  laterLeft: number;
  breaks: number;
}

export interface JobContext {
  readonly fetch: Fetch;
  readonly random: Random;
  /** Refuses files that are no packages, as real devices do. */
  readonly checksFormat: boolean;
}

/** Begins the job of a product whose DownloadInstall was executed at `nowMs`. */
export function startJob(
  state: AppState,
  product: string,
  course: Course,
  nowMs: number,
): { readonly state: AppState; readonly job: Job | undefined } {
  const download = state.downloads.get(product);
  const begin = (change: Partial<Download>) =>
    withDownload(state, product, { lastError: 0, lastErrorText: "", ...change }, nowMs);
  if (state.enterprise?.status !== 0) {
    return { state: begin(failed(FAILURES.policy, nowMs)), job: undefined };
  }
  const installed = state.inventory.get(product)?.version;
  if (installed !== undefined && compareVersions(installed, download?.version ?? "") > 0) {
    return { state: begin(failed(FAILURES.downgrade, nowMs)), job: undefined };
  }
  const asked = course.user !== "not-asked";
  const job: Job = {
    product,
    url: download?.url ?? "",
    course,
    partial: newPartialFile(),
    dueMs: nowMs + (asked ? course.userAnswersAfterMs : course.queuedMs),
    laterLeft: course.user === "later" ? LATER_MAX : 0,
    breaks: 0,
  };
  return { state: begin({ status: asked ? 0 : 1, changedAtMs: nowMs }), job };
}

/** Takes the job's next step, at its due time. The job is over when `job` is undefined. */
export async function advanceJob(
  state: AppState,
  job: Job,
  context: JobContext,
): Promise<{ readonly state: AppState; readonly job: Job | undefined }> {
  const download = state.downloads.get(job.product);
  if (download === undefined) return { state, job: undefined }; // Unenrolled meanwhile.
  const atMs = job.dueMs;
  const become = (change: Partial<Download>) =>
    withDownload(state, job.product, { changedAtMs: atMs, ...change }, atMs);
  const goOn = (status: Download["status"], durationMs: number) => {
    job.dueMs = atMs + durationMs;
    return { state: become({ status }), job };
  };
  const fail = (failure: Failure) => ({ state: become(failed(failure, atMs)), job: undefined });

  switch (download.status) {
    case 0:
      if (job.course.user === "refuses") return fail(FAILURES.userRefused);
      if (job.laterLeft > 0) {
        job.laterLeft -= 1;
        job.dueMs = atMs + job.course.userAnswersAfterMs;
        return { state, job };
      }
      return goOn(1, job.course.queuedMs);
    case 1:
      return goOn(2, job.course.downloadMs);
    case 2: {
      const outcome = await receive(job, context);
      if (outcome.kind === "complete") return goOn(3, job.course.downloadedMs);
      if (outcome.kind === "failed") return fail(outcome.failure);
      return goOn(2, RETRY_MS);
    }
    case 3:
      return goOn(4, job.course.installMs);
    case 4: {
      if (job.course.failure !== undefined) return fail(FAILURES[job.course.failure]);
      const installed = withInstalled(become({ status: 5 }), job.product, {
        version: download.version ?? "1.0.0.0",
        title: download.name ?? job.product,
        publisher: "Outpost simulator",
        installedAtMs: atMs,
        origin: "enterprise",
      });
      return { state: installed, job: undefined };
    }
    default:
      return { state, job: undefined };
  }
}

type Received =
  | { readonly kind: "complete" }
  | { readonly kind: "again" }
  | { readonly kind: "failed"; readonly failure: Failure };

async function receive(job: Job, context: JobContext): Promise<Received> {
  const outcome = await fetchContent(context.fetch, job.url, job.partial, cutPoint(job, context));
  switch (outcome.kind) {
    case "complete":
      return checkFile(job, outcome, context);
    case "refused":
      // Busy or still filling: a device tries again; anything else is final.
      if (outcome.httpStatus === 503 || outcome.httpStatus === 416) return again(job);
      return { kind: "failed", failure: failureOfHttpStatus(outcome.httpStatus) };
    case "broken":
      return again(job);
    case "unreachable":
      return again(job, FAILURES.unreachable);
  }
}

function again(job: Job, failure: Failure = FAILURES.aborted): Received {
  job.breaks += 1;
  return job.breaks > BREAKS_MAX ? { kind: "failed", failure } : { kind: "again" };
}

function checkFile(
  job: Job,
  outcome: Extract<FetchOutcome, { kind: "complete" }>,
  { checksFormat }: JobContext,
): Received {
  const named = /\/content\/([0-9a-f]{64})\//.exec(job.url)?.[1];
  if (named !== undefined && named !== outcome.sha256) {
    return { kind: "failed", failure: FAILURES.checksum };
  }
  if (checksFormat && !looksLikePackage(job.partial)) {
    return { kind: "failed", failure: FAILURES.badFormat };
  }
  return { kind: "complete" };
}

/** Where this attempt's line breaks, in bytes, if its course wants it to. */
function cutPoint(job: Job, { random }: JobContext): number | undefined {
  if (job.breaks >= job.course.breaks) return undefined;
  const total = job.partial.totalBytes ?? 64 * 1024;
  return random.between(1, Math.max(1, Math.floor((total - job.partial.bytes) / 2)));
}

function failed(failure: Failure, atMs: number): Partial<Download> {
  return {
    status: failure.status,
    lastError: failure.lastError,
    lastErrorText: failure.text,
    changedAtMs: atMs,
  };
}
