import { describe, expect, test } from "bun:test";
import { Doc, encodeStateAsUpdate, Map as YMap } from "yjs";
import { STATUS_ELEMENTS_MAX, STATUS_ROWS_MAX } from "../../../sync/limits.ts";
import { addLines, emptyDirectories, parseLine } from "../../../sync/status/directories.ts";
import { projectEntries, resolveEntries } from "../../../sync/status/project.ts";
import { type Clocks, readStatusUpdate } from "../../../sync/status/read-update.ts";
import { StatusDocument } from "../../../sync/status/status-document.ts";
import { seededRandom } from "../../harness/seeded-random.ts";
import { rowAt, SITE } from "./rows.ts";

const SEED = Number(Bun.env.TEST_SEED ?? 48);
const MUTATIONS = 5000;
const NONE: Clocks = new Map();
const ENTRY = [0, 0, 0, 0, 1, "0".repeat(16), 0, 0, 0, 0];

describe("readStatusUpdate()", () => {
  test("[4.8] an update that does not begin where the last ended is refused", () => {
    const document = new StatusDocument();
    const updates = [0, 1, 2].map((step) => needed(document.flush([rowAt(1, 1, step)])));
    const [first, second, third] = updates.map((update) => needed(update));
    if (!first || !second || !third) throw new Error("no updates");
    const { clocks } = readStatusUpdate(first, NONE);
    expect(ruleOf(() => readStatusUpdate(third, clocks))).toBe("status-gap");
    expect(ruleOf(() => readStatusUpdate(first, clocks))).toBe("status-gap");
    const after = readStatusUpdate(second, clocks).clocks;
    expect(readStatusUpdate(third, after).entries).toHaveLength(1);
  });

  test("[4.8] an update that builds on what is not there is refused", () => {
    const one = new StatusDocument();
    const first = needed(one.flush([rowAt(1, 1, 0)]));
    const other = new StatusDocument();
    needed(other.flush([rowAt(2, 2, 0)]));
    const foreign = needed(other.flush([rowAt(2, 2, 1)]));
    const { clocks } = readStatusUpdate(first, NONE);
    expect(ruleOf(() => readStatusUpdate(foreign, clocks))).toBe("status-gap");
  });

  test.each<[string, (doc: Doc) => void]>([
    ["an array of another name", (doc) => doc.getArray("others").push([ENTRY])],
    ["a map", (doc) => doc.getMap("entries").set("key", ENTRY)],
    ["text", (doc) => doc.getText("entries").insert(0, "hello")],
    ["a nested type", (doc) => doc.getArray("entries").push([new YMap()])],
    ["bytes", (doc) => doc.getArray("entries").push([new Uint8Array(3)])],
    ["a number", (doc) => doc.getArray("entries").push([7])],
    ["an object", (doc) => doc.getArray("entries").push([{ key: 1 }])],
    ["an entry with a field more", (doc) => doc.getArray("entries").push([[...ENTRY, 1]])],
    ["a directory line of another kind", (doc) => doc.getArray("pairs").push([["q", 0, 1]])],
    [
      "a device that is no id",
      (doc) => doc.getArray("devices").push([["m", 0, new Uint8Array(3)]]),
    ],
  ])("[4.8] %s is refused", (_, write) => {
    const doc = new Doc();
    write(doc);
    expect(ruleOf(() => readStatusUpdate(encodeStateAsUpdate(doc), NONE))).toBe("status-shape");
  });

  test("[9.1] as many elements as allowed are read, one more is refused", () => {
    const read = (count: number) => {
      const doc = new Doc();
      doc.getArray("entries").push(Array.from({ length: count }, () => ENTRY));
      return readStatusUpdate(encodeStateAsUpdate(doc), NONE).entries.length;
    };
    expect(read(STATUS_ELEMENTS_MAX)).toBe(STATUS_ELEMENTS_MAX);
    expect(ruleOf(() => read(STATUS_ELEMENTS_MAX + 1))).toBe("status-limit");
  });

  test("[9.1] the largest flush a site makes fits, all of it new", () => {
    const document = new StatusDocument();
    const rows = Array.from({ length: STATUS_ROWS_MAX }, (_, index) => rowAt(index, index, index));
    const { entries } = readStatusUpdate(needed(document.flush(rows)), NONE);
    expect(entries).toHaveLength(STATUS_ROWS_MAX);
  });

  test(`[4.8] mutated updates are refused or read, never anything else (TEST_SEED=${SEED})`, () => {
    const random = seededRandom(SEED);
    const document = new StatusDocument();
    const whole = needed(
      document.flush(Array.from({ length: 30 }, (_, index) => rowAt(index % 7, index % 5, index))),
    );
    const rules = new Set<string>();
    for (let round = 0; round < MUTATIONS; round += 1) {
      const bytes = whole.slice();
      for (let flips = 1 + Math.floor(random() * 3); flips > 0; flips -= 1) {
        const at = Math.floor(random() * bytes.length);
        bytes[at] = Math.floor(random() * 256);
      }
      rules.add(ruleOf(() => projectAll(bytes)));
    }
    expect([...rules].filter((rule) => rule !== "" && !rule.startsWith("status-"))).toEqual([]);
    expect(rules.size).toBeGreaterThan(3);
  });
});

describe("directories", () => {
  test("[4.3] take lines in any order, dense and unchanged, or not at all", () => {
    const lines = ["1.0", "2.0", "3.0"].map(
      (value, index) => ({ tag: "v", index, value }) as const,
    );
    const directories = emptyDirectories();
    expect(addLines(directories, [...lines].reverse())).toBeUndefined();
    expect(directories.versions).toEqual(["1.0", "2.0", "3.0"]);
    expect(addLines(directories, lines)).toBeUndefined();
    expect(addLines(directories, [{ tag: "v", index: 1, value: "9.9" }])).toContain("changed");
    expect(addLines(directories, [{ tag: "v", index: 4, value: "5.0" }])).toContain("before");
    const dangling = { tag: "p", index: 0, value: { distribution: 0, device: 0 } } as const;
    expect(addLines(directories, [dangling])).toContain("not in its directory");
  });

  test("[4.3] lines with something missing or left over are refused", () => {
    const bytes = new Uint8Array(16);
    for (const wrong of [
      ["m", 0],
      ["m", 0, bytes, 1],
      ["m", -1, bytes],
      ["p", 0, 1],
      ["p", 0, 1, 2, 3],
      ["d", 0, "NOT AN ID", "a", "b", "1"],
      ["d", 0, "a", "b", "c"],
      ["v", 0, 1],
      ["v", 0, "x".repeat(257)],
      [],
    ]) {
      expect(parseLine(wrong)).toBeUndefined();
    }
    expect(parseLine(["m", 0, bytes])).toBeDefined();
  });

  test("[4.8] an entry that leads nowhere is refused", () => {
    const doc = new Doc();
    doc.getArray("entries").push([ENTRY]);
    expect(ruleOf(() => projectAll(encodeStateAsUpdate(doc)))).toBe("status-reference");
  });
});

function projectAll(update: Uint8Array): void {
  const directories = emptyDirectories();
  const { entries, lines } = readStatusUpdate(update, NONE);
  if (addLines(directories, lines) !== undefined) return;
  projectEntries(SITE, resolveEntries(entries, directories), new Map(), 0);
}

function needed(update: Uint8Array | undefined): Uint8Array {
  if (!update) throw new Error("no update");
  return update;
}

function ruleOf(action: () => unknown): string {
  try {
    action();
    return "";
  } catch (error) {
    if (error instanceof Error && "rule" in error) return String(error.rule);
    throw error;
  }
}
