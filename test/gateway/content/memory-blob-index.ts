import type {
  BlobIndex,
  BlobRecord,
  NewBlobRecord,
  ServedCount,
} from "../../../gateway/content/blob-index.ts";

/** A `BlobIndex` for tests. `onChange` is called after each change, with everything it holds. */
export class MemoryBlobIndex implements BlobIndex {
  readonly #records = new Map<string, BlobRecord>();
  readonly #served = new Map<string, ServedCount>();
  readonly #onChange: (records: readonly BlobRecord[]) => void;

  constructor(
    initial: readonly BlobRecord[] = [],
    onChange: (records: readonly BlobRecord[]) => void = () => {},
  ) {
    for (const record of initial) this.#records.set(record.sha256, record);
    this.#onChange = onChange;
  }

  async list(): Promise<readonly BlobRecord[]> {
    return [...this.#records.values()].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  }

  async find(sha256: string): Promise<BlobRecord | undefined> {
    return this.#records.get(sha256);
  }

  async put(record: NewBlobRecord, atMs: number): Promise<void> {
    const old = this.#records.get(record.sha256);
    this.#records.set(record.sha256, {
      ...record,
      createdAtMs: old?.createdAtMs ?? atMs,
      lastUsedAtMs: old?.lastUsedAtMs ?? null,
    });
    this.#onChange(await this.list());
  }

  async remove(sha256: string): Promise<void> {
    this.#records.delete(sha256);
    for (const [key, count] of this.#served) {
      if (count.sha256 === sha256) this.#served.delete(key);
    }
    this.#onChange(await this.list());
  }

  async addServed(counts: readonly ServedCount[], atMs: number): Promise<void> {
    for (const count of counts) {
      const key = `${count.day}/${count.sha256}`;
      const old = this.#served.get(key) ?? { ...count, requests: 0, bytes: 0 };
      this.#served.set(key, {
        ...old,
        requests: old.requests + count.requests,
        bytes: old.bytes + count.bytes,
      });
      const record = this.#records.get(count.sha256);
      if (!record) continue;
      const lastUsedAtMs = Math.max(record.lastUsedAtMs ?? 0, atMs);
      this.#records.set(count.sha256, { ...record, lastUsedAtMs });
    }
  }

  async listServed(): Promise<readonly ServedCount[]> {
    return [...this.#served].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, count]) => count);
  }
}
