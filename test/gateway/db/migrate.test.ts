import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { generateSQLiteDrizzleJson, generateSQLiteMigration } from "drizzle-kit/api";
import { Connection } from "../../../gateway/db/driver/connection.ts";
import {
  hashOf,
  type Migration,
  MigrationError,
  migrate,
  migrationState,
} from "../../../gateway/db/migrate.ts";
import { MIGRATIONS } from "../../../gateway/db/migrations/index.ts";
import * as access from "../../../gateway/db/schema/access.ts";
import * as agents from "../../../gateway/db/schema/agents.ts";
import * as certificates from "../../../gateway/db/schema/certificates.ts";
import * as content from "../../../gateway/db/schema/content.ts";
import * as devices from "../../../gateway/db/schema/devices.ts";
import * as gateway from "../../../gateway/db/schema/gateway.ts";
import * as installations from "../../../gateway/db/schema/installations.ts";
import * as link from "../../../gateway/db/schema/link.ts";
import * as policy from "../../../gateway/db/schema/policy.ts";
import { silentLog, withFolder } from "./temporary.ts";

const FIRST = step("0000_first", 1000, "CREATE TABLE a (x INTEGER);");
const SECOND = step(
  "0001_second",
  2000,
  "CREATE TABLE b (x INTEGER);\n--> statement-breakpoint\nINSERT INTO a VALUES (2);",
);
const THIRD = step("0002_third", 3000, "ALTER TABLE a ADD COLUMN y TEXT;");

describe("migrate()", () => {
  test("applies what is missing, once", () => {
    const connection = new Connection(":memory:");
    expect(migrate(connection, [FIRST], silentLog)).toBe(1);
    expect(migrate(connection, [FIRST, SECOND], silentLog)).toBe(1);
    expect(migrate(connection, [FIRST, SECOND], silentLog)).toBe(0);
    expect(connection.prepare("SELECT x FROM a").rows()).toEqual([[2]]);
    expect(migrationState(connection, [FIRST, SECOND, THIRD])).toEqual({
      applied: [hashOf(FIRST), hashOf(SECOND)],
      pending: [THIRD],
    });
  });

  test("a step that fails takes the whole upgrade back, and it can be tried again", () => {
    const connection = new Connection(":memory:");
    migrate(connection, [FIRST], silentLog);
    const broken = step("0002_broken", 3000, "CREATE TABLE c (x); INSERT INTO nowhere VALUES (1);");
    expect(() => migrate(connection, [FIRST, SECOND, broken], silentLog)).toThrow("no such table");
    expect(connection.prepare("SELECT name FROM sqlite_schema WHERE name = 'b'").rows()).toEqual(
      [],
    );
    expect(migrate(connection, [FIRST, SECOND, THIRD], silentLog)).toBe(2);
  });

  test("refuses a database that a newer version wrote", () => {
    const connection = new Connection(":memory:");
    migrate(connection, [FIRST, SECOND], silentLog);
    const downgrade = () => migrate(connection, [FIRST], silentLog);
    expect(downgrade).toThrow(MigrationError);
    expect(downgrade).toThrow("newer version");
  });

  test("refuses a database of another descent, also when the dates would pass", () => {
    const connection = new Connection(":memory:");
    migrate(connection, [FIRST, THIRD], silentLog);
    expect(() => migrate(connection, [FIRST, SECOND, THIRD], silentLog)).toThrow("step 2");
    const edited = { ...FIRST, sql: `${FIRST.sql} ` };
    expect(() => migrate(connection, [edited, THIRD], silentLog)).toThrow("step 1");
  });

  test("refuses steps that are not in order of time", () => {
    const connection = new Connection(":memory:");
    const late = { ...SECOND, whenMs: FIRST.whenMs };
    expect(() => migrate(connection, [FIRST, late], silentLog)).toThrow("0001_second is not later");
  });

  test("copies a database with content before it changes it", () =>
    withFolder((folder) => {
      const path = join(folder, "a.db");
      const copy = `${path}.before-migration`;
      const connection = new Connection(path);
      migrate(connection, [FIRST], silentLog);
      expect(existsSync(copy)).toBe(false);
      connection.prepare("INSERT INTO a VALUES (?)").run(7);
      migrate(connection, [FIRST, SECOND], silentLog);
      migrate(connection, [FIRST, SECOND, THIRD], silentLog);
      connection.close();
      const before = new Connection(copy);
      expect(migrationState(before, [FIRST, SECOND, THIRD]).pending).toEqual([THIRD]);
      expect(before.prepare("SELECT x FROM a ORDER BY x").rows()).toEqual([[2], [7]]);
      before.close();
    }));
});

test("a copy that cannot be made leaves neither half of it nor a change behind", () =>
  withFolder((folder) => {
    const path = join(folder, "a.db");
    const connection = new Connection(path);
    migrate(connection, [FIRST], silentLog);
    mkdirSync(join(`${path}.before-migration`, "in the way"), { recursive: true });
    expect(() => migrate(connection, [FIRST, SECOND], silentLog)).toThrow();
    expect(existsSync(`${path}.before-migration.partial`)).toBe(false);
    expect(migrationState(connection, [FIRST, SECOND]).pending).toEqual([SECOND]);
    connection.close();
  }));

describe("MIGRATIONS", () => {
  test("rise in time", () => {
    const times = MIGRATIONS.map(({ whenMs }) => whenMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(new Set(times).size).toBe(times.length);
  });

  test("lead to the schema (else: npm run db:generate)", async () => {
    const folder = join(import.meta.dir, "../../../gateway/db/migrations/meta");
    const journal = await Bun.file(join(folder, "_journal.json")).json();
    expect(
      journal.entries.map(({ tag, when }: { tag: string; when: number }) => [tag, when]),
    ).toEqual(MIGRATIONS.map(({ tag, whenMs }) => [tag, whenMs]));
    const number = `${MIGRATIONS.length - 1}`.padStart(4, "0");
    const newest = await Bun.file(join(folder, `${number}_snapshot.json`)).json();
    const tables = {
      ...access,
      ...agents,
      ...certificates,
      ...content,
      ...devices,
      ...gateway,
      ...installations,
      ...link,
    };
    const wanted = await generateSQLiteDrizzleJson({ ...tables, ...policy });
    expect(await generateSQLiteMigration(newest, wanted)).toEqual([]);
  });
});

function step(tag: string, whenMs: number, sql: string): Migration {
  return { tag, whenMs, sql };
}
