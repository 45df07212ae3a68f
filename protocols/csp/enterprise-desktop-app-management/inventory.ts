import { withoutQuery } from "../../oma-dm/loc-uri.ts";
import type { Item } from "../../syncml/message.ts";
import { parseInstallDay } from "../install-date.ts";
import { type Inventory, installDateOf, type ProductPlace, readProductList } from "../inventory.ts";
import { segmentsOf } from "../node-table.ts";
import { parseProductId } from "../product-id.ts";
import { ENTERPRISE_DESKTOP_APP_MANAGEMENT, PRODUCT_LEAVES, type ProductLeaf } from "./nodes.ts";

/** The child of MSI that is no product. */
const OTHERS = ["UpgradeCode"];

/**
 * Reads the MSI packages that a device says are installed, from the answer to `getProducts` or from
 * the answers to `getProductLeaf` put together.
 *
 * A node that has neither Version nor Name is only a job: nothing is installed by it yet.
 */
export function readMsiInventory(items: readonly Item[]): Inventory {
  const { products, warnings } = readProductList(items, productPlace, OTHERS);
  const installed = [...products].filter(
    ([, leaves]) => (leaves.get("Version") ?? "") !== "" || (leaves.get("Name") ?? "") !== "",
  );
  return {
    products: installed.map(([productId, leaves]) => ({
      productId,
      version: leaves.get("Version") || null,
      title: leaves.get("Name") || null,
      publisher: leaves.get("Publisher") || null,
      ...installDateOf(
        productId,
        leaves.get("InstallDate") || undefined,
        warnings,
        parseInstallDay,
      ),
    })),
    warnings,
  };
}

/** The UpgradeCodes of products, by ProductCode: out of the answers to `getUpgradeCode`. */
export function readUpgradeCodes(items: readonly Item[]): ReadonlyMap<string, string> {
  const codes = new Map<string, string>();
  for (const { source, data } of items) {
    const uri = withoutQuery(source ?? "");
    const names = segmentsOf(ENTERPRISE_DESKTOP_APP_MANAGEMENT, uri)?.segments;
    if (names?.[0] !== "MSI" || names[1] !== "UpgradeCode") continue;
    const upgradeCode = parseProductId(names[2] ?? "");
    if (upgradeCode === undefined) continue;
    for (const product of productsIn(data ?? "")) codes.set(product, upgradeCode);
  }
  return codes;
}

/** ProductCodes in any text, with braces or without. */
function productsIn(data: string): readonly string[] {
  const found = data.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi) ?? [];
  return found.flatMap((guid) => parseProductId(guid) ?? []);
}

function productPlace(uri: string): ProductPlace<ProductLeaf> | undefined {
  const segments = segmentsOf(ENTERPRISE_DESKTOP_APP_MANAGEMENT, uri)?.segments;
  if (segments?.[0] !== "MSI") return undefined;
  const [, segment, name] = segments;
  if (segment === undefined) return {};
  const leaf = PRODUCT_LEAVES.find((known) => known === name);
  return leaf === undefined ? { segment } : { segment, leaf };
}
