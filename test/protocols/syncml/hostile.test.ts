import { heapStats } from "bun:jsc";
import { describe, expect, test } from "bun:test";
import { parseDocument } from "../../../protocols/syncml/encoding.ts";
import { DOCUMENT_LIMITS } from "../../../protocols/syncml/limits.ts";
import { hostileDocuments } from "./hostile.ts";

/** Ten times what the bench holds WBXML to; its `codec` figures are exact. [D33] */
const DOCUMENT_MS_MAX = 200;
const BYTES_PER_BYTE_MAX = 640;

// Documents within all limits that are as dear as those allow: a reader that takes time or memory in
// another proportion than to the bytes shows here.
describe("documents made to be dear", () => {
  test.each([...hostileDocuments()])("$encoding: $name", ({ bytes, encoding }) => {
    expect(bytes.length).toBeLessThanOrEqual(DOCUMENT_LIMITS.bytesMax);
    Bun.gc(true);
    const before = heapStats().heapSize;
    const root = parseDocument(bytes, encoding);
    Bun.gc(true);
    expect((heapStats().heapSize - before) / bytes.length).toBeLessThan(BYTES_PER_BYTE_MAX);
    expect(root.name).not.toBe(""); // It was kept until it was measured.

    const times = Array.from({ length: 3 }, () => {
      const startMs = performance.now();
      parseDocument(bytes, encoding);
      return performance.now() - startMs;
    });
    expect(Math.min(...times)).toBeLessThan(DOCUMENT_MS_MAX);
  });
});
