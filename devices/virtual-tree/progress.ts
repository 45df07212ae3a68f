import { isOpen } from "../install/waiting.ts";
import type { Installation } from "../model/installation.ts";
import type { OrderOutcome } from "../model/virtual-tree.ts";

/** How ordered work goes, in the words of Download/{ProductID}. */
export interface Progress {
  /** Download/Status, 0 to 7. */
  readonly status: number;
  /** A signed HRESULT, 0 for none. */
  readonly lastError: number;
  readonly lastErrorText: string;
  /** It can still move by itself. */
  readonly isOpen: boolean;
  /** When it came to what it is now. */
  readonly changedAtMs: number;
}

const CONFIRM = 0;
const QUEUED = 1;
const INSTALLING = 4;
const INSTALLED = 5;
const FAILED = 6;
const DOWNLOAD_FAILED = 7;

/** HRESULT_FROM_WIN32(ERROR_CANCELLED): other work took its place, or it was stopped. */
const CANCELLED = 0x800704c7 | 0;
/** ERROR_INSTALL_PREREQUISITE_FAILED: the revision is not for this device. */
const NOT_RELEVANT = 0x80073cfd | 0;

/**
 * Reads how an order goes from the device's own row: what the device said where it said something,
 * else what the site knows. Never further than the row. [Q36]
 *
 * @param row the device's row in the order's distribution; undefined as long as there is none
 */
export function progressOf(
  order: { readonly atMs: number; readonly outcome: OrderOutcome },
  row: Installation | undefined,
): Progress {
  const { atMs, outcome } = order;
  if (outcome.kind === "refused") {
    const { lastError, text } = outcome;
    return ended(DOWNLOAD_FAILED, lastError, text, atMs);
  }
  if (outcome.kind === "waiting" || row === undefined) return going(QUEUED, atMs);
  const changedAtMs = Math.max(atMs, row.observedAtMs);
  if (!row.counted) return ended(FAILED, CANCELLED, row.reasonDetail || "cancelled", changedAtMs);
  if (row.status === "not_relevant") {
    return ended(FAILED, NOT_RELEVANT, row.lastErrorText ?? row.state ?? "", changedAtMs);
  }
  const status = nativeStatus(row) ?? statusOf(row);
  const isDone = !isOpen(row) && !row.stale;
  return {
    status,
    lastError: row.lastError ?? 0,
    lastErrorText: row.lastErrorText ?? "",
    isOpen: !isDone,
    changedAtMs,
  };
}

/** What the device itself said of Download/Status, as long as the row still says the same. */
function nativeStatus(row: Installation): number | undefined {
  const isNative = row.source === "windows-csp" && /^[0-7]$/.test(row.nativeValue ?? "");
  const isAboutThis = row.operation !== "uninstall" && row.status !== "removed_after_installation";
  return isNative && isAboutThis ? Number(row.nativeValue) : undefined;
}

function statusOf(row: Installation): number {
  switch (row.status) {
    case "pending_install":
    case "pending_update":
      return row.state?.startsWith("Prompted user") ? CONFIRM : QUEUED;
    case "installing":
    case "updating":
      return row.state?.startsWith("Prompted user") ? CONFIRM : INSTALLING;
    case "installed":
    case "removed_after_installation":
      return INSTALLED; // That it is gone again is for the inventory to say.
    case "failed":
      return row.state === "Failed download" ? DOWNLOAD_FAILED : FAILED;
    case "upgrade_failed":
    case "not_relevant":
      return FAILED;
  }
}

function going(status: number, changedAtMs: number): Progress {
  return { status, lastError: 0, lastErrorText: "", isOpen: true, changedAtMs };
}

function ended(status: number, lastError: number, text: string, changedAtMs: number): Progress {
  return { status, lastError, lastErrorText: text, isOpen: false, changedAtMs };
}
