import { describe, expect, test } from "bun:test";
import { Doc, decodeUpdate, encodeStateAsUpdate, Text, XmlElement, Map as YMap } from "yjs";
import { countParts } from "../../../sync/documents/count-parts.ts";
import { seededRandom } from "../../harness/seeded-random.ts";

const SEED = Number(Bun.env.TEST_SEED ?? 61);
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** The same by way of Yjs itself, values left out. */
function structsAndRanges(update: Uint8Array): number {
  const { structs, ds } = decodeUpdate(update);
  return (
    structs.length + [...ds.clients.values()].reduce((sum, ranges) => sum + 1 + ranges.length, 0)
  );
}

/** Seven bits a byte, the lowest first. */
function number(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...number(Math.floor(value / 128))];
}

describe("countParts()", () => {
  test("[4.8] counts structs, deleted ranges and values, nested ones too", () => {
    const doc = new Doc();
    const entries = doc.getArray("entries");
    entries.push([[1, "a", null], { b: [true, 2.5] }, [1n, new Uint8Array(300)], 7, -70_000]);
    // One struct; five values, three in the first, one of the object and two in its list, two.
    expect(countParts(encodeStateAsUpdate(doc), NO_LIMIT)).toBe(1 + 5 + 3 + 1 + 2 + 2);
    entries.delete(1, 2);
    // Three structs now, two values less with all that was in them, a writer with a deleted range.
    expect(countParts(encodeStateAsUpdate(doc), NO_LIMIT)).toBe(3 + 3 + 3 + 2);
  });

  test(`[4.8] reads every update that Yjs writes (TEST_SEED=${SEED})`, () => {
    const random = seededRandom(SEED);
    const docs = [new Doc(), new Doc()];
    for (let step = 0; step < 400; step++) {
      const doc = docs[step % 2] ?? new Doc();
      write(doc, Math.floor(random() * 8), step);
      const update = encodeStateAsUpdate(doc);
      expect(countParts(update, NO_LIMIT)).toBeGreaterThanOrEqual(structsAndRanges(update));
    }
  });

  test("[9.1] stops where there are too many, whatever is announced", () => {
    const endless = Uint8Array.from([1, ...number(1e9), 1, 0, ...Array(2000).fill([0, 1]).flat()]);
    expect(countParts(endless, 1000)).toBe(1001);
    const ranges = Uint8Array.from([0, 1, 1, ...number(1e9), ...Array(2000).fill([1, 1]).flat()]);
    expect(countParts(ranges, 1000)).toBe(1001);
    const name = Buffer.from("entries");
    const head = [1, 1, 1, 0, 8, 1, name.length, ...name];
    const values = Uint8Array.from([...head, ...number(1e9), ...Array(2000).fill(126)]);
    expect(countParts(values, 1000)).toBe(1001);
    const list = Uint8Array.from([...head, 1, 117, ...number(1e9), ...Array(2000).fill(126)]);
    expect(countParts(list, 1000)).toBe(1001);
  });

  test.each<[string, readonly number[]]>([
    ["nothing", []],
    ["less than it announces", [1, 1, 1]],
    ["a text that is cut off", [1, 1, 1, 0, 8, 1, 7, 65]],
    ["a number without end", Array(20).fill(255)],
    ["content of no kind", [1, 1, 1, 0, 11, 1, 1, 65]],
    ["a value of no kind", [1, 1, 1, 0, 8, 1, 1, 65, 1, 7, 0]],
    ["values nested without end", [1, 1, 1, 0, 8, 1, 1, 65, 1, ...Array(99).fill([117, 1]).flat()]],
  ])("[4.8] an update of %s is refused", (_, bytes) => {
    expect(() => countParts(Uint8Array.from(bytes), NO_LIMIT)).toThrow();
  });
});

function write(doc: Doc, kind: number, step: number): void {
  switch (kind) {
    case 0:
      doc.getArray("list").push([step, { step }, [step, null]]);
      return;
    case 1:
      doc.getMap("map").set(`key-${step % 9}`, `value ${step}`);
      return;
    case 2:
      doc.getMap("map").set(`nested-${step % 5}`, new YMap([["a", step]]));
      return;
    case 3:
      doc.getText("text").insert(0, "some words", { bold: true });
      return;
    case 4:
      doc.getText("text").insertEmbed(0, { image: step });
      return;
    case 5:
      doc.getXmlFragment("xml").insert(0, [new XmlElement("p"), new Text("t") as never]);
      return;
    case 6:
      doc.getMap("docs").set(`doc-${step % 3}`, new Doc());
      return;
    default: {
      const list = doc.getArray("list");
      if (list.length > 2) list.delete(Math.floor(list.length / 2), 1);
    }
  }
}
