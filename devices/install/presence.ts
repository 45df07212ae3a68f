import type { Installation } from "../model/installation.ts";
import type { Package } from "../model/package.ts";
import type { PlanInput } from "./plan-types.ts";
import { findItem, productsOf, toldAtMs } from "./products.ts";
import { isOfFormerLife, isPresent } from "./waiting.ts";

/** Stands for the version of an app that is there without telling its version: before all others. */
export const UNKNOWN_VERSION = "0";

/** What is known of a device's apps, and what they are called. */
export type KnownApps = Pick<PlanInput, "device" | "inventory" | "inventoryReads" | "policy">;

/** Whether an app is on a device, as far as it is known. */
export interface Presence {
  /** Since when the device's lists tell whether it has the app; null when they do not. */
  readonly toldAtMs: number | null;
  /**
   * The version on the device: by its inventory, or by the last that was said of the app since; null
   * when it is not there.
   */
  readonly version: string | null;
}

/** @param rows of the device, those of the app among them */
export function presenceOf(
  { device, inventory, inventoryReads, policy }: KnownApps,
  rows: Iterable<Installation>,
  app: Package,
): Presence {
  const products = productsOf(policy, app.id);
  const inventoryAtMs = toldAtMs(device, inventoryReads, products, policy);
  let last: Installation | undefined;
  for (const row of rows) {
    if (row.package !== app.id) continue; // First, because it is so for most rows.
    const tells = isPresent(row) || row.status === "removed_after_installation";
    if (!tells || isOfFormerLife(row, device)) continue;
    if (!last || isLaterWord(row, last)) last = row;
  }
  const told = { toldAtMs: inventoryAtMs };
  if (last && (inventoryAtMs === null || isNewsAfter(last, inventoryAtMs))) {
    return { ...told, version: isPresent(last) ? (last.version ?? UNKNOWN_VERSION) : null };
  }
  if (inventoryAtMs === null) return { ...told, version: null };
  const item = findItem(inventory, products);
  return { ...told, version: item ? (item.version ?? UNKNOWN_VERSION) : null };
}

/**
 * The version that work on the row starts from when it begins again. A failed update says nothing of
 * the former version, which stays: where no inventory is told, it is what the row knew.
 */
export function keptVersion(
  known: KnownApps,
  rows: Iterable<Installation>,
  app: Package,
  row: Installation,
): string | null {
  const { toldAtMs, version: present } = presenceOf(known, rows, app);
  if (present !== null) return present === UNKNOWN_VERSION ? (row.version ?? present) : present;
  if (toldAtMs !== null || row.status === "removed_after_installation") return null;
  return isPresent(row) ? (row.version ?? UNKNOWN_VERSION) : row.version;
}

/** Does the row tell more than an inventory of that time? What a device reports with it, does. */
function isNewsAfter(row: Installation, inventoryAtMs: number): boolean {
  const isReported = row.source !== null && row.status !== "pending_update";
  return row.observedAtMs > inventoryAtMs || (row.observedAtMs === inventoryAtMs && isReported);
}

/** Of two rows that tell whether the app is there: which one was said last? */
function isLaterWord(row: Installation, other: Installation): boolean {
  return row.observedAtMs === other.observedAtMs
    ? row.hlc > other.hlc
    : row.observedAtMs > other.observedAtMs;
}
