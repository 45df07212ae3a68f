/**
 * What a waiting row says of itself: particulars of its reason, and when it is tried next. A site has
 * both in the row. The status document carries the reason only [D12], so away from the site the
 * particulars come from what is known there as well (device, policy, attempts, the journal), and where
 * the site knows more than that, the row says so.
 */
import { type Progress, progressOf } from "../../devices/install/progress.ts";
import {
  enrolmentObstacle,
  isOpen,
  retriesByItself,
  retryAtMs,
  retryDetail,
} from "../../devices/install/waiting.ts";
import type { Device } from "../../devices/model/device.ts";
import type { Bucket, Installation, Reason } from "../../devices/model/installation.ts";
import type { Installer } from "../../devices/model/package.ts";
import type { Policy } from "../../devices/model/policy.ts";

export interface Waiting {
  /** Particulars of the reason, as a sentence without its capital; empty when nothing waits. */
  readonly reasonDetail: string;
  readonly nextAttemptMs: number | null;
  /** What has to happen first, where no time can be given; empty when one is, or nothing waits. */
  readonly nextAttemptNote: string;
  /** The site that the row is from can say more than is known here. */
  readonly siteKnowsMore: boolean;
}

/** What a row of this site says. */
export function waitingHere(row: Installation, bucket: Bucket): Waiting {
  const { nextAttemptMs, reasonDetail } = row;
  const isTimed = nextAttemptMs !== null || !isWaiting(row, bucket);
  const nextAttemptNote = isTimed ? "" : noteOf(row);
  return { reasonDetail, nextAttemptMs, nextAttemptNote, siteKnowsMore: false };
}

/**
 * What can be said of a row away from its site.
 *
 * @param device as its site has told of it; undefined when it has not yet
 */
export function waitingAway(
  row: Installation,
  bucket: Bucket,
  device: Pick<Device, "enrolment"> | undefined,
  policy: Policy,
): Waiting {
  if (!isWaiting(row, bucket)) {
    return { ...NOTHING, reasonDetail: row.reasonDetail };
  }
  if (row.reason === null) {
    const reasonDetail = joined("its site has not said why", row.reasonDetail);
    return { ...NOTHING, reasonDetail, nextAttemptNote: SITE_KNOWS, siteKnowsMore: true };
  }
  const said = AWAY[row.reason]({ row, device, policy });
  return {
    reasonDetail: said.isInJournal ? row.reasonDetail : joined(said.detail, row.reasonDetail),
    nextAttemptMs: said.nextAttemptMs ?? null,
    nextAttemptNote: typeof said.nextAttemptMs === "number" ? "" : (said.note ?? noteOf(row)),
    siteKnowsMore: said.siteKnowsMore,
  };
}

const NOTHING: Waiting = {
  reasonDetail: "",
  nextAttemptMs: null,
  nextAttemptNote: "",
  siteKnowsMore: false,
};
const SITE_KNOWS = "the site knows";

interface KnownAway {
  readonly row: Installation;
  readonly device: Pick<Device, "enrolment"> | undefined;
  readonly policy: Policy;
}

interface SaidAway {
  readonly detail: string;
  readonly siteKnowsMore: boolean;
  readonly nextAttemptMs?: number;
  /** In the place of the reason's usual note. */
  readonly note?: string;
  /** The row has the site's own words from its journal. */
  readonly isInJournal?: boolean;
}

/** Total: a new reason does not compile until it says what is known of it away from the site. */
const AWAY: Readonly<Record<Reason, (known: KnownAway) => SaidAway>> = {
  window: ({ row, policy }) => ({
    detail: policy.distributionsById.get(row.distribution)?.schedule
      ? "it keeps to the schedule of its distribution"
      : "the site draws the device's moment in the window",
    siteKnowsMore: true,
  }),
  "no-window": () => ({
    detail: "no maintenance window applies to this device, or they are over for good",
    siteKnowsMore: false,
  }),
  instant: () => ({
    detail: "the window is open, and the site has drawn the device's moment in it",
    siteKnowsMore: true,
  }),
  content: () => ({
    detail: "how much of it is there, the site knows",
    siteKnowsMore: true,
  }),
  compliance: () => ({ detail: "the device is out of compliance", siteKnowsMore: false }),
  enrolment: ({ row, device, policy }) => ({
    detail:
      (device && enrolmentObstacle(device, policy, installerOf(row, policy))) ??
      "the site's own settings or the device stand in the way",
    siteKnowsMore: true,
  }),
  contact: ({ row, policy }) => ({
    detail:
      policy.revisions.get(row.revision)?.channel === "reported"
        ? "waiting for a report about this device"
        : (ownProgress(row)?.detail ?? "it goes on when the device speaks to its site"),
    siteKnowsMore: false,
  }),
  user: userAway,
  "retry-backoff": retryAway,
  "available-on-demand": () => ({ detail: "installs when it is asked for", siteKnowsMore: false }),
  superseded: ({ row }) => ended(row, "a newer distribution of the app took its place"),
  stopped: ({ row }) => ended(row, "it was stopped, or the device is no longer in its target"),
};

function installerOf(row: Installation, policy: Policy): Installer {
  const channel = policy.revisions.get(row.revision)?.channel;
  return channel === undefined || channel === "reported" ? "EnterpriseAppManagement" : channel;
}

/** The pause before an on-demand retry follows from the row; an Automatic one waits for its window. */
function retryAway({ row, policy }: KnownAway): SaidAway {
  const progress = ownProgress(row);
  if (progress?.reason === "retry-backoff") {
    return { detail: progress.detail, siteKnowsMore: false };
  }
  const revision = policy.revisions.get(row.revision);
  const distribution = policy.distributionsById.get(row.distribution);
  if (!revision || !distribution || !retriesByItself(row, revision, distribution)) {
    return {
      detail: "it was tried as often as it is by itself: an administrator can retry it",
      note: "once somebody retries it",
      siteKnowsMore: false,
    };
  }
  const detail = retryDetail(row);
  return distribution.mode === "on-demand"
    ? { detail, nextAttemptMs: retryAtMs(row), siteKnowsMore: false }
    : { detail, note: NEXT_WINDOW, siteKnowsMore: true };
}

/** A failed row waits for its user when they have said no: they are asked again. */
function userAway({ row }: KnownAway): SaidAway {
  const isDeclined = row.status === "failed" || row.status === "upgrade_failed";
  if (isDeclined) {
    return {
      detail: "the user said no: it is asked again",
      note: NEXT_WINDOW,
      siteKnowsMore: true,
    };
  }
  const detail = ownProgress(row)?.detail ?? "the user is asked to confirm";
  return { detail, siteKnowsMore: false };
}

/** Why a distribution ended for a device is a decision of its site, so the journal has the words. */
function ended(row: Installation, otherwise: string): SaidAway {
  const isInJournal = row.reasonDetail !== "";
  return { detail: otherwise, isInJournal, siteKnowsMore: !isInJournal };
}

function isWaiting(row: Installation, bucket: Bucket): boolean {
  return bucket === "pending" || row.reason !== null;
}

const NEXT_WINDOW = "in the device's next maintenance window";

function noteOf(row: Installation): string {
  if (row.reason === null) return "at the device's next contact";
  if (ownProgress(row)?.reason !== row.reason) return NOTES[row.reason];
  return PROGRESS_NOTES[row.reason] ?? NOTES[row.reason];
}

/** What the device itself said of work that it still has in hand. */
function ownProgress(row: Installation): Progress | undefined {
  const isInHand = isOpen(row) && !row.stale;
  return isInHand ? progressOf(row) : undefined;
}

/** The same where the device itself said why it is not done. */
const PROGRESS_NOTES: Readonly<Partial<Record<Reason, string>>> = {
  user: "once the user signs in",
  "retry-backoff": "when the device tries again, by itself",
};

/** What has to happen before a row with this reason is tried, where no time is known. */
const NOTES: Readonly<Record<Reason, string>> = {
  window: NEXT_WINDOW,
  "no-window": "once a window is set",
  instant: "in the maintenance window that is open now",
  content: "once the file is at the site",
  compliance: "once the device is compliant",
  enrolment: "once it is enrolled",
  contact: "at the device's next contact",
  user: "once the user agrees",
  "retry-backoff": "in the device's next maintenance window, or once somebody retries it",
  "available-on-demand": "once somebody asks for it",
  superseded: "never: the newer distribution is what counts",
  stopped: "never, unless it is meant for the device again",
};

/** What the row says beside its reason comes behind: a wrong clock, for one. */
function joined(detail: string, more: string): string {
  return more === "" ? detail : `${detail}. ${more}`;
}
