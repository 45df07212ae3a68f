import type { FactSource } from "../model/fact.ts";
import type { Installation, Reason } from "../model/installation.ts";

/** Why work that a device has in hand is not done yet, in the device's own last word. */
export interface Progress {
  readonly reason: Reason;
  /** A sentence without its capital. */
  readonly detail: string;
}

/** Words of ours for what the providers say without a Status. They stand where a native value does. */
export const PARKED = "parked";
export const NO_USER = "no-user";
export const ALERT_OK = "alert 0";
export const NO_ANSWER = "no-answer";
/** Words of ours for the consent of a user whom a client of DDI asks. */
export const ASKED = "asked";
export const DENIED = "denied";
/** Feedback of DDI about what the device has, and is not to install now. */
export const ONLY_FETCHED = "downloaded/success/unavailable";
/** Its user was asked first, and said no. */
export const DECLINED = "declined";

const CLAIMED: Progress = {
  reason: "contact",
  detail: "the device says that it is done: its inventory has to show the app",
};
const IDLE: Progress = {
  reason: "retry-backoff",
  detail: "the device took the work and has not begun it: it is sent again if that stays so",
};
const USER: Progress = { reason: "user", detail: "it goes on once its user signs in" };
const UNANSWERED: Progress = {
  reason: "user",
  detail: "nobody answered the question: it is asked again at the device's next contact",
};
/** What holds work that its user has to be there for. */
const HELD = { [NO_USER]: USER, [NO_ANSWER]: UNANSWERED } as const;

const FETCHED: Progress = {
  reason: "contact",
  detail: "fetched: it is only to be fetched, and the device may tell when it was installed",
};

const PROGRESS: Readonly<Partial<Record<FactSource, Readonly<Record<string, Progress>>>>> = {
  "windows-csp": HELD,
  ddi: {
    [ONLY_FETCHED]: FETCHED,
    [ASKED]: { reason: "user", detail: "the device is to ask its user, and has told no answer" },
    [DENIED]: { reason: "user", detail: "its user said no, and is asked again after a while" },
  },
  "windows-msi": {
    "10": { reason: "contact", detail: "the device has the work in its queue" },
    "25": {
      reason: "retry-backoff",
      detail: "the download failed; the device tries it again by itself",
    },
    "48": USER,
    "55": {
      reason: "retry-backoff",
      detail: "the installation failed; the device tries it again by itself",
    },
    "70": CLAIMED,
    [ALERT_OK]: CLAIMED,
    [PARKED]: IDLE,
    ...HELD,
  },
  "windows-msix": {
    "0": IDLE,
    "3": CLAIMED,
    [ALERT_OK]: CLAIMED,
    ...HELD,
  },
};

/** Undefined where the last word says no more than that the work is under way. */
export function progressOf({
  source,
  nativeValue,
}: Pick<Installation, "source" | "nativeValue">): Progress | undefined {
  const words = PROGRESS[source as FactSource];
  if (!words || nativeValue === null || !Object.hasOwn(words, nativeValue)) return undefined;
  return words[nativeValue];
}

/** Nothing is sent until its user is there. */
export function isHeldByUser({ nativeValue }: Pick<Installation, "nativeValue">): boolean {
  return nativeValue !== null && Object.hasOwn(HELD, nativeValue);
}

/** The device says that it installed the app, and nothing has shown yet that it did. */
export function isClaimed(row: Pick<Installation, "source" | "nativeValue">): boolean {
  return progressOf(row) === CLAIMED;
}

/** The device took a removal, and its list has not shown yet that it did it. */
export function isRemovalAccepted({ nativeValue }: Pick<Installation, "nativeValue">): boolean {
  return nativeValue === ALERT_OK || /^delete (2\d\d|404)$/.test(nativeValue ?? "");
}
