import { and, asc, eq, getTableColumns, inArray, or, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { Device } from "../../../devices/model/device.ts";
import { AppError } from "../../../devices/model/errors.ts";
import type { Fact } from "../../../devices/model/fact.ts";
import type { DeviceId, SiteId } from "../../../devices/model/ids.ts";
import type { Installation } from "../../../devices/model/installation.ts";
import { hubIncarnation } from "../../../devices/service/register-device.ts";
import type { StoredDocument } from "../../../sync/ports/documents.ts";
import type {
  DeviceAtHub,
  HubIdentity,
  HubStore,
  InboxEntry,
  IngestWrite,
  IssuedIncarnation,
  JoinCode,
  RowsAmong,
  SiteRecord,
} from "../../../sync/ports/hub-store.ts";
import type { FactPosition } from "../../../sync/ports/site-link-store.ts";
import type { OutpostDatabase } from "../database.ts";
import type { Connection } from "../driver/connection.ts";
import { devices } from "../schema/devices.ts";
import { facts, installations } from "../schema/installations.ts";
import {
  inbox,
  issuedIncarnations,
  joinCodes,
  journalPositions,
  quarantine,
  sites,
} from "../schema/link.ts";
import { readDocument, writeDocuments } from "./document-rows.ts";
import { readFacts } from "./fact-reads.ts";
import { SqlPolicyStore } from "./policy-store.ts";
import { RowWriter } from "./row-writer.ts";
import { siteRecordFrom, siteRowFrom } from "./site-records.ts";
import { upsertInto } from "./upsert.ts";
import { ValueStore } from "./value-store.ts";

const IDENTITY = "hub/identity";
/** Ids in one question to the database. */
const IDS_PER_QUERY = 200;
const { revisionCounter: _, ...INSTALLATION } = getTableColumns(installations);

/** `HubStore` kept in libSQL. */
export class SqlHubStore implements HubStore {
  readonly #database: OutpostDatabase;
  readonly #values: ValueStore;
  readonly #rows: RowWriter;
  readonly #policy: SqlPolicyStore;
  readonly #put: ReturnType<typeof prepare>;

  constructor(database: OutpostDatabase) {
    this.#database = database;
    this.#values = new ValueStore(database);
    this.#rows = new RowWriter(database.connection);
    this.#policy = new SqlPolicyStore(database);
    this.#put = prepare(database.connection);
  }

  async identity(): Promise<HubIdentity | undefined> {
    return this.#values.getJson<HubIdentity>(IDENTITY);
  }

  async putIdentity(identity: HubIdentity): Promise<void> {
    const wanted = JSON.stringify(identity);
    if ((await this.#values.putIfAbsent(IDENTITY, wanted)) === wanted) return;
    throw new AppError("conflict", "This hub has another identity already.");
  }

  putJoinCode(code: JoinCode): Promise<void> {
    return this.#database.writer.submit(() => this.#put.joinCode(code));
  }

  async findJoinCode(codeHash: string): Promise<JoinCode | undefined> {
    const where = eq(joinCodes.codeHash, codeHash);
    const row = this.#database.db.select().from(joinCodes).where(where).limit(1).get();
    return row && { ...row, site: row.site as SiteId };
  }

  join(site: SiteRecord, used: JoinCode): Promise<void> {
    return this.#database.writer.submit(() => {
      this.#put.site(siteRowFrom(site));
      this.#put.joinCode(used);
    });
  }

  async sites(): Promise<readonly SiteRecord[]> {
    const rows = this.#database.db.select().from(sites).orderBy(asc(sites.id)).all();
    return rows.map(siteRecordFrom);
  }

  async site(id: SiteId): Promise<SiteRecord | undefined> {
    const row = this.#database.db.select().from(sites).where(eq(sites.id, id)).limit(1).get();
    return row && siteRecordFrom(row);
  }

  putSite(site: SiteRecord): Promise<void> {
    return this.#database.writer.submit(() => this.#put.site(siteRowFrom(site)));
  }

  async inboxEntry(
    site: SiteId,
    incarnation: number,
    frameSeq: number,
  ): Promise<InboxEntry | undefined> {
    const isFrame = and(
      eq(inbox.site, site),
      eq(inbox.incarnation, incarnation),
      eq(inbox.frameSeq, frameSeq),
    );
    const row = this.#database.db.select().from(inbox).where(isFrame).limit(1).get();
    return row as InboxEntry | undefined;
  }

  async document(name: string): Promise<StoredDocument | undefined> {
    return readDocument(this.#database.connection, name);
  }

  async documentNames(prefix: string): Promise<readonly string[]> {
    return this.#database.connection
      .prepare("SELECT name FROM documents WHERE substr(name, 1, ?) = ? ORDER BY name")
      .rows(prefix.length, prefix)
      .map(([name]) => String(name));
  }

  async quarantinedBytes(site: SiteId): Promise<number> {
    const [row] = this.#database.connection
      .prepare("SELECT coalesce(sum(length(frame)), 0) FROM quarantine WHERE site = ?")
      .rows(site);
    return Number(row?.[0] ?? 0);
  }

  async factPositions(site: SiteId): Promise<readonly FactPosition[]> {
    const { incarnation, seq } = journalPositions;
    return this.#database.db
      .select({ incarnation, seq })
      .from(journalPositions)
      .where(eq(journalPositions.site, site))
      .orderBy(asc(incarnation))
      .all();
  }

  async facts(site: SiteId, after: FactPosition, limit: number): Promise<readonly Fact[]> {
    return readFacts(this.#database.db, site, after, limit);
  }

  async devices(
    ids: readonly DeviceId[],
    among?: RowsAmong,
  ): Promise<ReadonlyMap<DeviceId, DeviceAtHub>> {
    const found = new Map<DeviceId, { rows: Installation[]; devices: Device[] }>();
    const of = (id: DeviceId) => {
      const one = found.get(id) ?? { rows: [], devices: [] };
      found.set(id, one);
      return one;
    };
    for (let start = 0; start < ids.length; start += IDS_PER_QUERY) {
      const some = ids.slice(start, start + IDS_PER_QUERY);
      for (const device of this.#devicesAmong(some)) of(device.id).devices.push(device);
      for (const row of this.#rowsOf(some, among)) of(row.device).rows.push(row);
    }
    return found;
  }

  async deviceIdsOf(
    site: SiteId,
    after: DeviceId | "",
    limit: number,
  ): Promise<readonly DeviceId[]> {
    return this.#database.connection
      .prepare(DEVICE_IDS)
      .rows(site, after, site, after, limit)
      .map(([id]) => String(id) as DeviceId);
  }

  ingest(write: IngestWrite): Promise<void> {
    return this.#database.writer.submit(() => this.#ingestNow(write));
  }

  issueIncarnations(ids: readonly DeviceId[]): Promise<readonly IssuedIncarnation[]> {
    return this.#database.writer.submit(() => ids.map((device) => this.#issueNow(device)));
  }

  #ingestNow(write: IngestWrite): void {
    this.#put.site(siteRowFrom(write.site));
    this.#put.inbox(write.inbox);
    writeDocuments(this.#database.connection, write.documents ?? []);
    for (const fact of write.facts ?? []) this.#put.fact(fact);
    if (write.factPosition) {
      this.#put.factPosition({ site: write.site.id, ...write.factPosition });
    }
    for (const device of write.devices ?? []) this.#put.device(device);
    this.#rows.putNow(write.rows ?? []);
    if (write.policy) this.#policy.writeNow(write.policy);
    if (write.leavesQuarantine !== undefined) {
      this.#database.connection
        .prepare("DELETE FROM quarantine WHERE id = ?")
        .run(write.leavesQuarantine);
    }
    if (write.quarantined) {
      this.#put.quarantined({ ...write.quarantined, frame: Buffer.from(write.quarantined.frame) });
    }
  }

  #issueNow(device: DeviceId): IssuedIncarnation {
    const [row = []] = this.#database.connection
      .prepare(KNOWN_NUMBERS)
      .rows(device, device, device, device, device);
    const [greatest, sequence] = row.map(Number);
    const incarnation = hubIncarnation(greatest ?? undefined);
    this.#put.issued({ device, incarnation });
    return { device, incarnation, sequence: sequence ?? 0 };
  }

  #devicesAmong(ids: readonly DeviceId[]): Device[] {
    return this.#database.db
      .select()
      .from(devices)
      .where(inArray(devices.id, [...ids]))
      .orderBy(asc(devices.id), asc(devices.site))
      .all() as Device[];
  }

  #rowsOf(ids: readonly DeviceId[], among: RowsAmong | undefined): Installation[] {
    return this.#database.db
      .select(INSTALLATION)
      .from(installations)
      .where(and(inArray(installations.device, [...ids]), isAmong(among)))
      .orderBy(asc(installations.device), asc(installations.distribution), asc(installations.site))
      .all() as Installation[];
  }
}

/** Lists as JSON, so that the statement is the same however many there are. */
function isAmong(among: RowsAmong | undefined): SQL | undefined {
  if (among === undefined) return undefined;
  const isOneOf = (column: SQLiteColumn, names: readonly string[]) =>
    sql`${column} IN (SELECT value FROM json_each(${JSON.stringify(names)}))`;
  return or(
    isOneOf(installations.package, among.packages),
    isOneOf(installations.distribution, among.distributions),
  );
}

function prepare(connection: Connection) {
  return {
    joinCode: upsertInto(connection, joinCodes, ["id"]),
    site: upsertInto(connection, sites, ["id"]),
    inbox: upsertInto(connection, inbox, ["site", "incarnation", "frameSeq"]),
    fact: upsertInto(connection, facts, ["site", "siteIncarnation", "seq"]),
    factPosition: upsertInto(connection, journalPositions, ["site", "incarnation"]),
    device: upsertInto(connection, devices, ["site", "id"]),
    quarantined: upsertInto(connection, quarantine, ["id"]),
    issued: upsertInto(connection, issuedIncarnations, ["device"]),
  };
}

const DEVICE_IDS = `SELECT id FROM devices WHERE site = ? AND id > ?
  UNION SELECT device FROM installations WHERE site = ? AND device > ?
  ORDER BY 1 LIMIT ?`;
const KNOWN_NUMBERS = `SELECT
  max(coalesce((SELECT incarnation FROM issued_incarnations WHERE device = ?), 0),
      coalesce((SELECT max(incarnation) FROM devices WHERE id = ?), 0),
      coalesce((SELECT max(incarnation) FROM installations WHERE device = ?), 0)),
  max(coalesce((SELECT max(sequence) FROM devices WHERE id = ?), 0),
      coalesce((SELECT max(sequence) FROM installations WHERE device = ?), 0))`;
