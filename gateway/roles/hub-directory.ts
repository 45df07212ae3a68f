import { desc, eq } from "drizzle-orm";
import { AppError } from "../../devices/model/errors.ts";
import type { SiteId } from "../../devices/model/ids.ts";
import type { HubLink } from "../../sync/hub/hub-link.ts";
import { keyFingerprint } from "../../sync/link/keyring.ts";
import type { PolicyBook } from "../../sync/policy/policy-book.ts";
import type { OutpostDatabase } from "../db/database.ts";
import { joinCodes, sites } from "../db/schema/link.ts";
import type { JoinCodeSummary, SiteDirectory, SiteSummary } from "../http/use-cases.ts";
import type { SiteFreshness } from "../reports/freshness.ts";

export interface HubDirectoryOptions {
  readonly database: OutpostDatabase;
  readonly link: HubLink;
  readonly book: PolicyBook;
  /** The gateway's clock, by which the link notes when a site was seen. */
  readonly now: () => number;
  readonly staleAfterMs: number;
}

/** The hub's sites and join codes, for pages, the API and the reports. */
export class HubDirectory implements SiteDirectory {
  readonly #options: HubDirectoryOptions;

  constructor(options: HubDirectoryOptions) {
    this.#options = options;
  }

  /** What reports say of a row's site. Cheap. */
  siteOf(id: SiteId): SiteFreshness {
    const { db } = this.#options.database;
    const row = db.select().from(sites).where(eq(sites.id, id)).get();
    return row
      ? { name: row.name, stale: this.#isStale(row.lastSeenMs), asOfMs: row.asOfMs }
      : { name: id, stale: true, asOfMs: null };
  }

  async sites(): Promise<readonly SiteSummary[]> {
    const { database, book } = this.#options;
    return database.db
      .select()
      .from(sites)
      .orderBy(sites.id)
      .all()
      .map((row) => ({
        id: row.id as SiteId,
        name: row.name,
        timeZone: row.timeZone,
        joinedAtMs: row.joinedAtMs,
        lastSeenMs: row.lastSeenMs,
        asOfMs: row.asOfMs,
        stale: this.#isStale(row.lastSeenMs),
        clockOffsetMs: row.clockOffsetMs,
        policyConfirmed: row.confirmedPolicyVersion >= book.orgVersion,
        alarm: row.alarm,
        revokedAtMs: row.revokedAtMs,
        keyFingerprint: keyFingerprint(row.publicKey),
        keysSinceMs: row.keysSinceMs,
        announcesKeys: row.nextPublicKey !== null,
      }));
  }

  async revoke(id: SiteId): Promise<void> {
    await this.#options.link.revoke(id);
  }

  async clearAlarm(id: SiteId): Promise<void> {
    await this.#options.link.clearAlarm(id);
  }

  async joinCodes(): Promise<readonly JoinCodeSummary[]> {
    const { db } = this.#options.database;
    return db
      .select()
      .from(joinCodes)
      .orderBy(desc(joinCodes.createdAtMs))
      .all()
      .map((row) => ({
        id: row.id,
        site: row.site as SiteId,
        name: row.name,
        createdBy: row.createdBy,
        createdAtMs: row.createdAtMs,
        expiresAtMs: row.expiresAtMs,
        usedAtMs: row.usedAtMs,
      }));
  }

  async createJoinCode(
    wanted: { readonly site: SiteId; readonly name: string; readonly expiresAtMs: number },
    by: string,
  ): Promise<{ readonly code: string; readonly summary: JoinCodeSummary }> {
    const before = new Set((await this.joinCodes()).map((code) => code.id));
    const { code } = await this.#options.link.makeJoinCode({
      site: wanted.site,
      name: wanted.name,
      by,
      validMs: wanted.expiresAtMs - this.#options.now(),
    });
    const summary = (await this.joinCodes()).find((one) => !before.has(one.id));
    if (!summary) throw new AppError("unavailable", "the code was not stored; try again");
    return { code, summary };
  }

  async removeJoinCode(id: string): Promise<boolean> {
    const { writer } = this.#options.database;
    return writer.submit(
      (db) => db.delete(joinCodes).where(eq(joinCodes.id, id)).run().changes > 0,
    );
  }

  #isStale(lastSeenMs: number | null): boolean {
    const { now, staleAfterMs } = this.#options;
    return lastSeenMs === null || now() - lastSeenMs > staleAfterMs;
  }
}
