import { withoutQuery } from "../../oma-dm/loc-uri.ts";
import type { Item } from "../../syncml/message.ts";
import { childNames, segmentsOf } from "../node-table.ts";
import { parseProductId } from "../product-id.ts";
import { parseInstallDate } from "./install-date.ts";
import { ENTERPRISE_APP_MANAGEMENT, INVENTORY_LEAVES, type InventoryLeaf } from "./nodes.ts";

/** One app that a device said is installed; null is what it did not say. */
export interface InventoryProduct {
  /** In braces and upper case. */
  readonly productId: string;
  readonly version: string | null;
  readonly title: string | null;
  readonly publisher: string | null;
  /** ISO 8601 with Z; null when the text could not be read. */
  readonly installDate: string | null;
  readonly installDateRaw: string | null;
}

export interface Inventory {
  readonly products: readonly InventoryProduct[];
  /** What was not as it should be and what was made of it, in plain sentences. */
  readonly warnings: readonly string[];
}

/** Apps of one inventory that are kept; a device with more is not telling the truth. */
export const PRODUCTS_MAX = 2000;

/**
 * Reads what a device says about its installed apps: the items of the answer to `getInventory`, in
 * one Results or many, or of the answers to `getInventoryNode` put together.
 *
 * A leaf that comes twice counts with its last value. An app that is only named is installed and
 * has no values. Items outside of an Inventory are passed over. [Q42]
 */
export function readInventory(items: readonly Item[]): Inventory {
  const products = new Map<string, Map<InventoryLeaf, string>>();
  const warnings: string[] = [];
  const duplicates = new Set<string>();
  for (const { source, data, meta } of items) {
    const place = source === undefined ? undefined : inventoryPlace(source);
    if (place === undefined) continue;
    if (place.segment === undefined) {
      if (meta?.format !== undefined && meta.format !== "node") continue;
      for (const name of childNames(data ?? "")) ensure(products, name, warnings);
      continue;
    }
    const leaves = ensure(products, place.segment, warnings);
    if (leaves === undefined || place.leaf === undefined || data === undefined) continue;
    if (leaves.has(place.leaf)) duplicates.add(withoutQuery(source ?? ""));
    leaves.set(place.leaf, data.trim());
  }
  if (duplicates.size > 0) {
    const uris = [...duplicates].join(", ");
    warnings.push(`the device sent these twice, the last value counts: ${uris}`);
  }
  const read = [...products].map(([id, leaves]) => productOf(id, leaves, warnings));
  return { products: read, warnings };
}

/**
 * What a Get of the Inventory node itself answers, child names joined by `/`: the product ids of
 * the installed apps. A name that is no product id is passed over.
 */
export function readChildren(data: string): readonly string[] {
  return childNames(data).flatMap((name) => productIdOf(name, []) ?? []);
}

/** Where below an Inventory a URI points; undefined when it is elsewhere. */
function inventoryPlace(
  source: string,
): { readonly segment?: string; readonly leaf?: InventoryLeaf } | undefined {
  const segments = segmentsOf(ENTERPRISE_APP_MANAGEMENT, withoutQuery(source))?.segments;
  if (segments?.[1] !== "EnterpriseApps" || segments[2] !== "Inventory") return undefined;
  const [, , , segment, name] = segments;
  if (segment === undefined) return {};
  const leaf = INVENTORY_LEAVES.find((known) => known === name);
  return leaf === undefined ? { segment } : { segment, leaf };
}

/** The leaves of a product, begun when it is new; undefined when the name is no product id. */
function ensure(
  products: Map<string, Map<InventoryLeaf, string>>,
  segment: string,
  warnings: string[],
): Map<InventoryLeaf, string> | undefined {
  const productId = productIdOf(segment, warnings);
  if (productId === undefined) return undefined;
  const known = products.get(productId);
  if (known !== undefined || products.size >= PRODUCTS_MAX) return known;
  const leaves = new Map<InventoryLeaf, string>();
  products.set(productId, leaves);
  return leaves;
}

function productIdOf(segment: string, warnings: string[]): string | undefined {
  const exact = parseProductId(segment);
  if (exact !== undefined) return exact;
  const squeezed = segment.replaceAll(/\s/g, "");
  const repaired = parseProductId(squeezed);
  if (repaired === undefined) {
    addOnce(warnings, `"${segment.slice(0, 64)}" is no product id`);
    return undefined;
  }
  addOnce(warnings, `"${segment}" was read as ${repaired}`);
  return repaired;
}

/** Every leaf of a product repeats its name; one warning is enough. */
function addOnce(warnings: string[], message: string): void {
  if (!warnings.includes(message)) warnings.push(message);
}

function productOf(
  productId: string,
  leaves: ReadonlyMap<InventoryLeaf, string>,
  warnings: string[],
): InventoryProduct {
  const raw = leaves.get("InstallDate");
  const installDate = raw === undefined ? undefined : parseInstallDate(raw);
  if (raw !== undefined && installDate === undefined) {
    warnings.push(`InstallDate "${raw.slice(0, 64)}" of ${productId} is no date`);
  }
  return {
    productId,
    version: leaves.get("Version") ?? null,
    title: leaves.get("Title") ?? null,
    publisher: leaves.get("Publisher") ?? null,
    installDate: installDate ?? null,
    installDateRaw: raw ?? null,
  };
}
