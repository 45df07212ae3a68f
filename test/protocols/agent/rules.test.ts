import { describe, expect, test } from "bun:test";
import * as words from "../../../protocols/agent/words.ts";

const TEXT = await Bun.file("protocols/agent/PROTOCOL.md").text();
const RULE = /^- \*\*(\d+\.\d+)\*\*/gm;
const NAMED = /\[(\d+\.\d+(?:, \d+\.\d+)*)\]/g;
const TESTS = [
  "test/protocols/agent/*.test.ts",
  "test/devices/agent/*.test.ts",
  "test/devices/service/{agent,status-feed}*.test.ts",
  "test/scenarios/{agent,status-feed}*.test.ts",
];

describe("protocols/agent/PROTOCOL.md", () => {
  test("every rule's number stands in the name of a test, and no test names a rule that is not there", async () => {
    const rules = [...TEXT.matchAll(RULE)].map(([, number = ""]) => number);
    const named = new Set<string>();
    for (const pattern of TESTS) {
      for await (const name of new Bun.Glob(pattern).scan(".")) {
        for (const [, numbers = ""] of (await Bun.file(name).text()).matchAll(NAMED)) {
          for (const number of numbers.split(", ")) named.add(number);
        }
      }
    }
    expect(rules.length).toBeGreaterThan(40);
    expect([...named].sort()).toEqual([...rules].sort());
  });

  test("its list of words is the one that is read, and the limits are those of its table", () => {
    const listed = /\*\*5\.4\*\*(.*?)\n- \*\*5\.5\*\*/s.exec(TEXT)?.[1] ?? "";
    const told = [...listed.matchAll(/`([a-z-]+)`/g)].map(([, word = ""]) => word);
    expect(told.sort()).toEqual([...words.RESULTS].sort());

    const limits = new Map(Object.entries(words));
    const rows = [
      ...TEXT.matchAll(/^\| `([A-Z_/]+)` +\| ([\d,]+)(?: and ([\d,]+))?( MiB|\^\d+)?/gm),
    ];
    expect(rows.length).toBeGreaterThan(5);
    for (const [, name = "", first = "", second, power = ""] of rows) {
      const names = second ? ["MIN", "MAX"].map((end) => name.replace("MIN/MAX", end)) : [name];
      for (const [n, one] of names.entries()) {
        const number = Number((n === 0 ? first : (second ?? "")).replaceAll(",", ""));
        const limit = power.startsWith("^") ? number ** Number(power.slice(1)) : number;
        const bytes = power === " MiB" ? limit * 2 ** 20 : limit;
        expect([one, limits.get(one)]).toEqual([one, bytes] as never);
      }
    }
  });
});
