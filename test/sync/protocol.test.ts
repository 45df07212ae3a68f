import { describe, expect, test } from "bun:test";

const RULE = /^- \*\*(\d+\.\d+)\*\*/gm;
const NAMED = /\[(\d+\.\d+(?:, \d+\.\d+)*)\]/g;

describe("sync/PROTOCOL.md", () => {
  test("every rule's number stands in the name of a test, and no test names a rule that is not there", async () => {
    const text = await Bun.file("sync/PROTOCOL.md").text();
    const rules = [...text.matchAll(RULE)].map(([, number = ""]) => number);
    const named = new Set<string>();
    for await (const path of new Bun.Glob("test/{sync,gateway/http/link}/**/*.ts").scan(".")) {
      for (const [, numbers = ""] of (await Bun.file(path).text()).matchAll(NAMED)) {
        for (const number of numbers.split(", ")) named.add(number);
      }
    }
    expect(rules.length).toBeGreaterThan(40);
    expect([...named].sort()).toEqual([...rules].sort());
  });
});
