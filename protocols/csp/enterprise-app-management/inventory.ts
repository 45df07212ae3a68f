import type { Item } from "../../syncml/message.ts";
import { type Inventory, installDateOf, type ProductPlace, readProductList } from "../inventory.ts";
import { segmentsOf } from "../node-table.ts";
import { ENTERPRISE_APP_MANAGEMENT, INVENTORY_LEAVES, type InventoryLeaf } from "./nodes.ts";

/**
 * Reads what a device says about its installed apps: the items of the answer to `getInventory`, in
 * one Results or many, or of the answers to `getInventoryNode` put together. An app that is only
 * named is installed and has no values. [Q42]
 */
export function readInventory(items: readonly Item[]): Inventory {
  const { products, warnings } = readProductList(items, inventoryPlace);
  return {
    products: [...products].map(([productId, leaves]) => ({
      productId,
      version: leaves.get("Version") ?? null,
      title: leaves.get("Title") ?? null,
      publisher: leaves.get("Publisher") ?? null,
      ...installDateOf(productId, leaves.get("InstallDate"), warnings),
    })),
    warnings,
  };
}

function inventoryPlace(uri: string): ProductPlace<InventoryLeaf> | undefined {
  const segments = segmentsOf(ENTERPRISE_APP_MANAGEMENT, uri)?.segments;
  if (segments?.[1] !== "EnterpriseApps" || segments[2] !== "Inventory") return undefined;
  const [, , , segment, name] = segments;
  if (segment === undefined) return {};
  const leaf = INVENTORY_LEAVES.find((known) => known === name);
  return leaf === undefined ? { segment } : { segment, leaf };
}
