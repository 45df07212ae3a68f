import { describe, expect, test } from "bun:test";

const RULE = /^- \*\*(\d+\.\d+)\*\*/gm;
const NAMED = /\[(\d+\.\d+(?:, \d+\.\d+)*)\]/g;

describe("sync/PROTOCOL.md", () => {
  test("every rule's number stands in the name of a test, and no test names a rule that is not there", async () => {
    const text = await Bun.file("sync/PROTOCOL.md").text();
    const rules = [...text.matchAll(RULE)].map(([, number = ""]) => number);
    const named = new Set<string>();
    for (const folder of ["test/sync", "test/gateway/http/link"]) {
      for await (const name of new Bun.Glob("**/*.test.ts").scan(folder)) {
        for (const [, numbers = ""] of (await Bun.file(`${folder}/${name}`).text()).matchAll(
          NAMED,
        )) {
          for (const number of numbers.split(", ")) named.add(number);
        }
      }
    }
    expect(rules.length).toBeGreaterThan(40);
    expect([...named].sort()).toEqual([...rules].sort());
  });
});
