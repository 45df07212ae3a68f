import { OFFLINE_HORIZON_DAYS } from "../../../devices/model/limits.ts";
import {
  INBOX_DAYS,
  INBOX_FRAMES_PER_SITE_MAX,
  INBOX_REPEATABLE_FRAMES,
  QUARANTINE_DAYS,
} from "../../../sync/limits.ts";
import type { OutpostDatabase } from "../database.ts";

/** Rows deleted in one transaction, so that nobody waits long behind it. */
export const ROWS_PER_SWEEP = 500;

/** Instants of past occurrences, for the pictures of windows. */
export const INSTANT_DAYS = 35;
/** One-time codes that were used or have expired. */
export const CODE_DAYS = 90;
/** Certificates after their end, for whoever asks whose one was. */
export const CERTIFICATE_DAYS = 365;
/** Unknown devices that have not knocked since; `KNOCKS_MAX` bounds their number. */
export const KNOCK_DAYS = 90;
/** API tokens that were revoked or have expired. */
export const DEAD_TOKEN_DAYS = 365;
export const AUDIT_DAYS = 2 * 365;
/** Failed logins in the audit log: strangers write these, so there is a number as well. */
export const LOGIN_FAILURES_MAX = 10_000;
/** What was served, per file and day. */
export const SERVED_DAYS = 400;

interface Rule {
  readonly table: string;
  /** Condition of the rows that go. */
  readonly where: string;
  /** One value per `?` in `where`. */
  readonly values: readonly (string | number)[];
}

/** People live by real time: their tokens do not follow the test clock. */
export interface PruneTimes {
  readonly nowMs: number;
  readonly realMs: number;
}

/**
 * Deletes what nobody needs any more from the tables that grow by themselves, a little at a time.
 * ARCHITECTURE.md, section 5, lists every table with what bounds it.
 *
 * @returns how many rows were deleted, by table; tables without any are left out
 */
export async function prune(
  database: OutpostDatabase,
  times: PruneTimes,
): Promise<ReadonlyMap<string, number>> {
  const deleted = new Map<string, number>();
  for (const { table, where, values } of [...rulesAt(times), ...inboxRules(database)]) {
    const sql = `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE ${where} LIMIT ?)`;
    let count: number;
    do {
      count = await database.writer.submit(
        () => database.connection.prepare(sql).run(...values, ROWS_PER_SWEEP).changes,
      );
      if (count > 0) deleted.set(table, (deleted.get(table) ?? 0) + count);
    } while (count === ROWS_PER_SWEEP);
  }
  return deleted;
}

function rulesAt({ nowMs, realMs }: PruneTimes): readonly Rule[] {
  const before = (days: number) => nowMs - days * DAY_MS;
  return [
    ...OF_A_DEVICE.map((table) => ({
      table,
      where: "device IN (SELECT id FROM devices WHERE removed_at_ms < ?)",
      values: [before(OFFLINE_HORIZON_DAYS)],
    })),
    {
      table: "instants",
      // An open one still has to be found missed by its device's next plan.
      where: "end_ms < ? AND closed = 1",
      values: [before(INSTANT_DAYS)],
    },
    {
      table: "enrolment_codes",
      where: "coalesce(used_at_ms, expires_at_ms) < ?",
      values: [before(CODE_DAYS)],
    },
    {
      table: "join_codes",
      where: "coalesce(used_at_ms, expires_at_ms) < ?",
      values: [before(CODE_DAYS)],
    },
    { table: "windows_enrolments", where: "enrolled_at_ms < ?", values: [before(CODE_DAYS)] },
    {
      table: "device_certificates",
      where: "not_after_ms < ?",
      values: [before(CERTIFICATE_DAYS)],
    },
    { table: "knocks", where: "last_at_ms < ?", values: [before(KNOCK_DAYS)] },
    {
      table: "api_tokens",
      where:
        "min(coalesce(revoked_at_ms, expires_at_ms), coalesce(expires_at_ms, revoked_at_ms)) < ?",
      values: [realMs - DEAD_TOKEN_DAYS * DAY_MS],
    },
    { table: "audit_log", where: "at_ms < ?", values: [before(AUDIT_DAYS)] },
    {
      table: "audit_log",
      where: `action = 'login.failed' AND id <= (SELECT id FROM audit_log
        WHERE action = 'login.failed' ORDER BY id DESC LIMIT 1 OFFSET ?)`,
      values: [LOGIN_FAILURES_MAX],
    },
    {
      table: "content_served",
      where: "day < ?",
      values: [new Date(before(SERVED_DAYS)).toISOString().slice(0, 10)],
    },
    { table: "inbox", where: INBOX_OLD, values: [before(INBOX_DAYS)] },
    { table: "quarantine", where: "received_at_ms < ?", values: [before(QUARANTINE_DAYS)] },
  ];
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** What is kept of a device beside its tombstone, its rows and its facts. */
const OF_A_DEVICE = [
  "device_credentials",
  "device_tokens",
  "device_attributes",
  "device_jobs",
  "sessions",
  "inventory",
  "inventory_reads",
  "download_nodes",
  "instants",
];

/** A frame that its site may send again, because the acknowledgement was lost, must be recognised. */
const IS_OVER = `NOT EXISTS (SELECT 1 FROM sites WHERE sites.id = inbox.site
  AND sites.incarnation = inbox.incarnation
  AND inbox.frame_seq > sites.acknowledged_seq - ${INBOX_REPEATABLE_FRAMES})`;
const INBOX_OLD = `received_at_ms < ? AND ${IS_OVER}`;

/** More frames of one site than are remembered: the oldest go. */
function inboxRules({ connection }: OutpostDatabase): readonly Rule[] {
  const sites = connection.prepare("SELECT id FROM sites").rows();
  return sites.flatMap(([site]) => {
    const [last] = connection
      .prepare(
        "SELECT incarnation, frame_seq FROM inbox WHERE site = ? " +
          "ORDER BY incarnation DESC, frame_seq DESC LIMIT 1 OFFSET ?",
      )
      .rows(String(site), INBOX_FRAMES_PER_SITE_MAX);
    if (last === undefined) return [];
    const where = `site = ? AND (incarnation, frame_seq) <= (?, ?) AND ${IS_OVER}`;
    return [{ table: "inbox", where, values: [String(site), Number(last[0]), Number(last[1])] }];
  });
}
