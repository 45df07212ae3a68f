import { describe, expect, test } from "bun:test";
import {
  LIBCONFIG_DEPTH_MAX,
  LIBCONFIG_VALUES_MAX,
  parseLibconfig,
} from "../../../protocols/content/libconfig.ts";
import { ProtocolError } from "../../../protocols/errors.ts";

const plain = (text: string) => JSON.parse(JSON.stringify(parseLibconfig(text)));

describe("parseLibconfig()", () => {
  test("reads values, groups, arrays, lists and comments", () => {
    const text = `
      # shell
      a = 1; b : 0x1F // two
      c = [ 1.5, -2e3, ]; /* three
      lines */ d = ( "x", { e = true; f = FALSE } ),
      g-h = "one " /* in between */ "t\\"wo"; i = 5L;
      j = {}; k = [];`;
    expect(plain(text)).toEqual({
      a: 1,
      b: 31,
      c: [1.5, -2000],
      d: ["x", { e: true, f: false }],
      "g-h": 'one t"wo',
      i: 5,
      j: {},
      k: [],
    });
  });

  test.each([
    ["a group without an end", "a = {"],
    ["a list without an end", "a = [ 1, 2"],
    ["a text without an end", 'a = "b'],
    ["a comment without an end", "/* a = 1;"],
    ["a name without a value", "a"],
    ["a word that is no value", "a = b;"],
    ["a sign alone", "a = ;"],
    ["more than the file", "a = 1; }"],
    ["an include", '@include "b"'],
    ["groups in groups", "a = {".repeat(LIBCONFIG_DEPTH_MAX + 1)],
    ["a list in a list", `a = ${"(".repeat(LIBCONFIG_DEPTH_MAX + 1)}`],
    ["too many values", `a = [${"1,".repeat(LIBCONFIG_VALUES_MAX + 1)}];`],
    ["many comments and no word", `${"#".repeat(200)}${"/**/ \n".repeat(50_000)}%`],
  ])("%s is refused", (_, text) => {
    expect(() => parseLibconfig(text)).toThrow(ProtocolError);
  });
});
