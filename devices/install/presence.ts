import type { Device } from "../model/device.ts";
import type { Installation } from "../model/installation.ts";
import type { InventoryItem } from "../model/inventory.ts";
import type { Package } from "../model/package.ts";
import type { PlanInput } from "./plan-types.ts";
import { findItem, type Products, productsOf, toldAtMs } from "./products.ts";
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

/** Rows that tell whether their app is there: mostly few of a device's. */
export function tellingRows(device: Device, rows: Iterable<Installation>): Installation[] {
  const telling: Installation[] = [];
  for (const row of rows) {
    const tells = isPresent(row) || row.status === "removed_after_installation";
    if (tells && !isOfFormerLife(row, device)) telling.push(row);
  }
  return telling;
}

/** @param telling the device's `tellingRows` */
export function presenceOf(
  { device, inventory, inventoryReads, policy }: KnownApps,
  telling: readonly Installation[],
  app: Package,
): Presence {
  const products = productsOf(policy, app.id);
  const inventoryAtMs = toldAtMs(device, inventoryReads, products, policy);
  let last: Installation | undefined;
  for (const row of telling) {
    if (row.package === app.id && (!last || isLaterWord(row, last))) last = row;
  }
  return { toldAtMs: inventoryAtMs, version: versionIn(inventory, products, inventoryAtMs, last) };
}

/** @param last the row that told last whether the app is there */
function versionIn(
  inventory: readonly InventoryItem[],
  products: Products,
  inventoryAtMs: number | null,
  last: Installation | undefined,
): string | null {
  if (last && (inventoryAtMs === null || isNewsAfter(last, inventoryAtMs))) {
    return isPresent(last) ? (last.version ?? UNKNOWN_VERSION) : null;
  }
  const item = inventoryAtMs === null ? undefined : findItem(inventory, products);
  return item ? (item.version ?? UNKNOWN_VERSION) : null;
}

/**
 * The version that work on the row starts from when it begins again. A failed update says nothing of
 * the former version, which stays: where no inventory is told, it is what the row knew.
 */
export function keptVersion(
  { toldAtMs, version: present }: Presence,
  row: Installation,
): string | null {
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
