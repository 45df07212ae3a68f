/** Where a link stands, in one word. */
export const LINK_PHASES = [
  "hello", // About to introduce itself.
  "backfill", // Catching up: status first, then the journal.
  "live", // Everything is at the hub; changes follow within seconds.
  "waiting", // Something failed; it is tried again after a while.
  "refused", // The hub does not take this site; somebody has to act.
  "cut", // Taken off the line here, on purpose.
] as const;
export type LinkPhase = (typeof LINK_PHASES)[number];

/** What pages and the API show of the link. Times are milliseconds since the epoch. */
export interface LinkView {
  readonly phase: LinkPhase;
  readonly hubUrl: string;
  readonly incarnation: number;
  /** Null while there is no session. */
  readonly connectedSinceMs: number | null;
  readonly lastAcknowledgedAtMs: number | null;
  readonly pendingRows: number;
  readonly pendingFacts: number;
  /** The version of the organisation's policy that holds here. */
  readonly policyVersion: number;
  /** This site's clock minus the hub's; null before the first hello. */
  readonly clockOffsetMs: number | null;
  /** What went wrong last, in words; null when nothing has since the last hello. */
  readonly lastError: string | null;
  /** When it is tried again; null while live. */
  readonly nextAttemptAtMs: number | null;
}
