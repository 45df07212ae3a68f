import { describe, expect, test } from "bun:test";
import {
  LIMIT_DEFAULT,
  LIMIT_MAX,
  pageOf,
  readPage,
  sortedBy,
} from "../../../../protocols/ddi/management/paging.ts";
import { ProtocolError } from "../../../../protocols/errors.ts";

const FIELDS = ["id", "name"];

function ruleOf(query: Record<string, string>): string | undefined {
  try {
    readPage(query, FIELDS);
    return undefined;
  } catch (error) {
    return error instanceof ProtocolError ? error.rule : String(error);
  }
}

describe("a page", () => {
  test("is as large as hawkBit lets it be", () => {
    expect(readPage({}, FIELDS)).toEqual({ offset: 0, limit: LIMIT_DEFAULT, sort: undefined });
    expect(readPage({ offset: "-3", limit: "0" }, FIELDS)).toMatchObject({
      offset: 0,
      limit: LIMIT_DEFAULT,
    });
    expect(readPage({ limit: "501" }, FIELDS).limit).toBe(LIMIT_MAX);
    expect(readPage({ limit: "500" }, FIELDS).limit).toBe(LIMIT_MAX);
  });

  test("says how many there are, and how many it has", () => {
    const query = readPage({ offset: "2", limit: "2" }, FIELDS);
    expect(pageOf(["a", "b", "c"], query)).toEqual({ content: ["c"], total: 3, size: 1 });
  });

  test("is sorted by one field, whatever its case", () => {
    const { sort } = readPage({ sort: "ID:desc" }, FIELDS);
    expect(sort).toEqual({ field: "id", descending: true });
    expect(sortedBy([1, 3, 2], sort, (one) => one)).toEqual([3, 2, 1]);
    expect(sortedBy([2, 1], undefined, (one) => one)).toEqual([2, 1]);
  });

  test("is refused where it would not be what was asked for", () => {
    expect(ruleOf({ q: "name==a" })).toBe("management-query");
    expect(ruleOf({ limit: "many" })).toBe("management-paging");
    expect(ruleOf({ sort: "colour" })).toBe("management-sort");
    expect(ruleOf({ sort: "id:UP" })).toBe("management-sort");
    expect(ruleOf({ sort: "id:ASC,name:ASC" })).toBe("management-sort");
  });
});
