import { desc, eq } from "drizzle-orm";
import type { EnrolmentCode, EnrolmentCodes } from "../../../devices/ports/enrolment-codes.ts";
import type { OutpostDatabase } from "../database.ts";
import { enrolmentCodes } from "../schema/devices.ts";

/** What a site's use-cases need of enrolment codes, kept in libSQL. */
export class SqlSiteEnrolmentCodes implements EnrolmentCodes {
  readonly #database: OutpostDatabase;

  constructor(database: OutpostDatabase) {
    this.#database = database;
  }

  add(code: EnrolmentCode): Promise<void> {
    return this.#database.writer.submit((db) => {
      db.insert(enrolmentCodes).values(code).onConflictDoNothing().run();
    });
  }

  async find(codeHash: string): Promise<EnrolmentCode | undefined> {
    const where = eq(enrolmentCodes.codeHash, codeHash);
    return this.#database.db.select().from(enrolmentCodes).where(where).limit(1).get();
  }

  async list(): Promise<readonly EnrolmentCode[]> {
    return this.#database.db
      .select()
      .from(enrolmentCodes)
      .orderBy(desc(enrolmentCodes.createdAtMs), desc(enrolmentCodes.id))
      .all();
  }

  remove(id: string): Promise<void> {
    return this.#database.writer.submit((db) => {
      db.delete(enrolmentCodes).where(eq(enrolmentCodes.id, id)).run();
    });
  }
}
