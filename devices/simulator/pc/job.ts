import type { Fetch } from "../fetch-content.ts";
import type { Random } from "../random.ts";
import type { PcState } from "./state.ts";

export interface PcJobContext {
  readonly fetch: Fetch;
  readonly random: Random;
  readonly isSignedIn: boolean;
  /** As DevDetail/SwV says it. */
  readonly osVersion: string;
  /** Refuses files that are no packages, as Windows does. */
  readonly checksFormat: boolean;
  /** UpgradeCodes by ProductCode: they are in the installers' tables, which nobody here reads. */
  readonly upgradeCodes: ReadonlyMap<string, string>;
}

/** What a job has come to in one step. */
export interface JobStep {
  readonly state: PcState;
  /** When its next step is due; undefined: it is over. */
  readonly dueMs: number | undefined;
  /** The HRESULT by which it ended, for the alert. */
  readonly ended?: number;
}

/** Work that goes on while nobody asks; the server sees whatever is true when it asks. */
export interface PcJob {
  /** Says that the work is there. */
  begin(state: PcState, nowMs: number): JobStep;
  advance(state: PcState, atMs: number, context: PcJobContext): Promise<JobStep>;
}

/** An interrupted download goes on after this time. */
export const RESUME_MS = 30_000;
/** How often a job that waits for somebody to sign in looks. */
export const SIGN_IN_LOOK_MS = 60_000;
