import type { InventoryEntry } from "../../../protocols/agent/requests.ts";
import { boundedItem, type InventoryItem } from "../../model/inventory.ts";
import { LIST_CHARACTERS_MAX } from "../../model/limits.ts";
import type { Ledger } from "../ledger.ts";

/** What an agent said is installed is asked for again when it is so old. Milliseconds. */
export const INVENTORY_AGE_MS = 24 * 3_600_000;

/**
 * Is there none, is it of yesterday, or of before something was done to the device? What was done by a clock that
 * was set back since comes up when it is that late again. [3.5]
 */
export function isInventoryOld({ device, rows }: Ledger, nowMs: number): boolean {
  const { inventoryAtMs } = device;
  if (inventoryAtMs === null || nowMs - inventoryAtMs >= INVENTORY_AGE_MS) return true;
  return rows.some(
    ({ source, nativeValue, observedAtMs }) =>
      source === "agent" &&
      observedAtMs > inventoryAtMs &&
      observedAtMs <= nowMs &&
      MAY_CHANGE.test(nativeValue ?? ""),
  );
}

/** Words of ends after which something else may be installed than before. */
const MAY_CHANGE =
  /^(succeeded|succeeded-with-warning|uninstalled|(action|check|uninstall)-failed)$/;

/** What an agent says is installed, in the place of what it said before; a fact where that is news. [3.4] */
export function takeInventory(
  ledger: Ledger,
  entries: readonly InventoryEntry[],
  nowMs: number,
): void {
  const { device, inventory: former } = ledger;
  const items = new Map<string, InventoryItem>();
  for (const { name, version, publisher } of entries) {
    // Side by side there may be several of one name.
    const productId = items.has(name) ? `${name} ${version ?? ""}` : name;
    const item = boundedItem({
      device: device.id,
      provider: "agent",
      context: "device",
      productId,
      fullName: null,
      upgradeCode: null,
      version: version ?? null,
      title: name,
      publisher: publisher ?? null,
      installDate: null,
      installDateRaw: null,
      seenAtMs: nowMs,
    });
    items.set(item.productId, item);
  }
  const list = [...items.values()];
  if (summary(list) !== summary(former) || device.inventoryAtMs === null) {
    ledger.deviceFact({
      kind: "inventory",
      atMs: nowMs,
      source: "agent",
      protocol: "agent",
      value: listText(list),
      text: null,
      by: "device",
    });
  }
  ledger.setInventory({ provider: "agent", context: "device" }, list, nowMs);
}

function summary(items: readonly InventoryItem[]): string {
  return items
    .map(({ productId, version }) => `${productId} ${version}`)
    .sort()
    .join("\n");
}

/** As JSON; of an endless list the beginning: its history is no place for all of it. */
function listText(items: readonly InventoryItem[]): string {
  const lines: string[] = [];
  let length = 2;
  for (const { productId, version } of items) {
    const line = JSON.stringify({ productId, version });
    length += line.length + 1;
    if (length > LIST_CHARACTERS_MAX) break;
    lines.push(line);
  }
  return `[${lines.join(",")}]`;
}
