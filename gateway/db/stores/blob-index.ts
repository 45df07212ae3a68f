import { asc, eq } from "drizzle-orm";
import type { Sha256 } from "../../../devices/model/ids.ts";
import type {
  BlobIndex,
  BlobRecord,
  NewBlobRecord,
  ServedCount,
} from "../../content/blob-index.ts";
import type { OutpostDatabase } from "../database.ts";
import { blobs, contentServed } from "../schema/content.ts";
import { upsertInto } from "./upsert.ts";

/** `BlobIndex` kept in libSQL. */
export class SqlBlobIndex implements BlobIndex {
  readonly #database: OutpostDatabase;
  readonly #put: ReturnType<typeof prepare>;

  constructor(database: OutpostDatabase) {
    this.#database = database;
    this.#put = prepare(database);
  }

  async list(): Promise<readonly BlobRecord[]> {
    return this.#database.db.select().from(blobs).orderBy(asc(blobs.sha256)).all() as BlobRecord[];
  }

  async find(sha256: Sha256): Promise<BlobRecord | undefined> {
    const where = eq(blobs.sha256, sha256);
    const row = this.#database.db.select().from(blobs).where(where).limit(1).get();
    return row as BlobRecord | undefined;
  }

  put(record: NewBlobRecord, atMs: number): Promise<void> {
    return this.#database.writer.submit(() => {
      this.#put({ ...record, createdAtMs: atMs, lastUsedAtMs: null });
    });
  }

  remove(sha256: Sha256): Promise<void> {
    return this.#database.writer.submit((db) => {
      db.delete(blobs).where(eq(blobs.sha256, sha256)).run();
      db.delete(contentServed).where(eq(contentServed.sha256, sha256)).run();
    });
  }

  addServed(counts: readonly ServedCount[], atMs: number): Promise<void> {
    return this.#database.writer.submit(() => {
      const { connection } = this.#database;
      for (const { sha256, day, requests, bytes } of counts) {
        connection.prepare(ADD).run(`${day}/${sha256}`, sha256, day, requests, bytes);
        connection.prepare(TOUCH).run(atMs, sha256);
      }
    });
  }

  async listServed(): Promise<readonly ServedCount[]> {
    const { sha256, day, requests, bytes } = contentServed;
    return this.#database.db
      .select({ sha256, day, requests, bytes })
      .from(contentServed)
      .orderBy(asc(day), asc(sha256))
      .all() as ServedCount[];
  }
}

function prepare({ connection }: OutpostDatabase) {
  return upsertInto(connection, blobs, ["sha256"], { kept: ["createdAtMs", "lastUsedAtMs"] });
}

const ADD = `INSERT INTO content_served (key, sha256, day, requests, bytes) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET requests = requests + excluded.requests,
    bytes = bytes + excluded.bytes`;
const TOUCH =
  "UPDATE blobs SET last_used_at_ms = max(coalesce(last_used_at_ms, 0), ?) WHERE sha256 = ?";
