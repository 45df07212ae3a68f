import type { Sha256 } from "../../devices/model/ids.ts";
import type { BlobIndex, ServedCount } from "./blob-index.ts";

/**
 * Counts what was answered to devices, in memory until `flush`. A crash loses the counts since the last
 * flush and nothing else.
 */
export class ServedCounter {
  readonly #onServed: (bytes: number) => void;
  #counts = new Map<string, ServedCount>();

  /** `onServed` is told of the bytes of each answer, for the metrics. */
  constructor(onServed: (bytes: number) => void) {
    this.#onServed = onServed;
  }

  /** One answer with a body of `bytes` bytes, as its Content-Length says. */
  add(sha256: Sha256, bytes: number, nowMs: number): void {
    this.#onServed(bytes);
    this.#merge({ sha256, day: new Date(nowMs).toISOString().slice(0, 10), requests: 1, bytes });
  }

  /** Writes the counts down; a job calls it. When that fails they are kept for the next time. */
  async flush(index: BlobIndex, nowMs: number): Promise<void> {
    const counts = [...this.#counts.values()];
    if (counts.length === 0) return;
    this.#counts = new Map();
    try {
      await index.addServed(counts, nowMs);
    } catch (error) {
      for (const count of counts) this.#merge(count);
      throw error;
    }
  }

  #merge(more: ServedCount): void {
    const key = `${more.day}/${more.sha256}`;
    const old = this.#counts.get(key);
    const requests = more.requests + (old?.requests ?? 0);
    this.#counts.set(key, { ...more, requests, bytes: more.bytes + (old?.bytes ?? 0) });
  }
}
