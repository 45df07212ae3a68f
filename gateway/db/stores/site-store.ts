import { and, eq, sql } from "drizzle-orm";
import type { DeviceCredential } from "../../../devices/model/credential.ts";
import type { Device, DeviceAlias } from "../../../devices/model/device.ts";
import type { DeviceId, SiteId } from "../../../devices/model/ids.ts";
import {
  type DeviceChanges,
  type DeviceView,
  KNOCKS_MAX,
  type Knock,
  type SiteStore,
  type StoredSession,
} from "../../../devices/ports/site-store.ts";
import type { OutpostDatabase } from "../database.ts";
import { deviceAliases, deviceCredentials, sessions } from "../schema/devices.ts";
import { prepareDeviceReads } from "./device-reads.ts";
import { DeviceWriter } from "./device-writer.ts";
import { Numbering } from "./numbering.ts";
import { RowWriter } from "./row-writer.ts";

/** `SiteStore` kept in libSQL. */
export class SqlSiteStore implements SiteStore {
  readonly #database: OutpostDatabase;
  readonly #rows: RowWriter;
  readonly #reads: ReturnType<typeof prepareDeviceReads>;
  readonly #byName: ReturnType<typeof prepareByName>;
  readonly #writer: DeviceWriter;

  /** @param site the site's name until it has joined a hub and got another */
  constructor(database: OutpostDatabase, site: SiteId) {
    this.#database = database;
    this.#rows = new RowWriter(database.connection);
    this.#reads = prepareDeviceReads(database.db);
    this.#byName = prepareByName(database);
    this.#writer = new DeviceWriter(database, new Numbering(database, site), this.#rows);
  }

  async find(id: DeviceId): Promise<Device | undefined> {
    return this.#reads.device(id);
  }

  async findByAlias(
    protocol: DeviceAlias["protocol"],
    externalId: string,
  ): Promise<Device | undefined> {
    const alias = this.#byName.alias.get({ protocol, externalId });
    return alias && this.#reads.device(alias.device as DeviceId);
  }

  async deviceIds(): Promise<readonly DeviceId[]> {
    return this.#reads.ids();
  }

  async view(id: DeviceId): Promise<DeviceView | undefined> {
    const device = this.#reads.device(id);
    if (!device) return undefined;
    return {
      device,
      installations: this.#reads.installations(id),
      inventory: this.#reads.inventory(id),
      downloads: this.#reads.downloads(id),
      instants: this.#reads.openInstants(id),
    };
  }

  async credential(id: DeviceId): Promise<DeviceCredential | undefined> {
    return this.#byName.credential.get({ id }) as DeviceCredential | undefined;
  }

  async session(id: DeviceId): Promise<StoredSession | undefined> {
    return this.#byName.session.get({ id }) as StoredSession | undefined;
  }

  commit(changes: readonly DeviceChanges[]): Promise<void> {
    return this.#database.writer.submit(() => this.#writer.write(changes));
  }

  knock(
    knock: Omit<Knock, "firstAtMs" | "lastAtMs" | "count"> & { readonly atMs: number },
  ): Promise<void> {
    return this.#database.writer.submit(() => this.#knockNow(knock));
  }

  /** The revision counter of the row that changed last. Rises with every changed row. */
  revision(): number {
    return this.#rows.lastRevision();
  }

  #knockNow(knock: Parameters<SiteStore["knock"]>[0]): void {
    const { connection } = this.#database;
    const [row] = connection
      .prepare(KNOCK)
      .rows(knock.protocol, knock.externalId, knock.address, knock.details, knock.atMs, knock.atMs);
    const isNew = row?.[0] === 1;
    if (isNew) connection.prepare(DROP_OLD_KNOCKS).run(KNOCKS_MAX);
  }
}

const KNOCK = `INSERT INTO knocks (protocol, external_id, address, details, first_at_ms, last_at_ms, count)
  VALUES (?, ?, ?, ?, ?, ?, 1)
  ON CONFLICT (protocol, external_id) DO UPDATE SET address = excluded.address,
    details = excluded.details, last_at_ms = max(last_at_ms, excluded.last_at_ms), count = count + 1
  RETURNING count`;
const DROP_OLD_KNOCKS = `DELETE FROM knocks WHERE rowid IN (
  SELECT rowid FROM knocks ORDER BY last_at_ms DESC, rowid DESC LIMIT -1 OFFSET ?)`;

function prepareByName({ db }: OutpostDatabase) {
  const id = sql.placeholder("id");
  return {
    alias: db
      .select({ device: deviceAliases.device })
      .from(deviceAliases)
      .where(
        and(
          eq(deviceAliases.protocol, sql.placeholder("protocol")),
          eq(deviceAliases.externalId, sql.placeholder("externalId")),
        ),
      )
      .limit(1)
      .prepare(),
    credential: db
      .select()
      .from(deviceCredentials)
      .where(eq(deviceCredentials.device, id))
      .limit(1)
      .prepare(),
    session: db.select().from(sessions).where(eq(sessions.device, id)).limit(1).prepare(),
  };
}
