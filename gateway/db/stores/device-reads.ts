import { and, asc, eq, isNull, sql } from "drizzle-orm";
import type { DeviceCredential } from "../../../devices/model/credential.ts";
import { UNGUARDED } from "../../../devices/model/credential.ts";
import type { Device, DeviceAlias } from "../../../devices/model/device.ts";
import type { DeviceId } from "../../../devices/model/ids.ts";
import type { StoredSession } from "../../../devices/ports/site-store.ts";
import type { Db } from "../drizzle.ts";
import {
  deviceAliases,
  deviceCredentials,
  devices,
  deviceTrees,
  sessions,
} from "../schema/devices.ts";

/**
 * The small queries about devices, prepared once: every message of a device runs some of them. Texts
 * are the unions of the model because nothing else was ever written.
 */
export function prepareDeviceReads(db: Db) {
  const id = sql.placeholder("id");
  const device = db.select().from(devices).where(eq(devices.id, id)).limit(1).prepare();
  const ids = db
    .select({ id: devices.id })
    .from(devices)
    .where(isNull(devices.removedAtMs))
    .orderBy(asc(devices.id))
    .prepare();
  const withOrders = db
    .select({ id: deviceTrees.device })
    .from(deviceTrees)
    .where(sql`has_orders = 1`) // As written here, so that the partial index serves it.
    .orderBy(asc(deviceTrees.device))
    .prepare();
  const isAlias = and(
    eq(deviceAliases.protocol, sql.placeholder("protocol")),
    eq(deviceAliases.externalId, sql.placeholder("externalId")),
  );
  const alias = db
    .select({ device: deviceAliases.device })
    .from(deviceAliases)
    .where(isAlias)
    .limit(1)
    .prepare();
  const credential = db
    .select()
    .from(deviceCredentials)
    .where(eq(deviceCredentials.device, id))
    .limit(1)
    .prepare();
  const session = db.select().from(sessions).where(eq(sessions.device, id)).limit(1).prepare();
  return {
    device: (id: DeviceId) => device.get({ id }) as Device | undefined,
    ids: () => ids.all().map((row) => row.id as DeviceId),
    idsWithOrders: () => withOrders.all().map((row) => row.id as DeviceId),
    byAlias: (protocol: DeviceAlias["protocol"], externalId: string) =>
      alias.get({ protocol, externalId })?.device as DeviceId | undefined,
    credential: (id: DeviceId) => {
      const row = credential.get({ id });
      if (!row) return undefined;
      const guard = row.guard === null ? UNGUARDED : JSON.parse(row.guard);
      return { ...row, guard } as DeviceCredential;
    },
    session: (id: DeviceId) => session.get({ id }) as StoredSession | undefined,
  };
}
