import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SESSION_RECORDING_DEFAULT } from "../../../../devices/model/recorded-session.ts";
import { newSessionFile, openSessionFile } from "../../../../gateway/db/sessions/session-file.ts";
import { SqlSessionRecords } from "../../../../gateway/db/sessions/sql-session-records.ts";
import { QUIET } from "../../../harness/site-core.ts";
import { message, session } from "./a-session.ts";

const KEEP = SESSION_RECORDING_DEFAULT;
const idsOf = (records: SqlSessionRecords) =>
  records.list({ limit: 1_000 }, 0).rows.map(({ id }) => id);

describe("the file of recorded sessions", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "outpost-sessions-"));
    path = join(folder, "site-sessions.db");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const open = (key?: string) =>
    new SqlSessionRecords(openSessionFile(path, key, QUIET), () => newSessionFile(path, key));

  test("is there again after a restart, and gives room back to the disk", () => {
    const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(300_000))).toString("base64");
    {
      using records = open();
      for (let id = 1; id <= 5; id++) {
        records.write([{ session: session(id), messages: [message(noise)] }], KEEP);
      }
    }
    const before = statSync(path).size;
    {
      using records = open();
      expect(idsOf(records)).toEqual([5, 4, 3, 2, 1]);
      records.prune({ ...KEEP, perDevice: 1 }, 0);
    }
    expect(statSync(path).size).toBeLessThan(before / 2);
  });

  test("an id is never given twice, though all sessions are gone", () => {
    {
      using records = open();
      for (let id = 1; id <= 3; id++) records.write([{ session: session(id), messages: [] }], KEEP);
      expect(records.prune({ ...KEEP, days: 0 }, 365 * 24 * 3_600_000)).toBe(3);
    }
    using records = open();
    expect([idsOf(records), records.lastId()]).toEqual([[], 3]);
  });

  test("is begun anew when it is damaged, or of another key", () => {
    {
      using records = open();
      records.write([{ session: session(1), messages: [] }], KEEP);
    }
    writeFileSync(path, "this is no database, and long enough to be looked at".repeat(50));
    {
      using records = open();
      expect(idsOf(records)).toEqual([]);
      records.write([{ session: session(2), messages: [] }], KEEP);
    }
    {
      using records = open("a key of 32 characters, or so.....");
      expect(idsOf(records)).toEqual([]);
      records.write([{ session: session(3), messages: [] }], KEEP);
      expect(idsOf(records)).toEqual([3]);
    }
  });

  test("there are never more bytes than are allowed: the oldest go", () => {
    const keep = { ...KEEP, megabytes: 1, perDevice: 1_000 };
    using records = open();
    for (let id = 1; id <= 60; id++) {
      // What cannot be made shorter.
      const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(30_000))).toString("base64");
      records.write([{ session: session(id), messages: [message(noise)] }], keep);
      expect(records.size()).toBeLessThanOrEqual(1024 * 1024);
    }
    expect(records.lastId()).toBe(60);
    expect(idsOf(records)).not.toContain(1);
  });
});
