import type { Platform } from "../model/device.ts";
import { type Bucket, type Operation, STATUSES, type Status } from "../model/installation.ts";
import { MATRIX_ROWS } from "./matrix-rows.ts";

/**
 * Labels by platform. Windows takes the nine statuses that are spelt out for iOS, because six failure
 * rows alone could not describe a success. [Q02] Android has no word for three of them. [M-094]
 */
const LABELS: Readonly<Record<Platform, Readonly<Record<Status, string | null>>>> = {
  iOS: {
    pending_install: "Pending Install",
    not_relevant: "Not Relevant",
    installing: "Installing",
    installed: "Installed",
    removed_after_installation: "Removed After Installation",
    pending_update: "Pending Update",
    updating: "Updating",
    failed: "Failed",
    upgrade_failed: "Upgrade Failed",
  },
  Windows: {
    pending_install: "Pending Install",
    not_relevant: "Not Relevant",
    installing: "Installing",
    installed: "Installed",
    removed_after_installation: "Removed After Installation",
    pending_update: "Pending Update",
    updating: "Updating",
    failed: "Failed",
    upgrade_failed: "Upgrade Failed",
  },
  Android: {
    pending_install: "Pending Install",
    not_relevant: null,
    installing: "Installing",
    installed: "Success",
    removed_after_installation: "Removed after Installation",
    pending_update: "Pending Update",
    updating: null,
    failed: "Failed",
    upgrade_failed: null,
  },
};

const BUCKET: Readonly<Record<Status, Bucket>> = {
  pending_install: "pending",
  not_relevant: "not_applicable",
  installing: "pending",
  installed: "received",
  removed_after_installation: "removed",
  pending_update: "received",
  updating: "received",
  failed: "failed",
  upgrade_failed: "failed",
};

/** What a status means where no granular state is known. [Q08] */
const STATUS_DESCRIPTIONS: Readonly<Record<Status, string>> = {
  pending_install: "The app is to be installed; nothing more is known yet.",
  not_relevant: "The app is not for this device.",
  installing: "The device is working on the install.",
  installed: "The app is on the device.",
  removed_after_installation: "The app was on the device and is gone.",
  pending_update: "An older version is on the device; the new one is to be installed.",
  updating: "The device is working on the update.",
  failed: "The work failed.",
  upgrade_failed: "The update failed; the former version stays.",
};

/** The platform's own label of a status, byte for byte; the canonical code where it has no word. */
export function labelOf(platform: Platform, status: Status): string {
  return LABELS[platform][status] ?? status;
}

/** Does the platform have this status at all? */
export function hasStatus(platform: Platform, status: Status): boolean {
  return LABELS[platform][status] !== null;
}

/** What (status, state) means, in our words. */
export function descriptionOf(platform: Platform, status: Status, state: string | null): string {
  const row = state === null ? undefined : rowFor(platform, status, state);
  return row?.description ?? STATUS_DESCRIPTIONS[status];
}

/**
 * The bucket that a row counts in; the five partition a distribution's devices. [Q06] A row of an
 * uninstall distribution is open while the app is still there.
 */
export function bucketOf(status: Status, operation: Operation): Bucket {
  if (operation === "uninstall" && BUCKET[status] === "received") return "pending";
  return BUCKET[status];
}

/** Every word for a status: the codes, then the platforms' labels. */
export const STATUS_WORDS: readonly string[] = [
  ...new Set([
    ...STATUSES,
    ...Object.values(LABELS).flatMap((labels) => Object.values(labels).flatMap((one) => one ?? [])),
  ]),
];

/** The canonical code that a text means: the code itself or any platform's label, ignoring case. */
export function statusFromText(text: string): Status | undefined {
  const wanted = text.toLowerCase();
  return STATUSES.find(
    (status) =>
      status === wanted ||
      Object.values(LABELS).some((labels) => labels[status]?.toLowerCase() === wanted),
  );
}

/** The granular states a platform has under a status; Windows has those of iOS and its own. [Q02] */
export function statesOf(platform: Platform, status: Status): string[] {
  const sources = platform === "Windows" ? ["iOS", "Windows"] : [platform];
  return MATRIX_ROWS.filter(
    (row) => sources.includes(row.platform) && row.canonicalStatus === status,
  ).map((row) => row.state);
}

/** Is (status, state) a row of the platform's effective matrix, or a status without a state? */
export function isRow(platform: Platform, status: Status, state: string | null): boolean {
  if (!hasStatus(platform, status)) return false;
  return state === null || statesOf(platform, status).includes(state);
}

/** States that only Apple devices can be in: valid in filters, never emitted for Windows. [Q02] */
export const APPLE_ONLY_STATES: ReadonlySet<string> = new Set([
  "Licensed Installation Scheduled",
  "Scheduled for installation. Waiting for redemption code",
  "Redeeming the redemption code",
  "Prompted user for app store login",
  "Validating app purchase",
  "Prompted user for management of installed app",
  "User rejected management of installed app",
  "Prompted user for app store login for update",
  "Validating the update",
]);

function rowFor(platform: Platform, status: Status, state: string) {
  const own = MATRIX_ROWS.find(
    (row) => row.platform === platform && row.canonicalStatus === status && row.state === state,
  );
  if (own || platform !== "Windows") return own;
  return MATRIX_ROWS.find(
    (row) => row.platform === "iOS" && row.canonicalStatus === status && row.state === state,
  );
}
