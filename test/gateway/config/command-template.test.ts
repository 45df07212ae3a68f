import { describe, expect, test } from "bun:test";
import { CommandTemplate } from "../../../gateway/config/command-template.ts";

describe("a template", () => {
  test("is words, or a list where a word has blanks in it", () => {
    const values = { address: "a", device: "d", session: "1", notification: "n", push: "p" };
    const words = CommandTemplate.read("  /opt/wake  {address}:{session} -x ");
    expect(words.program).toBe("/opt/wake");
    expect(words.argsWith(values)).toEqual(["a:1", "-x"]);
    expect(String(words)).toBe("/opt/wake  {address}:{session} -x");
    const list = CommandTemplate.read('["/opt/my wake", "a, b {push}", ""]');
    expect(list.program).toBe("/opt/my wake");
    expect(list.argsWith(values)).toEqual(["a, b p", ""]);
  });

  test.each([
    ["", "is empty"],
    ["[]", "is empty"],
    ["{address}", "must name its program"],
    ["wake {addres}", "has {addres}"],
    ["[1]", "no JSON list"],
    ['["wake"', "no JSON list"],
  ])("%p is refused", (text, words) => {
    expect(() => CommandTemplate.read(text)).toThrow(words);
  });
});
