import { and, asc, eq, getTableColumns, isNull, sql } from "drizzle-orm";
import type { Device } from "../../../devices/model/device.ts";
import type { DeviceId } from "../../../devices/model/ids.ts";
import type { Installation } from "../../../devices/model/installation.ts";
import type { DownloadNode, InventoryItem } from "../../../devices/model/inventory.ts";
import type { Instant } from "../../../devices/model/window.ts";
import type { Db } from "../drizzle.ts";
import { devices, downloadNodes, instants, inventory } from "../schema/devices.ts";
import { installations } from "../schema/installations.ts";

const { revisionCounter: _, ...INSTALLATION } = getTableColumns(installations);

/**
 * The queries about one device, prepared once: a device's message runs all of them. Texts are the
 * unions of the model because nothing else was ever written.
 */
export function prepareDeviceReads(db: Db) {
  const id = sql.placeholder("id");
  const device = db.select().from(devices).where(eq(devices.id, id)).limit(1).prepare();
  const rows = db
    .select(INSTALLATION)
    .from(installations)
    .where(eq(installations.device, id))
    .orderBy(asc(installations.distribution), asc(installations.site))
    .prepare();
  const items = db
    .select()
    .from(inventory)
    .where(eq(inventory.device, id))
    .orderBy(asc(inventory.productId))
    .prepare();
  const nodes = db
    .select()
    .from(downloadNodes)
    .where(eq(downloadNodes.device, id))
    .orderBy(asc(downloadNodes.productId))
    .prepare();
  const open = db
    .select()
    .from(instants)
    .where(and(eq(instants.device, id), eq(instants.closed, false)))
    .orderBy(asc(instants.startMs))
    .prepare();
  const ids = db
    .select({ id: devices.id })
    .from(devices)
    .where(isNull(devices.removedAtMs))
    .orderBy(asc(devices.id))
    .prepare();
  return {
    device: (id: DeviceId) => device.get({ id }) as Device | undefined,
    installations: (id: DeviceId) => rows.all({ id }) as Installation[],
    inventory: (id: DeviceId) => items.all({ id }) as InventoryItem[],
    downloads: (id: DeviceId) => nodes.all({ id }) as DownloadNode[],
    openInstants: (id: DeviceId) => open.all({ id }) as Instant[],
    ids: () => ids.all().map((row) => row.id as DeviceId),
  };
}
