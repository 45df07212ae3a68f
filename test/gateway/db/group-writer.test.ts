import { describe, expect, test } from "bun:test";
import { AppError } from "../../../devices/model/errors.ts";
import { Connection } from "../../../gateway/db/driver/connection.ts";
import { DatabaseError } from "../../../gateway/db/driver/database-error.ts";
import { drizzleOver } from "../../../gateway/db/drizzle.ts";
import {
  GROUP_ENTRIES_MAX,
  GroupWriter,
  QUEUE_ENTRIES_MAX,
} from "../../../gateway/db/group-writer.ts";

function open(onFailure: (error: Error) => void = () => {}) {
  const connection = new Connection(":memory:");
  connection.exec("CREATE TABLE t (n INTEGER PRIMARY KEY)");
  const writer = new GroupWriter(connection, drizzleOver(connection), onFailure);
  const insert = connection.prepare("INSERT INTO t (n) VALUES (?)");
  const numbers = () => connection.prepare("SELECT n FROM t ORDER BY n").rows().flat();
  return { connection, writer, insert, numbers };
}

describe("GroupWriter", () => {
  test("what arrives in one turn shares one commit", async () => {
    const { connection, writer, insert, numbers } = open();
    const before = connection.commits;
    const answers = await Promise.all(
      [1, 2, 3].map((n) => writer.submit(() => insert.run(n).lastInsertRowid)),
    );
    expect(answers).toEqual([1, 2, 3]);
    expect(numbers()).toEqual([1, 2, 3]);
    expect(connection.commits - before).toBe(1);
  });

  test("answers only after the commit", async () => {
    const { connection, writer, insert } = open();
    const seen = await writer.submit(() => insert.run(1)).then(() => connection.inTransaction);
    expect(seen).toBe(false);
  });

  test(`entry ${GROUP_ENTRIES_MAX} does not wait for the turn to end`, async () => {
    const { writer, insert, numbers } = open();
    const all = Array.from({ length: GROUP_ENTRIES_MAX - 1 }, (_, n) =>
      writer.submit(() => insert.run(n)),
    );
    expect(numbers()).toEqual([]);
    all.push(writer.submit(() => insert.run(GROUP_ENTRIES_MAX)));
    expect(numbers()).toHaveLength(GROUP_ENTRIES_MAX);
    await Promise.all(all);
  });

  test("a failing entry is taken back alone", async () => {
    const { writer, insert, numbers } = open();
    const outcomes = await Promise.allSettled([
      writer.submit(() => insert.run(1)),
      writer.submit(() => {
        insert.run(2);
        throw new AppError("conflict", "no");
      }),
      writer.submit(() => insert.run(1)),
      writer.submit(() => insert.run(3)),
    ]);
    expect(numbers()).toEqual([1, 3]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    expect(outcomes[1]).toMatchObject({ reason: { code: "conflict" } });
    expect(outcomes[2]).toMatchObject({ reason: { code: "SQLITE_CONSTRAINT_PRIMARYKEY" } });
  });

  test("a failing entry alone is taken back, and the next one works", async () => {
    const { writer, insert, numbers } = open();
    const failing = () => {
      insert.run(1);
      throw new Error("no");
    };
    await expect(writer.submit(failing)).rejects.toThrow("no");
    await writer.submit(() => insert.run(2));
    expect(numbers()).toEqual([2]);
  });

  test("an asynchronous entry is refused, alone and in a group", async () => {
    const { writer, insert, numbers } = open();
    const late = () => {
      insert.run(1);
      return Promise.resolve();
    };
    await expect(writer.submit(late)).rejects.toThrow("synchronous");
    const group = [writer.submit(late), writer.submit(() => insert.run(2))];
    await Promise.allSettled(group);
    expect(numbers()).toEqual([2]);
  });

  test("an entry that submits another one waits for the next group", async () => {
    const { writer, insert, numbers } = open();
    let inner: Promise<unknown> = Promise.resolve();
    await writer.submit(() => {
      for (let n = 0; n < GROUP_ENTRIES_MAX; n++) inner = writer.submit(() => insert.run(n));
    });
    await inner;
    expect(numbers()).toHaveLength(GROUP_ENTRIES_MAX);
  });

  test("when the transaction is gone, everybody in it is told", async () => {
    const { connection, writer, insert, numbers } = open();
    const full = new AppError("no-room", "full");
    const outcomes = await Promise.allSettled([
      writer.submit(() => insert.run(1)),
      writer.submit(() => {
        connection.exec("ROLLBACK"); // As SQLite does when the disk is full.
        throw full;
      }),
      writer.submit(() => insert.run(2)),
    ]);
    expect(outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason)).toEqual([
      full,
      full,
      full,
    ]);
    await writer.submit(() => insert.run(3));
    expect(numbers()).toEqual([3]);
  });

  test("after a failed disk nothing is written any more, and the owner is told", async () => {
    const failures: Error[] = [];
    const { writer, insert, numbers } = open((error) => failures.push(error));
    const broken = new DatabaseError("SQLITE_IOERR_FSYNC", "disk I/O error", undefined);
    const failing = writer.submit(() => {
      throw broken;
    });
    await expect(failing).rejects.toBe(broken);
    expect(failures).toEqual([broken]);
    await expect(writer.submit(() => insert.run(1))).rejects.toMatchObject({ code: "unavailable" });
    expect(numbers()).toEqual([]);
  });

  test(`more than ${QUEUE_ENTRIES_MAX} waiting entries are asked to come again`, async () => {
    const { writer } = open();
    let waiting: Promise<unknown>[] = [];
    await writer.submit(() => {
      waiting = Array.from({ length: QUEUE_ENTRIES_MAX + 1 }, () => writer.submit(() => 0));
    });
    const outcomes = await Promise.allSettled(waiting);
    const rejected = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(rejected).toHaveLength(1);
    expect(rejected[0]?.reason).toMatchObject({ code: "unavailable", retryAfterMs: 1000 });
  });

  test("close() writes what is waiting and refuses what comes later", async () => {
    const { writer, insert, numbers } = open();
    const all = Array.from({ length: 10 }, (_, n) => writer.submit(() => insert.run(n)));
    writer.close();
    await Promise.all(all);
    expect(numbers()).toHaveLength(10);
    await expect(writer.submit(() => 0)).rejects.toMatchObject({ code: "unavailable" });
  });
});
