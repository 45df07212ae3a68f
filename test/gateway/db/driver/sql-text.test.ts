import { describe, expect, test } from "bun:test";
import { readSql } from "../../../../gateway/db/driver/sql-text.ts";

describe("readSql()", () => {
  test.each([
    ["SELECT 1", "read", 0],
    ["  -- a ? comment\n select ?, '?', \"?\", [?], `?` /* ? */ from t", "read", 1],
    ["VALUES (?, ?)", "read", 2],
    ["WITH x AS (SELECT ?) SELECT * FROM x", "read", 1],
    ["WITH x AS (SELECT ?) INSERT INTO t SELECT * FROM x", "write", 1],
    ["EXPLAIN QUERY PLAN DELETE FROM t", "read", 0],
    ["insert into t values ('it''s ?', ?)", "write", 1],
    ["UPDATE t SET a = ? WHERE b = ? RETURNING *", "write", 2],
    ["REPLACE INTO t VALUES (?)", "write", 1],
    ["CREATE TABLE t (a)", "write", 0],
    ["savepoint sp0", "savepoint", 0],
    ["release savepoint sp0", "savepoint", 0],
    ["rollback to savepoint sp0", "savepoint", 0],
    ["ROLLBACK TRANSACTION TO sp0", "savepoint", 0],
    ["ROLLBACK", "transaction", 0],
    ["begin immediate", "transaction", 0],
    ["COMMIT;", "transaction", 0],
    ["PRAGMA user_version", "other", 0],
    ["VACUUM INTO ?", "other", 1],
    ["SELECT ? ; -- the end", "read", 1],
    ["SELECT ';;;'", "read", 0],
  ] as const)("%s is a %s with %d parameters", (sql, kind, parameters) => {
    expect(readSql(sql)).toEqual({ kind, parameters });
  });

  test.each([
    ["SELECT 1; SELECT 2", "one statement at a time"],
    ["SELECT ?1", 'only "?" is a parameter'],
    ["SELECT :a", 'only "?" is a parameter'],
    ["SELECT @a", 'only "?" is a parameter'],
    ["", "no statement"],
    ["-- nothing", "no statement"],
    [";", "no statement"],
  ])("%s is refused", (sql, why) => {
    expect(() => readSql(sql)).toThrow(why);
  });
});
