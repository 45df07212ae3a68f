import { asc, eq } from "drizzle-orm";
import type { RevisionId } from "../../../devices/model/ids.ts";
import type { VendorIndex, VendorRecord } from "../../content/vendor-index.ts";
import type { OutpostDatabase } from "../database.ts";
import { vendorFiles } from "../schema/content.ts";
import { upsertInto } from "./upsert.ts";

/** `VendorIndex` kept in libSQL. */
export class SqlVendorIndex implements VendorIndex {
  readonly #database: OutpostDatabase;
  readonly #put: (record: typeof vendorFiles.$inferSelect) => void;

  constructor(database: OutpostDatabase) {
    this.#database = database;
    this.#put = upsertInto(database.connection, vendorFiles, ["revision"]);
  }

  async list(): Promise<readonly VendorRecord[]> {
    const rows = this.#database.db
      .select()
      .from(vendorFiles)
      .orderBy(asc(vendorFiles.revision))
      .all();
    return rows as VendorRecord[];
  }

  put(record: VendorRecord): Promise<void> {
    return this.#database.writer.submit(() => this.#put(record));
  }

  remove(revision: RevisionId): Promise<void> {
    return this.#database.writer.submit(() => {
      this.#database.db.delete(vendorFiles).where(eq(vendorFiles.revision, revision)).run();
    });
  }
}
