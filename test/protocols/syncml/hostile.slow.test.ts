import { heapStats } from "bun:jsc";
import { describe, expect, test } from "bun:test";
import { type Encoding, parseDocument } from "../../../protocols/syncml/encoding.ts";
import { DOCUMENT_LIMITS } from "../../../protocols/syncml/limits.ts";
import { cpuMs } from "../../harness/cpu-time.ts";
import { hostileDocuments } from "./hostile.ts";

/** About ten times what the bench shows (`codec.worst_ms`, `codec.memory_per_byte`). [D33] */
const CPU_MS_MAX: Readonly<Record<Encoding, number>> = { wbxml: 200, xml: 500 };
const BYTES_PER_BYTE_MAX = 640;

// Documents within all limits that are as dear as those allow: a reader that takes time or memory in
// another proportion than to the bytes shows here.
describe("documents made to be dear", () => {
  test.each([...hostileDocuments()])("$encoding: $name", ({ bytes, encoding }) => {
    expect(bytes.length).toBeLessThanOrEqual(DOCUMENT_LIMITS.bytesMax);
    const before = heapStats().heapSize;
    const root = parseDocument(bytes, encoding);
    Bun.gc(true);
    expect((heapStats().heapSize - before) / bytes.length).toBeLessThan(BYTES_PER_BYTE_MAX);
    expect(root.name).not.toBe(""); // It was kept until it was measured.

    const again = () => cpuMs(() => parseDocument(bytes, encoding));
    expect(Math.min(again(), again())).toBeLessThan(CPU_MS_MAX[encoding]);
  });
});
