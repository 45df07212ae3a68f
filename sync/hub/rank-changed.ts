import { rankRows } from "../../devices/install/rank.ts";
import type { Hlc } from "../../devices/model/hlc.ts";
import type { DeviceId, DistributionId } from "../../devices/model/ids.ts";
import type { Installation } from "../../devices/model/installation.ts";
import type { DeviceAtHub } from "../ports/hub-store.ts";

export type OrderOf = (distribution: DistributionId) => Hlc;

/**
 * Puts changed rows among all rows of their devices and ranks those anew, over all sites.
 *
 * @returns every row that is different from what the hub has, with its flags right
 */
export function rankChanged(
  known: ReadonlyMap<DeviceId, DeviceAtHub>,
  changed: readonly Installation[],
  orderOf: OrderOf,
): readonly Installation[] {
  const byDevice = new Map<DeviceId, Map<string, Installation>>();
  for (const row of changed) {
    const rows = byDevice.get(row.device) ?? keyed(known.get(row.device)?.rows ?? []);
    byDevice.set(row.device, rows.set(keyOf(row), row));
  }
  return [...byDevice].flatMap(([device, rows]) => {
    const before = keyed(known.get(device)?.rows ?? []);
    return rankRows([...rows.values()], orderOf).filter(
      (row) => !Bun.deepEquals(row, before.get(keyOf(row))),
    );
  });
}

function keyed(rows: readonly Installation[]): Map<string, Installation> {
  return new Map(rows.map((row) => [keyOf(row), row]));
}

function keyOf(row: Installation): string {
  return `${row.site}.${row.distribution}`;
}
