import type {
  DeviceAttribute,
  DeviceJob,
  DeviceToken,
  PullProtocol,
} from "../../../devices/model/agent-device.ts";
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
import { prepareDeviceReads } from "./device-reads.ts";
import { prepareDeviceView } from "./device-view.ts";
import { DeviceWriter } from "./device-writer.ts";
import { Numbering } from "./numbering.ts";
import { RowWriter } from "./row-writer.ts";

/** `SiteStore` kept in libSQL. */
export class SqlSiteStore implements SiteStore {
  readonly #database: OutpostDatabase;
  readonly #rows: RowWriter;
  readonly #reads: ReturnType<typeof prepareDeviceReads>;
  readonly #view: ReturnType<typeof prepareDeviceView>;
  readonly #writer: DeviceWriter;

  /** @param site the site's name until it has joined a hub and got another */
  constructor(database: OutpostDatabase, site: SiteId) {
    this.#database = database;
    this.#rows = new RowWriter(database.connection);
    this.#reads = prepareDeviceReads(database.db);
    this.#view = prepareDeviceView(database.connection);
    this.#writer = new DeviceWriter(database, new Numbering(database, site), this.#rows);
  }

  async find(id: DeviceId): Promise<Device | undefined> {
    return this.#reads.device(id);
  }

  async findByAlias(
    protocol: DeviceAlias["protocol"],
    externalId: string,
  ): Promise<Device | undefined> {
    const id = this.#reads.byAlias(protocol, externalId);
    return id && this.#reads.device(id);
  }

  async deviceIds(): Promise<readonly DeviceId[]> {
    return this.#reads.ids();
  }

  async devicesWithOrders(): Promise<readonly DeviceId[]> {
    return this.#reads.idsWithOrders();
  }

  async view(id: DeviceId): Promise<DeviceView | undefined> {
    return this.#view(id);
  }

  async credential(id: DeviceId): Promise<DeviceCredential | undefined> {
    return this.#reads.credential(id);
  }

  async session(id: DeviceId): Promise<StoredSession | undefined> {
    return this.#reads.session(id);
  }

  async findToken(protocol: PullProtocol, digest: string): Promise<DeviceToken | undefined> {
    return this.#reads.token(protocol, digest);
  }

  async tokens(id: DeviceId): Promise<readonly DeviceToken[]> {
    return this.#reads.tokens(id);
  }

  async attributes(id: DeviceId): Promise<readonly DeviceAttribute[]> {
    return this.#reads.attributes(id);
  }

  async jobs(id: DeviceId): Promise<readonly DeviceJob[]> {
    return this.#reads.jobs(id);
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
