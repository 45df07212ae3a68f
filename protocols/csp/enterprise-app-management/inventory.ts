import { withoutQuery } from "../../oma-dm/loc-uri.ts";
import type { Item } from "../../syncml/message.ts";
import { parseInstallDate } from "./install-date.ts";
import { INVENTORY_LEAVES, type InventoryLeaf } from "./nodes.ts";
import { decodeSegment, parseProductId, segmentsOf } from "./uris.ts";

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

/** Something the device said that was not as it should be, and what was made of it. */
export interface ReadWarning {
  readonly rule: "duplicate-leaf" | "blank-in-product-id" | "not-a-product-id" | "install-date";
  readonly message: string;
}

export interface Inventory {
  readonly products: readonly InventoryProduct[];
  readonly warnings: readonly ReadWarning[];
}

/** Apps of one inventory that are kept; a device with more is not telling the truth. */
export const PRODUCTS_MAX = 2000;

/**
 * Reads what a device says about its installed apps: the answer to `getInventory` in one Results or
 * many, to `getProductLeaves`, or the items of several of them together.
 *
 * A leaf that comes twice counts with its last value. An app that is only named is installed and has
 * no values. Items outside of an Inventory are passed over. [Q42]
 */
export function readInventory(items: readonly Item[]): Inventory {
  const products = new Map<string, Map<InventoryLeaf, string>>();
  const warnings: ReadWarning[] = [];
  const duplicates = new Set<string>();
  for (const { source, data, meta } of items) {
    const place = source === undefined ? undefined : inventoryPlace(source);
    if (place === undefined) continue;
    if (place.segment === undefined) {
      for (const name of childNames(meta?.format, data)) ensure(products, name, warnings);
      continue;
    }
    const leaves = ensure(products, place.segment, warnings);
    if (leaves === undefined || place.leaf === undefined || data === undefined) continue;
    if (leaves.has(place.leaf)) duplicates.add(withoutQuery(source ?? ""));
    leaves.set(place.leaf, data.trim());
  }
  if (duplicates.size > 0) {
    const uris = [...duplicates].join(", ");
    const message = `the device sent these twice, the last value counts: ${uris}`;
    warnings.push({ rule: "duplicate-leaf", message });
  }
  const read = [...products].map(([id, leaves]) => productOf(id, leaves, warnings));
  return { products: read, warnings };
}

/** What a Get of the Inventory node itself answers: the product ids of all installed apps. */
export function readInventoryList(items: readonly Item[]): {
  readonly productIds: readonly string[];
  readonly warnings: readonly ReadWarning[];
} {
  const { products, warnings } = readInventory(items);
  return { productIds: products.map(({ productId }) => productId), warnings };
}

/** Where below an Inventory a URI points; undefined when it is elsewhere. */
function inventoryPlace(
  source: string,
): { readonly segment?: string; readonly leaf?: InventoryLeaf } | undefined {
  const segments = segmentsOf(withoutQuery(source));
  if (segments?.[1] !== "EnterpriseApps" || segments[2] !== "Inventory") return undefined;
  const [, , , segment, name] = segments;
  if (segment === undefined) return {};
  const leaf = INVENTORY_LEAVES.find((known) => known === name);
  return leaf === undefined ? { segment } : { segment, leaf };
}

/** Child names of an interior node: joined by `/`, each percent-encoded. */
function childNames(format: string | undefined, data: string | undefined): readonly string[] {
  if (data === undefined || (format !== undefined && format !== "node")) return [];
  return data
    .trim()
    .split("/")
    .filter((name) => name !== "")
    .map(decodeSegment);
}

/** The leaves of a product, begun when it is new; undefined when the name is no product id. */
function ensure(
  products: Map<string, Map<InventoryLeaf, string>>,
  segment: string,
  warnings: ReadWarning[],
): Map<InventoryLeaf, string> | undefined {
  const productId = productIdOf(segment, warnings);
  if (productId === undefined) return undefined;
  const known = products.get(productId);
  if (known !== undefined || products.size >= PRODUCTS_MAX) return known;
  const leaves = new Map<InventoryLeaf, string>();
  products.set(productId, leaves);
  return leaves;
}

function productIdOf(segment: string, warnings: ReadWarning[]): string | undefined {
  const exact = parseProductId(segment);
  if (exact !== undefined) return exact;
  const squeezed = segment.replaceAll(/\s/g, "");
  const repaired = parseProductId(squeezed);
  if (repaired === undefined) {
    addOnce(warnings, "not-a-product-id", `"${segment.slice(0, 64)}" is no product id`);
    return undefined;
  }
  addOnce(warnings, "blank-in-product-id", `"${segment}" was read as ${repaired}`);
  return repaired;
}

/** Every leaf of a product repeats its name; one warning is enough. */
function addOnce(warnings: ReadWarning[], rule: ReadWarning["rule"], message: string): void {
  if (!warnings.some((warning) => warning.message === message)) warnings.push({ rule, message });
}

function productOf(
  productId: string,
  leaves: ReadonlyMap<InventoryLeaf, string>,
  warnings: ReadWarning[],
): InventoryProduct {
  const raw = leaves.get("InstallDate");
  const installDate = raw === undefined ? undefined : parseInstallDate(raw);
  if (raw !== undefined && installDate === undefined) {
    const message = `InstallDate "${raw.slice(0, 64)}" of ${productId} is no date`;
    warnings.push({ rule: "install-date", message });
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
