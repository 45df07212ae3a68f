import { type DeviceId, deviceIdFrom } from "../../../devices/model/ids.ts";
import type { Connection } from "../driver/connection.ts";

/** Where a site keeps device ids: all of these change together. */
export const DEVICE_COLUMNS: readonly (readonly [table: string, column: string])[] = [
  ["devices", "id"],
  ["device_aliases", "device"],
  ["device_credentials", "device"],
  ["device_tokens", "device"],
  ["device_attributes", "device"],
  ["device_jobs", "device"],
  ["device_trees", "device"],
  ["sessions", "device"],
  ["inventory", "device"],
  ["inventory_reads", "device"],
  ["download_nodes", "device"],
  ["instants", "device"],
  ["installations", "device"],
  ["facts", "device"],
  ["enrolment_codes", "used_by"],
  ["device_certificates", "device"],
  ["windows_enrolments", "device"],
];

/**
 * Inside a transaction: gives every device the id that it has in this organisation, so that sites that
 * met it apart name it alike from now on. Its former id becomes an alias of it. Repeating it changes
 * nothing. [D10]
 */
export function renameDevices(connection: Connection, organisation: string): void {
  const updates = DEVICE_COLUMNS.map(([table, column]) =>
    connection.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${column} = ?`),
  );
  const alias = connection.prepare(
    "INSERT INTO device_aliases (protocol, external_id, device) VALUES ('external', ?, ?) " +
      "ON CONFLICT (protocol, external_id) DO UPDATE SET device = excluded.device",
  );
  for (const [id, stableId] of connection.prepare("SELECT id, stable_id FROM devices").rows()) {
    const next = deviceIdFrom(organisation, String(stableId));
    if (next === id) continue;
    for (const update of updates) update.run(next, String(id));
    alias.run(String(id), next);
  }
}

/** The devices of a site by the ids that they had in another organisation. */
export function devicesByFormerId(
  connection: Connection,
  organisation: string,
): ReadonlyMap<string, DeviceId> {
  const rows = connection.prepare("SELECT id, stable_id FROM devices").rows();
  return new Map(
    rows.map(([id, stableId]) => [deviceIdFrom(organisation, String(stableId)), id as DeviceId]),
  );
}
