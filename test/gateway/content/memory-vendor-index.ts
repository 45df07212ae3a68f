import type { VendorIndex, VendorRecord } from "../../../gateway/content/vendor-index.ts";

/** A `VendorIndex` for tests of what stands above it. */
export class MemoryVendorIndex implements VendorIndex {
  readonly #records = new Map<string, VendorRecord>();

  async list(): Promise<readonly VendorRecord[]> {
    return [...this.#records.values()].sort((a, b) => (a.revision < b.revision ? -1 : 1));
  }

  async put(record: VendorRecord): Promise<void> {
    this.#records.set(record.revision, record);
  }

  async remove(revision: VendorRecord["revision"]): Promise<void> {
    this.#records.delete(revision);
  }
}
