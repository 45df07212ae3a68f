/** Every trap of the libsql binding: shown on the raw binding first, then harmless through ours. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import Libsql from "libsql";
import { AppError } from "../../../../devices/model/errors.ts";
import { Connection } from "../../../../gateway/db/driver/connection.ts";
import { drizzleOver } from "../../../../gateway/db/drizzle.ts";
import { withFolder } from "../temporary.ts";
import { ABORTING } from "./raw-binding.ts";

const TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b, c BLOB) STRICT";
const LOOSE = TABLE.replace(" STRICT", "").replace("c BLOB", "c");

describe("the raw binding", () => {
  test.each(Object.keys(ABORTING))("ends the process for %s", async (name) => {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "raw-binding.ts"), name], {
      stdout: "pipe",
      stderr: "ignore",
      env: { ...Bun.env, BUN_ENABLE_CRASH_REPORTING: "0" },
    });
    const said = await new Response(child.stdout).text();
    await child.exited;
    expect({ said, signal: child.signalCode }).toEqual({ said: "", signal: "SIGABRT" });
  });
});

describe("values that abort the raw binding", () => {
  const connection = new Connection(":memory:");
  const one = connection.prepare("SELECT ? AS x");

  test("a boolean is bound as 0 or 1", () => {
    expect(one.get(true)).toEqual({ x: 1 });
    expect(one.get(false)).toEqual({ x: 0 });
    const db = drizzleOver(connection);
    expect(db.get<{ x: number }>(sql`SELECT ${true} AS x`)).toEqual({ x: 1 });
  });

  test("a lone Uint8Array, Buffer or ArrayBuffer is bound as a blob", () => {
    const bytes = new Uint8Array([1, 0, 255]);
    for (const value of [bytes, Buffer.from(bytes), bytes.buffer, bytes.subarray(0)]) {
      expect(one.get(value)).toEqual({ x: bytes });
    }
    expect(one.all(bytes.subarray(1, 2))).toEqual([{ x: new Uint8Array([0]) }]);
  });

  test.each([
    ["a Date", new Date(0)],
    ["a plain object", { a: 1 }],
    ["an array", [1]],
    ["undefined", undefined],
    ["a function", () => 1],
    ["a symbol", Symbol("a")],
    ["a String object", Object("a")],
  ])("%s is refused", (_, value) => {
    expect(() => one.get(value)).toThrow("cannot be bound");
    expect(one.get(1)).toEqual({ x: 1 });
  });
});

describe("values that the raw binding changes silently", () => {
  const connection = new Connection(":memory:");
  const one = connection.prepare("SELECT ? AS x");
  const raw = new Libsql(":memory:");
  const rawValue = (value: unknown) =>
    (raw.prepare("SELECT ? AS x").get([value]) as { x: unknown }).x;

  test("text with NUL is refused, not cut off", () => {
    expect(rawValue("a\0b")).toBe("a");
    expect(() => one.get("a\0b")).toThrow(AppError);
  });

  test("half a surrogate pair is refused, not replaced", () => {
    expect(rawValue("a\ud800b")).toBe("a\ufffdb");
    expect(() => one.get("a\ud800b")).toThrow(AppError);
    expect(one.get("\u{1f4e6} ok")).toEqual({ x: "\u{1f4e6} ok" });
  });

  test("NaN and Infinity are refused", () => {
    expect(rawValue(Number.NaN)).toBeNull();
    expect(() => one.get(Number.NaN)).toThrow("cannot be stored");
    expect(() => one.get(Number.NEGATIVE_INFINITY)).toThrow("cannot be stored");
  });

  test("whole numbers are bound as integers", () => {
    expect(raw.prepare("SELECT typeof(?) AS x").get([10])).toMatchObject({ x: "real" });
    const kind = connection.prepare("SELECT typeof(?) AS x");
    expect(kind.get(10)).toEqual({ x: "integer" });
    expect(kind.get(-0)).toEqual({ x: "integer" });
    expect(kind.get(1.5)).toEqual({ x: "real" });
    for (const edge of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      expect(one.get(edge)).toEqual({ x: edge });
    }
  });

  test("whole numbers past the exact ones are refused", () => {
    expect(() => one.get(2 ** 53)).toThrow("kept exactly");
    expect(() => one.get(2n ** 60n)).toThrow("without loss");
    expect(one.get(2n ** 52n)).toEqual({ x: 2 ** 52 });
  });

  test("too many and too few parameters are refused", () => {
    expect(raw.prepare("SELECT ? AS x").get([1, 2, 3])).toMatchObject({ x: 1 });
    expect(() => one.get(1, 2)).toThrow("1 parameters are wanted and 2 given");
    expect(() => one.get()).toThrow("1 parameters are wanted and 0 given");
  });

  test("several statements in one are refused, not half run", () => {
    expect(raw.prepare("SELECT 1 AS x; SELECT 2 AS x").all()).toEqual([{ x: 1 }]);
    expect(() => connection.prepare("SELECT 1; SELECT 2")).toThrow("one statement at a time");
  });

  test("rows carry their columns and nothing else", () => {
    expect(raw.prepare("SELECT 1 AS x").get()).toHaveProperty("_metadata");
    expect(connection.prepare("SELECT 1 AS x").get()).toEqual({ x: 1 });
    expect(connection.prepare("SELECT 1 AS _metadata").get()).toEqual({ _metadata: 1 });
  });

  test("a blob is a Uint8Array however it is read", () => {
    const blob = connection.prepare("SELECT x'0102' AS x");
    for (const value of [blob.get()?.x, blob.all()[0]?.x, blob.rows()[0]?.[0]]) {
      expect(value).toBeInstanceOf(Uint8Array);
    }
  });
});

describe("RETURNING", () => {
  test("run() commits, which the raw binding does not", () =>
    withFolder((folder) => {
      const path = join(folder, "raw.db");
      const raw = new Libsql(path);
      raw.exec(`PRAGMA journal_mode = WAL; ${LOOSE}`);
      raw.prepare("INSERT INTO t (a) VALUES ('x') RETURNING id").run([]);
      const count = new Libsql(path).prepare("SELECT count(*) AS n FROM t");
      expect(count.get([])).toMatchObject({ n: 0 });

      const ours = new Connection(join(folder, "ours.db"), { locking: "shared" });
      ours.exec(LOOSE);
      const insert = ours.prepare("INSERT INTO t (a) VALUES (?), (?) RETURNING id");
      expect(insert.run("x", "y")).toEqual({ changes: 2, lastInsertRowid: 2 });
      expect(insert.get("x", "y")).toEqual({ id: 3 });
      expect(insert.all("x", "y")).toEqual([{ id: 5 }, { id: 6 }]);
      const seen = new Connection(join(folder, "ours.db"), { locking: "shared" });
      expect(seen.prepare("SELECT count(*) FROM t").rows()).toEqual([[6]]);
    }));
});

describe("a statement that stands", () => {
  test("run() of a query stands and blocks VACUUM in the raw binding, and not in ours", () =>
    withFolder((folder) => {
      const raw = new Libsql(join(folder, "raw.db"));
      raw.exec(`${LOOSE}; INSERT INTO t (a) VALUES ('x'), ('y')`);
      const standing = raw.prepare("SELECT * FROM t");
      standing.run([]);
      expect(() => raw.exec("VACUUM")).toThrow("SQL statements in progress");

      const ours = new Connection(join(folder, "ours.db"));
      ours.exec(`${LOOSE}; INSERT INTO t (a) VALUES ('x'), ('y')`);
      ours.prepare("SELECT * FROM t").run();
      ours.prepare("SELECT * FROM t").get();
      ours.prepare("SELECT * FROM t").raw().get();
      drizzleOver(ours).get(sql`SELECT * FROM t`);
      ours.exec("VACUUM");
      ours.close();
    }));
});

describe("BUSY", () => {
  test("spoils every later COMMIT of the raw binding", () =>
    withFolder((folder) => {
      const [raw, other] = [new Libsql(join(folder, "a.db")), new Libsql(join(folder, "a.db"))];
      raw.exec(`PRAGMA journal_mode = WAL; ${LOOSE}`);
      const insert = raw.prepare("INSERT INTO t (a) VALUES ('lost')");
      other.exec("BEGIN IMMEDIATE");
      expect(() => insert.run([])).toThrow("locked");
      other.exec("ROLLBACK");
      raw.exec("BEGIN IMMEDIATE");
      raw.prepare("INSERT INTO t (a) VALUES ('also lost')").run([]);
      expect(() => raw.exec("COMMIT")).toThrow("SQL statements in progress");
      expect(other.prepare("SELECT count(*) AS n FROM t").get([])).toMatchObject({ n: 0 });
    }));

  test("of a write leaves our connection as it was", () =>
    withFolder((folder) => {
      const path = join(folder, "a.db");
      const ours = new Connection(path, { locking: "shared" });
      ours.exec(LOOSE);
      const other = new Libsql(path);
      const insert = ours.prepare("INSERT INTO t (a) VALUES (?) RETURNING id");
      other.exec("BEGIN IMMEDIATE");
      for (const write of [
        () => insert.run("x"),
        () => insert.get("x"),
        () => ours.atomically(() => insert.all("x")),
      ]) {
        expect(write).toThrow("in use by another process");
      }
      other.exec("ROLLBACK");
      insert.run("kept");
      ours.atomically(() => insert.run("kept too"));
      const seen = other.prepare("SELECT a FROM t").all([]);
      expect(seen).toEqual([{ a: "kept" }, { a: "kept too" }]);
    }));

  test("of a read costs a new connection, and then all is well", () =>
    withFolder((folder) => {
      const path = join(folder, "a.db");
      const ours = new Connection(path, { locking: "shared" });
      ours.exec(`${LOOSE}; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE`);
      const other = new Libsql(path);
      other.exec("BEGIN EXCLUSIVE");
      const count = ours.prepare("SELECT count(*) FROM t");
      const insert = ours.prepare("INSERT INTO t (a) VALUES (?)");
      expect(() => count.rows()).toThrow("in use by another process");
      other.exec("ROLLBACK");
      insert.run("kept");
      expect(count.rows()).toEqual([[1]]);
      expect(other.prepare("SELECT a FROM t").all([])).toEqual([{ a: "kept" }]);
    }));
});

describe("options that the raw binding ignores", () => {
  test("readonly refuses writes", () =>
    withFolder((folder) => {
      const path = join(folder, "a.db");
      const raw = new Libsql(path, { readonly: true });
      raw.exec(LOOSE); // The raw binding writes all the same.
      const ours = new Connection(path, { readonly: true, locking: "shared" });
      expect(() => ours.prepare("INSERT INTO t (a) VALUES ('x')").run()).toThrow("readonly");
      expect(ours.prepare("SELECT count(*) FROM t").rows()).toEqual([[0]]);
    }));

  test("fileMustExist refuses a missing file and makes none", () =>
    withFolder((folder) => {
      const path = join(folder, "a.db");
      expect(() => new Connection(path, { fileMustExist: true })).toThrow("there is no database");
      expect(existsSync(path)).toBe(false);
      new Libsql(path, { fileMustExist: true }).close();
      expect(existsSync(path)).toBe(true);
    }));
});

describe("transactions", () => {
  const open = () => {
    const connection = new Connection(":memory:");
    connection.exec(LOOSE);
    return connection;
  };
  const texts = (connection: Connection) =>
    connection.prepare("SELECT a FROM t ORDER BY id").rows().flat();

  test("an async function is refused before it runs", () => {
    const connection = open();
    let ran = false;
    const work = async () => {
      ran = true;
    };
    expect(() => connection.atomically(work)).toThrow("synchronous");
    expect(() => drizzleOver(connection).transaction(work)).toThrow("synchronous");
    expect(ran).toBe(false);
  });

  test("a function that returns a promise is rolled back", () => {
    const connection = open();
    const work = () => {
      connection.prepare("INSERT INTO t (a) VALUES ('x')").run();
      return Promise.reject(new Error("later"));
    };
    expect(() => connection.atomically(work)).toThrow("returned a promise");
    expect(texts(connection)).toEqual([]);
    expect(connection.inTransaction).toBe(false);
  });

  test("nested ones are savepoints, through drizzle as well", () => {
    const connection = open();
    const insert = connection.prepare("INSERT INTO t (a) VALUES (?)");
    const failing = (text: string) => () => {
      insert.run(text);
      throw new Error("no");
    };
    const db = drizzleOver(connection);
    connection.atomically(() => {
      insert.run("1");
      expect(() => connection.atomically(failing("2"))).toThrow("no");
      db.transaction((tx) => {
        insert.run("3");
        expect(() => tx.transaction(failing("4"))).toThrow("no");
        expect(() => db.transaction(failing("5"))).toThrow("no");
        tx.transaction(() => insert.run("6"));
      });
    });
    expect(texts(connection)).toEqual(["1", "3", "6"]);
  });

  test("drizzle's deferred ones begin IMMEDIATE", () =>
    withFolder((folder) => {
      const path = join(folder, "a.db");
      const connection = new Connection(path, { locking: "shared" });
      connection.exec(LOOSE);
      const other = new Libsql(path);
      drizzleOver(connection).transaction(
        () => expect(() => other.exec("BEGIN IMMEDIATE")).toThrow("locked"),
        { behavior: "deferred" },
      );
    }));

  test("BEGIN and COMMIT cannot be said by hand, nor a savepoint outside", () => {
    const connection = open();
    for (const word of ["BEGIN", "COMMIT", "END", "ROLLBACK"]) {
      expect(() => connection.prepare(word).run()).toThrow("use atomically()");
    }
    expect(() => connection.prepare("SAVEPOINT a").run()).toThrow("transaction has ended");
  });

  test("nothing is added to one that SQLite has ended", () => {
    const connection = open();
    const insert = connection.prepare("INSERT INTO t (a) VALUES (?)");
    const work = () => {
      insert.run("1");
      connection.exec("ROLLBACK"); // As a full disk does.
      insert.run("2");
    };
    expect(() => connection.atomically(work)).toThrow("transaction has ended");
    expect(texts(connection)).toEqual([]);
  });
});

describe("close()", () => {
  test("lets go of the file at once, which the raw binding does not", () =>
    withFolder((folder) => {
      const path = join(folder, "a.db");
      const first = new Connection(path);
      first.exec(LOOSE);
      const statement = first.prepare("INSERT INTO t (a) VALUES (?)");
      statement.run("x");
      expect(() => new Connection(path)).toThrow("in use by another process");
      first.close();
      first.close();
      expect(existsSync(`${path}-wal`)).toBe(false);
      const second = new Connection(path);
      expect(second.prepare("SELECT a FROM t").rows()).toEqual([["x"]]);
      second.close();
      expect(() => statement.run("y")).toThrow("closed");
    }));
});

describe("settings", () => {
  test("WAL, synchronous FULL, foreign keys on, no waiting for locks", () =>
    withFolder((folder) => {
      const connection = new Connection(join(folder, "a.db"));
      const pragma = (name: string) => connection.prepare(`PRAGMA ${name}`).rows()[0]?.[0];
      expect(pragma("journal_mode")).toBe("wal");
      expect(pragma("synchronous")).toBe(2);
      expect(pragma("foreign_keys")).toBe(1);
      expect(pragma("busy_timeout")).toBe(0);
      expect(pragma("locking_mode")).toBe("exclusive");
      connection.close();
    }));
});
