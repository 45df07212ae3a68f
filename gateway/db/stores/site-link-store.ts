import { asc, gt } from "drizzle-orm";
import { AppError } from "../../../devices/model/errors.ts";
import type { Fact, NewFact } from "../../../devices/model/fact.ts";
import type { SiteId } from "../../../devices/model/ids.ts";
import type { Installation } from "../../../devices/model/installation.ts";
import { firstKeyring } from "../../../sync/link/keyring.ts";
import { adoptDevice } from "../../../sync/merge.ts";
import type { StoredDocument } from "../../../sync/ports/documents.ts";
import {
  type Adoption,
  type ChangedRows,
  type FactPosition,
  type FrameKind,
  INITIAL_POSITION,
  type KnownDevice,
  type LinkPosition,
  type LinkWrite,
  type OutboxFrame,
  type SiteIdentity,
  type SiteKeyring,
  type SiteKeys,
  type SiteLinkStore,
} from "../../../sync/ports/site-link-store.ts";
import type { OutpostDatabase } from "../database.ts";
import { devices } from "../schema/devices.ts";
import { facts, installations } from "../schema/installations.ts";
import { renameDevices } from "./device-ids.ts";
import { prepareDeviceView } from "./device-view.ts";
import { readDocument, writeDocuments } from "./document-rows.ts";
import { lastFacts, readFacts } from "./fact-reads.ts";
import { NEXT_FACT, Numbering, type Scope } from "./numbering.ts";
import { RowWriter } from "./row-writer.ts";
import { insertInto, upsertInto } from "./upsert.ts";
import { RESTORED_AT, ValueStore } from "./value-store.ts";

const KEYS = "identity/keys";
const IDENTITY = "identity/site";
const POSITION = "link/position";

/** `SiteLinkStore` kept in libSQL. */
export class SqlSiteLinkStore implements SiteLinkStore {
  readonly #database: OutpostDatabase;
  readonly #values: ValueStore;
  readonly #numbering: Numbering;
  readonly #rows: RowWriter;
  readonly #view: ReturnType<typeof prepareDeviceView>;

  /** @param site the site's name until it has joined a hub; the same as the SiteStore was given */
  constructor(database: OutpostDatabase, site: SiteId) {
    this.#database = database;
    this.#values = new ValueStore(database);
    this.#numbering = new Numbering(database, site);
    this.#rows = new RowWriter(database.connection);
    this.#view = prepareDeviceView(database.connection);
  }

  async keyring(): Promise<SiteKeyring | undefined> {
    return this.#keyringNow();
  }

  changeKeyring(before: SiteKeyring | undefined, after: SiteKeyring): Promise<void> {
    return this.#database.writer.submit(() => {
      const present = this.#keyringNow();
      if (Bun.deepEquals(present, after)) return;
      if (!Bun.deepEquals(present, before)) {
        throw new AppError("conflict", "This site has other keys by now.");
      }
      this.#values.putNow(KEYS, JSON.stringify(after));
    });
  }

  async identity(): Promise<SiteIdentity | undefined> {
    return this.#values.getJson<SiteIdentity>(IDENTITY);
  }

  join(identity: SiteIdentity, position: LinkPosition): Promise<void> {
    return this.#database.writer.submit(() => {
      const { connection } = this.#database;
      const { site } = identity;
      for (const table of ["devices", "installations"]) {
        connection.prepare(`UPDATE ${table} SET site = ? WHERE site <> ?`).run(site, site);
      }
      const last = this.#numbering.lastFact({ site, incarnation: position.incarnation });
      connection.prepare(RENAME_FACTS).run(site, position.incarnation, last, site);
      renameDevices(connection, identity.organisation);
      this.#values.putNow(IDENTITY, JSON.stringify(identity));
      this.#putPositionNow(position, identity.site);
    });
  }

  async position(): Promise<LinkPosition> {
    return this.#values.getJson<LinkPosition>(POSITION) ?? INITIAL_POSITION;
  }

  async restored(): Promise<boolean> {
    return this.#values.get(RESTORED_AT) !== undefined;
  }

  async changes(afterRevision: number, limit: number): Promise<ChangedRows> {
    const { connection, db } = this.#database;
    // No await in between: nothing is written while this runs, so it is one snapshot.
    const rows = db
      .select()
      .from(installations)
      .where(gt(installations.revisionCounter, afterRevision))
      .orderBy(asc(installations.revisionCounter))
      .limit(limit + 1)
      .all();
    return {
      rows: rows.slice(0, limit).map(({ revisionCounter, ...row }) => ({
        row: row as Installation,
        revision: revisionCounter,
      })),
      more: rows.length > limit,
      lastFacts: lastFacts(connection, this.#numbering.scope().site),
    };
  }

  async facts(after: FactPosition, limit: number): Promise<readonly Fact[]> {
    return readFacts(this.#database.db, this.#numbering.scope().site, after, limit);
  }

  async pending(
    afterRevision: number,
    after: readonly FactPosition[],
  ): Promise<{ readonly rows: number; readonly facts: number }> {
    const { connection } = this.#database;
    const { site } = this.#numbering.scope();
    const known = new Map(after.map(({ incarnation, seq }) => [incarnation, seq]));
    const counts = lastFacts(connection, site).map(({ incarnation }) =>
      this.#count(COUNT_FACTS, site, incarnation, known.get(incarnation) ?? 0),
    );
    return {
      rows: this.#count(COUNT_ROWS, afterRevision),
      facts: counts.reduce((sum, count) => sum + count, 0),
    };
  }

  async document(name: string): Promise<StoredDocument | undefined> {
    return readDocument(this.#database.connection, name);
  }

  async oldestFrame(): Promise<OutboxFrame | undefined> {
    const [row] = this.#database.connection.prepare(OLDEST_FRAME).rows();
    if (!row) return undefined;
    const [incarnation, seq, kind, bytes, createdAtMs] = row;
    return {
      incarnation: Number(incarnation),
      seq: Number(seq),
      kind: String(kind) as FrameKind,
      bytes: bytes as Uint8Array,
      createdAtMs: Number(createdAtMs),
    };
  }

  commit(write: LinkWrite): Promise<void> {
    return this.#database.writer.submit(() => {
      const { connection } = this.#database;
      const { position, frame, dropFramesThrough, keyring } = write;
      if (keyring) this.#values.putNow(KEYS, JSON.stringify(keyring));
      if (frame) {
        connection
          .prepare(PUT_FRAME)
          .run(frame.incarnation, frame.seq, frame.kind, frame.bytes, frame.createdAtMs);
      }
      if (dropFramesThrough !== undefined) {
        connection.prepare(DROP_FRAMES).run(position.incarnation, dropFramesThrough);
      }
      writeDocuments(connection, write.documents ?? []);
      this.#putPositionNow(position, this.#numbering.scope().site);
    });
  }

  adopt(adoption: Adoption): Promise<void> {
    return this.#database.writer.submit(() => {
      const { connection } = this.#database;
      const { site } = this.#numbering.scope();
      const scope = { site, incarnation: adoption.position.incarnation };
      for (const { incarnation, seq } of adoption.renumber) {
        const last = this.#numbering.lastFact(scope);
        connection.prepare(RENUMBER).run(scope.incarnation, last, site, incarnation, seq);
      }
      const decided = adoption.known.flatMap((known) => this.#adoptNow(known, site));
      writeDocuments(connection, adoption.documents);
      connection.prepare("DELETE FROM outbox").run();
      this.#values.putNow(RESTORED_AT, null);
      this.#putPositionNow(adoption.position, site);
      this.#putFactsNow(decided, scope);
    });
  }

  /** A database from before keys could be changed has them alone. */
  #keyringNow(): SiteKeyring | undefined {
    const kept = this.#values.getJson<SiteKeyring | SiteKeys>(KEYS);
    return kept && ("current" in kept ? kept : firstKeyring(kept));
  }

  /** @returns the facts that say what was decided; they come after those that were renumbered */
  #adoptNow(known: KnownDevice, site: SiteId): readonly NewFact[] {
    const view = this.#view(known.id);
    const here = view && { device: view.device, rows: view.installations };
    const adopted = adoptDevice(here, known);
    if (!adopted) return [];
    upsertInto(this.#database.connection, devices, ["site", "id"])({ ...adopted.device, site });
    this.#rows.putNow(adopted.rows.map((row) => ({ ...row, site })));
    return adopted.facts;
  }

  #putFactsNow(newFacts: readonly NewFact[], scope: Scope): void {
    const put = insertInto(this.#database.connection, facts, { seq: NEXT_FACT });
    const { site, incarnation: siteIncarnation } = scope;
    for (const fact of newFacts) put({ ...fact, site, siteIncarnation });
  }

  #putPositionNow(position: LinkPosition, site: SiteId): void {
    this.#values.putNow(POSITION, JSON.stringify(position));
    this.#numbering.setNow({ site, incarnation: position.incarnation });
  }

  #count(sql: string, ...values: readonly (string | number)[]): number {
    const [row] = this.#database.connection.prepare(sql).rows(...values);
    return Number(row?.[0] ?? 0);
  }
}

const COUNT_ROWS = "SELECT count(*) FROM installations WHERE revision_counter > ?";
const COUNT_FACTS =
  "SELECT count(*) FROM facts WHERE site = ? AND site_incarnation = ? AND seq > ?";
const OLDEST_FRAME = `SELECT site_incarnation, frame_seq, kind, frame, created_at_ms FROM outbox
  ORDER BY site_incarnation, frame_seq LIMIT 1`;
const PUT_FRAME = `INSERT INTO outbox (site_incarnation, frame_seq, kind, frame, created_at_ms)
  VALUES (?, ?, ?, ?, ?) ON CONFLICT (site_incarnation, frame_seq)
  DO UPDATE SET kind = excluded.kind, frame = excluded.frame, created_at_ms = excluded.created_at_ms`;
const DROP_FRAMES = "DELETE FROM outbox WHERE site_incarnation = ? AND frame_seq <= ?";
const RENAME_FACTS = `UPDATE facts SET site = ?, site_incarnation = ?, seq = ? + moved.number
  FROM (SELECT rowid AS id, row_number() OVER (ORDER BY site_incarnation, seq) AS number FROM facts
    WHERE site <> ?) AS moved
  WHERE facts.rowid = moved.id`;
const RENUMBER = `UPDATE facts SET site_incarnation = ?, seq = ? + moved.number
  FROM (SELECT rowid AS id, row_number() OVER (ORDER BY seq) AS number FROM facts
    WHERE site = ? AND site_incarnation = ? AND seq >= ?) AS moved
  WHERE facts.rowid = moved.id`;
