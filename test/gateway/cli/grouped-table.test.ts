import { describe, expect, test } from "bun:test";
import { groupedTable, wrapped } from "../../../gateway/cli/grouped-table.ts";

const HEAD = ["n", "status", "evidence"];
const GROUPS = [
  { title: "Handhelds", rows: [["12", "Installed", "5"]] },
  {
    title: "PCs",
    rows: [["1", "Failed", "60 0x80070643 A fatal error occurred during installation."]],
  },
];

describe("groupedTable()", () => {
  test("aligns all groups alike, each below its title", () => {
    expect(groupedTable(HEAD, GROUPS, 200)).toEqual([
      "n   status     evidence",
      `--  ---------  ${"-".repeat(57)}`,
      "Handhelds",
      "12  Installed  5",
      "PCs",
      "1   Failed     60 0x80070643 A fatal error occurred during installation.",
    ]);
  });

  test("goes on in further lines where it is too narrow, between words", () => {
    const lines = groupedTable(HEAD, GROUPS, 40);
    expect(lines.every(({ length }) => length <= 40)).toBe(true);
    expect(lines.slice(-3)).toEqual([
      "1   Failed     60 0x80070643 A fatal",
      "               error occurred during",
      "               installation.",
    ]);
  });

  test("keeps every word on the narrowest terminal", () => {
    const text = groupedTable(HEAD, GROUPS, 10).join(" ");
    for (const word of ["Handhelds", "Installed", "0x80070643", "occurred"]) {
      expect(text).toContain(word);
    }
  });
});

test("a word that is wider than a line is cut", () => {
  expect(wrapped("a verylongword b", 6)).toEqual(["a", "verylo", "ngword", "b"]);
  expect(wrapped("", 6)).toEqual([""]);
  expect(wrapped("one two", Number.POSITIVE_INFINITY)).toEqual(["one two"]);
});
