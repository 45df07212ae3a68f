import { desc, eq, sql } from "drizzle-orm";
import type { DeviceId } from "../../../devices/model/ids.ts";
import type { DeviceCertificate, DeviceCertificates } from "../../../devices/ports/certificates.ts";
import type {
  WindowsEnrolment,
  WindowsEnrolments,
} from "../../../devices/ports/windows-enrolments.ts";
import type { OutpostDatabase } from "../database.ts";
import { deviceCertificates, windowsEnrolments } from "../schema/certificates.ts";

const NEWEST_FIRST = [desc(deviceCertificates.issuedAtMs), desc(sql`rowid`)] as const;

/** The certificates that were issued, read from libSQL; `SiteStore.commit` writes them. */
export class SqlDeviceCertificates implements DeviceCertificates {
  readonly #database: OutpostDatabase;

  constructor(database: OutpostDatabase) {
    this.#database = database;
  }

  async find(serial: string): Promise<DeviceCertificate | undefined> {
    const where = eq(deviceCertificates.serial, serial);
    return this.#select().where(where).limit(1).get() as DeviceCertificate | undefined;
  }

  async ofDevice(device: DeviceId): Promise<readonly DeviceCertificate[]> {
    const where = eq(deviceCertificates.device, device);
    return this.#select()
      .where(where)
      .orderBy(...NEWEST_FIRST)
      .all() as DeviceCertificate[];
  }

  async list(): Promise<readonly DeviceCertificate[]> {
    return this.#select()
      .orderBy(...NEWEST_FIRST)
      .all() as DeviceCertificate[];
  }

  #select() {
    return this.#database.db.select().from(deviceCertificates);
  }
}

/** Enrolments by code; `SiteStore.commit` writes them. */
export class SqlWindowsEnrolments implements WindowsEnrolments {
  readonly #database: OutpostDatabase;

  constructor(database: OutpostDatabase) {
    this.#database = database;
  }

  async find(codeHash: string): Promise<WindowsEnrolment | undefined> {
    const where = eq(windowsEnrolments.codeHash, codeHash);
    const row = this.#database.db.select().from(windowsEnrolments).where(where).limit(1).get();
    return row as WindowsEnrolment | undefined;
  }

  forgetSeeds(beforeMs: number): Promise<void> {
    return this.#database.writer.submit(() => {
      this.#database.connection
        .prepare(
          "UPDATE windows_enrolments SET seed = NULL WHERE seed IS NOT NULL AND enrolled_at_ms < ?",
        )
        .run(beforeMs);
    });
  }
}
