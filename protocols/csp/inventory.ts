import { withoutQuery } from "../oma-dm/loc-uri.ts";
import type { Item } from "../syncml/message.ts";
import { parseInstallDate } from "./install-date.ts";
import { childNames } from "./node-table.ts";
import { parseProductId } from "./product-id.ts";

/** One app that a device said is installed; null is what it did not say. */
export interface InventoryProduct {
  /** A GUID in braces and upper case or, of packaged apps, the package family name. */
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

/** Where in a list of products a URI points: at the list, at a product, or at a value of one. */
export interface ProductPlace<Leaf extends string> {
  readonly segment?: string;
  readonly leaf?: Leaf;
}

export interface ProductList<Leaf extends string> {
  /** Values by leaf, by product id. */
  readonly products: ReadonlyMap<string, ReadonlyMap<Leaf, string>>;
  /** Grows while the values are read. */
  readonly warnings: string[];
}

/**
 * Reads what a device says about products that it names by GUID: the items of one Results or of many.
 *
 * A leaf that comes twice counts with its last value. A product that is only named is there and has
 * no values. Items outside of the list are passed over. [Q42]
 *
 * @param placeOf where a LocURI points; undefined when it is elsewhere
 * @param others names in the list that are no products
 */
export function readProductList<Leaf extends string>(
  items: readonly Item[],
  placeOf: (uri: string) => ProductPlace<Leaf> | undefined,
  others: readonly string[] = [],
): ProductList<Leaf> {
  const products = new Map<string, Map<Leaf, string>>();
  const warnings: string[] = [];
  const duplicates = new Set<string>();
  for (const { source, data, meta } of items) {
    const place = source === undefined ? undefined : placeOf(withoutQuery(source));
    if (place === undefined) continue;
    if (place.segment === undefined) {
      if (meta?.format !== undefined && meta.format !== "node") continue;
      for (const name of childNames(data ?? "")) {
        if (!others.includes(name)) ensure(products, name, warnings);
      }
      continue;
    }
    if (others.includes(place.segment)) continue;
    const leaves = ensure(products, place.segment, warnings);
    if (leaves === undefined || place.leaf === undefined || data === undefined) continue;
    if (leaves.has(place.leaf)) duplicates.add(withoutQuery(source ?? ""));
    leaves.set(place.leaf, data.trim());
  }
  if (duplicates.size > 0) {
    const uris = [...duplicates].join(", ");
    warnings.push(`the device sent these twice, the last value counts: ${uris}`);
  }
  return { products, warnings };
}

/**
 * What a Get of the list itself answers, child names joined by `/`: the ids of its products. A name
 * that is no product id is passed over.
 */
export function readProductIds(data: string): readonly string[] {
  return childNames(data).flatMap((name) => productIdOf(name, []) ?? []);
}

/** A date of installation, with a warning when it is none. */
export function installDateOf(
  productId: string,
  raw: string | undefined,
  warnings: string[],
  parse: (text: string) => string | undefined = parseInstallDate,
): Pick<InventoryProduct, "installDate" | "installDateRaw"> {
  if (raw === undefined) return { installDate: null, installDateRaw: null };
  const installDate = parse(raw);
  if (installDate === undefined) {
    warnings.push(`InstallDate "${raw.slice(0, 64)}" of ${productId} is no date`);
  }
  return { installDate: installDate ?? null, installDateRaw: raw };
}

/** The leaves of a product, begun when it is new; undefined when the name is no product id. */
function ensure<Leaf extends string>(
  products: Map<string, Map<Leaf, string>>,
  segment: string,
  warnings: string[],
): Map<Leaf, string> | undefined {
  const productId = productIdOf(segment, warnings);
  if (productId === undefined) return undefined;
  const known = products.get(productId);
  if (known !== undefined || products.size >= PRODUCTS_MAX) return known;
  const leaves = new Map<Leaf, string>();
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
