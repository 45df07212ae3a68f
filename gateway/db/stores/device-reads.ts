import { and, asc, eq, isNull, sql } from "drizzle-orm";
import type {
  DeviceAttribute,
  DeviceJob,
  DeviceToken,
  PullProtocol,
} from "../../../devices/model/agent-device.ts";
import type { DeviceCredential } from "../../../devices/model/credential.ts";
import { UNGUARDED } from "../../../devices/model/credential.ts";
import type { Device, DeviceAlias } from "../../../devices/model/device.ts";
import type { DeviceId } from "../../../devices/model/ids.ts";
import type { StoredSession } from "../../../devices/ports/site-store.ts";
import type { Db } from "../drizzle.ts";
import { deviceAttributes, deviceJobs, deviceTokens } from "../schema/agents.ts";
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
  const isToken = and(
    eq(deviceTokens.protocol, sql.placeholder("protocol")),
    eq(deviceTokens.digest, sql.placeholder("digest")),
  );
  const isFormerToken = and(
    eq(deviceTokens.protocol, sql.placeholder("protocol")),
    eq(deviceTokens.previousDigest, sql.placeholder("digest")),
  );
  const token = db.select().from(deviceTokens).where(isToken).limit(1).prepare();
  const formerToken = db.select().from(deviceTokens).where(isFormerToken).limit(1).prepare();
  const tokens = db
    .select()
    .from(deviceTokens)
    .where(eq(deviceTokens.device, id))
    .orderBy(asc(deviceTokens.protocol))
    .prepare();
  const { name, value, atMs } = deviceAttributes;
  const attributes = db
    .select({ name, value, atMs })
    .from(deviceAttributes)
    .where(eq(deviceAttributes.device, id))
    .orderBy(asc(name))
    .prepare();
  const jobs = db
    .select()
    .from(deviceJobs)
    .where(eq(deviceJobs.device, id))
    .orderBy(asc(deviceJobs.id))
    .prepare();
  return {
    token: (protocol: PullProtocol, digest: string) =>
      (token.get({ protocol, digest }) ?? formerToken.get({ protocol, digest })) as
        | DeviceToken
        | undefined,
    tokens: (id: DeviceId) => tokens.all({ id }) as DeviceToken[],
    attributes: (id: DeviceId): DeviceAttribute[] => attributes.all({ id }),
    jobs: (id: DeviceId) => jobs.all({ id }) as DeviceJob[],
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
