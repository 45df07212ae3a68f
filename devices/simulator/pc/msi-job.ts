import type { MsiInstallJob } from "../../../protocols/csp/enterprise-desktop-app-management/msi-install-job.ts";
import type { MsiStatus } from "../../../protocols/csp/enterprise-desktop-app-management/values.ts";
import { looksLikeInstaller } from "../fetch-content.ts";
import type { PcCourse } from "./course.ts";
import { Download } from "./download.ts";
import { downloadFailure, PC_FAILURES, type PcFailure } from "./failures.ts";
import { type JobStep, type PcJob, type PcJobContext, RESUME_MS, SIGN_IN_LOOK_MS } from "./job.ts";
import { keyOf, type MsiNode, type PcState, withMsi, withoutMsi } from "./state.ts";

const MINUTE_MS = 60_000;
type At = Pick<MsiNode, "context" | "productCode">;

/**
 * The work behind an Exec of an MSI's DownloadInstall: the addresses are tried in their order, the file is
 * only installed when its SHA-256 is the one in the job, and what fails is done again as often as the job
 * says. [syncml 6.2]
 */
export class MsiJob implements PcJob {
  readonly #at: At;
  readonly #job: MsiInstallJob;
  readonly #course: PcCourse;
  #retriesLeft: number;
  #download: Download | undefined;
  /** Which address is next. */
  #url = 0;
  #failure: PcFailure = PC_FAILURES.fatal;
  #isInstaller = false;
  #installations = 0;

  constructor(at: At, job: MsiInstallJob, course: PcCourse) {
    this.#at = { context: at.context, productCode: at.productCode };
    this.#job = job;
    this.#course = course;
    this.#retriesLeft = job.retryCount;
  }

  begin(state: PcState, nowMs: number): JobStep {
    return this.#become(state, "10", nowMs + this.#course.queuedMs);
  }

  async advance(state: PcState, atMs: number, context: PcJobContext): Promise<JobStep> {
    const { downloadMs, installMs } = this.#course;
    const status = state.msi.get(keyOf(this.#at.context, this.#at.productCode))?.job?.status;
    switch (status) {
      case "10":
      case "25":
        this.#url = 0;
        this.#download = undefined;
        return this.#become(state, "20", atMs + downloadMs);
      case "20":
        return this.#receive(state, atMs, context);
      case "40":
      case "48":
      case "55": {
        if (this.#at.context === "user" && !context.isSignedIn) {
          return this.#become(state, "48", atMs + SIGN_IN_LOOK_MS);
        }
        return this.#become(state, "50", atMs + installMs);
      }
      case "50":
        return this.#install(state, atMs, context);
      default:
        return { state, dueMs: undefined }; // Its node was deleted, or the account has gone.
    }
  }

  async #receive(state: PcState, atMs: number, context: PcJobContext): Promise<JobStep> {
    const { contentUrls, sha256 } = this.#job;
    const url = contentUrls[this.#url];
    if (url === undefined) return this.#again(state, atMs, "25", "30");
    this.#download ??= new Download(url, this.#course.breaks);
    const got = await this.#download.go(context);
    if (got.kind === "again") return { state, dueMs: atMs + RESUME_MS };
    if (got.kind === "complete" && got.sha256 === sha256) {
      this.#isInstaller = looksLikeInstaller(got.file);
      return this.#become(state, "40", atMs + this.#course.downloadedMs);
    }
    this.#failure = got.kind === "complete" ? PC_FAILURES.wrongHash : downloadFailure(got.outcome);
    this.#download = undefined;
    this.#url += 1;
    return { state, dueMs: atMs };
  }

  #install(state: PcState, atMs: number, context: PcJobContext): JobStep {
    const { failure, failingAttempts, installMs, needsRestart, leavesNothing } = this.#course;
    const { timeoutMinutes } = this.#job;
    this.#installations += 1;
    const isEndless = timeoutMinutes > 0 && installMs > timeoutMinutes * MINUTE_MS;
    const failed =
      context.checksFormat && !this.#isInstaller
        ? PC_FAILURES.noInstaller
        : isEndless
          ? PC_FAILURES.timeout
          : failure !== undefined && this.#installations <= failingAttempts
            ? PC_FAILURES[failure]
            : undefined;
    if (failed !== undefined) {
      this.#failure = failed;
      return this.#again(state, atMs, "55", "60");
    }
    const done = leavesNothing ? state : this.#installed(state, atMs, context);
    const { lastError, text } = needsRestart ? PC_FAILURES.restart : { lastError: 0, text: "" };
    const node = { status: "70", lastError, lastErrorText: text } as const;
    return {
      state: withMsi(done, this.#at, { job: node }),
      dueMs: undefined,
      ended: lastError,
    };
  }

  /** The product is there, and takes the place of those with its UpgradeCode. */
  #installed(before: PcState, atMs: number, { upgradeCodes }: PcJobContext): PcState {
    const { context, productCode } = this.#at;
    const { version, contentUrls } = this.#job;
    const upgradeCode = upgradeCodes.get(productCode) ?? null;
    let state = before;
    for (const other of before.msi.values()) {
      const isReplaced =
        upgradeCode !== null &&
        other.context === context &&
        other.productCode !== productCode &&
        other.product?.upgradeCode === upgradeCode;
      if (!isReplaced) continue;
      state = other.job ? withMsi(state, other, { product: null }) : withoutMsi(state, other);
    }
    const product = {
      version,
      name: nameOf(contentUrls[0] ?? ""),
      publisher: "Outpost simulator",
      installedAtMs: atMs,
      upgradeCode,
    };
    return withMsi(state, this.#at, { product });
  }

  /** Once more after the interval that the job wants, or never. */
  #again(state: PcState, atMs: number, waiting: MsiStatus, failed: MsiStatus): JobStep {
    const { lastError } = this.#failure;
    if (this.#retriesLeft > 0) {
      this.#retriesLeft -= 1;
      const intervalMs = this.#job.retryIntervalMinutes * MINUTE_MS;
      return this.#become(state, waiting, atMs + intervalMs, this.#failure);
    }
    const { state: next } = this.#become(state, failed, undefined, this.#failure);
    return { state: next, dueMs: undefined, ended: lastError };
  }

  #become(
    state: PcState,
    status: MsiStatus,
    dueMs: number | undefined,
    failure: PcFailure = { lastError: 0, text: "" },
  ): JobStep {
    const job = { status, lastError: failure.lastError, lastErrorText: failure.text };
    return { state: withMsi(state, this.#at, { job }), dueMs };
  }
}

/** The name of a product that is only known by its file. */
function nameOf(url: string): string {
  const file = URL.canParse(url) ? (new URL(url).pathname.split("/").at(-1) ?? "") : "";
  return decodeURIComponent(file).replace(/\.[^.]*$/, "") || "Product";
}
