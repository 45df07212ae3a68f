import { describe, expect, test } from "bun:test";
import type { RevisionId } from "../../devices/model/ids.ts";
import type { VendorIndex, VendorRecord } from "../../gateway/content/vendor-index.ts";

/** What every VendorIndex must do. */
export function vendorIndexContract(
  name: string,
  open: () => Promise<{ index: VendorIndex; close: () => Promise<void> }>,
): void {
  const withIndex = (title: string, body: (index: VendorIndex) => Promise<void>) =>
    test(title, async () => {
      const { index, close } = await open();
      try {
        await body(index);
      } finally {
        await close();
      }
    });

  describe(`VendorIndex contract: ${name}`, () => {
    withIndex("is empty at first, and forgets what it does not know", async (index) => {
      await index.remove("r-1" as RevisionId);
      expect(await index.list()).toEqual([]);
    });

    withIndex("gives back every field, in order of the revision", async (index) => {
      const full = recordOf("r-2", {
        bytes: 5,
        filledBytes: 3,
        validator: '"v"',
        sha256: "a".repeat(64) as never,
        problem: "it broke",
      });
      await index.put(full);
      await index.put(recordOf("r-1"));
      expect(await index.list()).toEqual([recordOf("r-1"), full]);
    });

    withIndex("replaces a record, and removes it", async (index) => {
      await index.put(recordOf("r-1", { filledBytes: 3, validator: '"v"' }));
      await index.put(recordOf("r-1"));
      expect(await index.list()).toEqual([recordOf("r-1")]);
      await index.remove("r-1" as RevisionId);
      expect(await index.list()).toEqual([]);
    });
  });
}

function recordOf(revision: string, change: Partial<VendorRecord> = {}): VendorRecord {
  return {
    revision: revision as RevisionId,
    url: "https://contoso.com/a.xap",
    bytes: null,
    filledBytes: 0,
    validator: null,
    sha256: null,
    problem: null,
    ...change,
  };
}
