import { describe, expect, test } from "bun:test";
import { SqlSiteEnrolmentCodes } from "../../../../gateway/db/stores/enrolment-codes.ts";
import { ValueStore } from "../../../../gateway/db/stores/value-store.ts";
import { openMemory } from "../temporary.ts";

describe("ValueStore", () => {
  test("keeps, lists by prefix, forgets", async () => {
    await using database = await openMemory();
    const values = new ValueStore(database);
    expect(values.get("a/x")).toBeUndefined();
    await values.put("a/y", "2");
    await values.put("a/x", "1");
    await values.put("a/x", "3");
    await values.put("A/x", "other");
    await values.put("a%", "wild");
    expect([...values.list("a/")]).toEqual([
      ["a/x", "3"],
      ["a/y", "2"],
    ]);
    await values.put("a/x", null);
    await values.put("a/x", null);
    expect(values.get("a/x")).toBeUndefined();
  });

  test("putIfAbsent() lets the first one win", async () => {
    await using database = await openMemory();
    const values = new ValueStore(database);
    const both = ["1", "2"].map((value) => values.putIfAbsent("a", value));
    expect(await Promise.all(both)).toEqual(["1", "1"]);
  });
});

describe("SqlSiteEnrolmentCodes", () => {
  const code = (id: string, createdAtMs: number) => ({
    id,
    codeHash: `hash-${id}`,
    note: "for the till",
    template: '{"platform":"Windows"}',
    stableId: "urn:imei:1",
    createdBy: "anna",
    createdAtMs,
    expiresAtMs: createdAtMs + 100,
    usedAtMs: null,
    usedBy: null,
  });

  test("adds once, finds by hash, lists the newest first, removes", async () => {
    await using database = await openMemory();
    const codes = new SqlSiteEnrolmentCodes(database);
    expect(await codes.find("hash-a")).toBeUndefined();
    await codes.add(code("a", 1));
    await codes.add({ ...code("a", 1), note: "again" });
    await codes.add(code("b", 2));
    expect(await codes.find("hash-a")).toEqual(code("a", 1));
    expect((await codes.list()).map(({ id }) => id)).toEqual(["b", "a"]);
    await codes.remove("a");
    await codes.remove("a");
    expect((await codes.list()).map(({ id }) => id)).toEqual(["b"]);
  });
});
