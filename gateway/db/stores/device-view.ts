import { getTableColumns, getTableName } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Device } from "../../../devices/model/device.ts";
import type { DeviceId } from "../../../devices/model/ids.ts";
import type { Installation } from "../../../devices/model/installation.ts";
import type {
  DownloadNode,
  InventoryItem,
  InventoryRead,
} from "../../../devices/model/inventory.ts";
import type { Instant } from "../../../devices/model/window.ts";
import type { DeviceView } from "../../../devices/ports/site-store.ts";
import type { Connection } from "../driver/connection.ts";
import { devices, downloadNodes, instants, inventory, inventoryReads } from "../schema/devices.ts";
import { installations } from "../schema/installations.ts";

/**
 * Everything about one device in one query. Every message of a device starts with it, and what the
 * binding costs is its cells: as six cells of JSON it takes half the time of rows.
 */
export function prepareDeviceView(
  connection: Connection,
): (id: DeviceId) => DeviceView | undefined {
  const own = tableAsJson<Device>(devices);
  const rows = tableAsJson<Installation>(installations, ["revisionCounter"]);
  const items = tableAsJson<InventoryItem>(inventory);
  const reads = tableAsJson<InventoryRead>(inventoryReads);
  const nodes = tableAsJson<DownloadNode>(downloadNodes);
  const open = tableAsJson<Instant>(instants);
  const statement = connection.prepare(`SELECT ${own.array},
    ${rows.listOf("distribution, site")},
    ${items.listOf("product_id")},
    ${reads.listOf("provider, context")},
    ${nodes.listOf("product_id")},
    ${open.listOf("start_ms", "AND closed = 0")},
    (SELECT tree FROM device_trees WHERE device = device_of_view.id)
    FROM devices AS device_of_view WHERE id = ? LIMIT 1`);
  return (id) => {
    const [row] = statement.rows(id);
    if (!row) return undefined;
    const [device, ...lists] = row.map((cell) => (cell === null ? null : JSON.parse(String(cell))));
    return {
      device: own.from(device),
      installations: lists[0].map(rows.from),
      inventory: lists[1].map(items.from),
      inventoryReads: lists[2].map(reads.from),
      downloads: lists[3].map(nodes.from),
      instants: lists[4].map(open.from),
      ...(lists[5] === null ? {} : { tree: lists[5] }),
    };
  };
}

/** A table's rows as JSON arrays, in the order of its columns, and back. */
function tableAsJson<Row>(table: SQLiteTable, leftOut: readonly string[] = []) {
  const columns = Object.entries(getTableColumns(table)).filter(
    ([field]) => !leftOut.includes(field),
  );
  const fields = columns.map(([field]) => field);
  const isBoolean = columns.map(([, column]) => column.dataType === "boolean");
  const array = `json_array(${columns.map(([, { name }]) => `"${name}"`).join(", ")})`;
  return {
    array,
    /** A query for all rows of the device of the view. */
    listOf: (order: string, condition = "") =>
      `(SELECT json_group_array(${array} ORDER BY ${order}) FROM "${getTableName(table)}"
        WHERE device = device_of_view.id ${condition})`,
    from: (values: readonly unknown[]): Row => {
      const row: Record<string, unknown> = {};
      for (let index = 0; index < fields.length; index++) {
        const value = values[index];
        row[fields[index] ?? ""] = isBoolean[index] && value !== null ? value === 1 : value;
      }
      return row as Row;
    },
  };
}
