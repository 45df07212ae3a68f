import { describe, expect, test } from "bun:test";
import { COMPARED, differences } from "../../../gateway/demo/compare.ts";
import { ROW } from "./row.ts";

describe("differences()", () => {
  test("finds none in equal reports, whatever their order", () => {
    const other = { ...ROW, id: "lisbon.d.2" };
    expect(differences([ROW, other], [other, ROW])).toEqual([]);
  });

  test.each(COMPARED.map((column) => [column]))("finds another %s", (column) => {
    const changed = { ...ROW, [column]: column === "attempt" ? 2 : "other" };
    expect(differences([ROW], [changed])).toHaveLength(1);
  });

  test("finds rows that one side does not have", () => {
    expect(differences([ROW], [])).toEqual(["vienna till-1: the hub does not have it"]);
    expect(differences([], [ROW])).toEqual(["vienna till-1: only the hub has it"]);
  });
});
