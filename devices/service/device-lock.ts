/**
 * Runs use-cases about one device one after the other, in the order they came: what one decides,
 * the next one sees. Different devices do not wait for each other.
 */
export class DeviceLock {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs `work` when everything queued before for `key` has ended, however it ended. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const after = before === undefined ? work() : before.then(work, work);
    this.#queue(key, after);
    return after;
  }

  /**
   * Runs `work` while nothing else runs for any of the keys. They are taken in one step, so two of
   * these never wait for each other.
   */
  runAll<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = keys.flatMap((key) => this.#tails.get(key) ?? []);
    const after = Promise.allSettled(before).then(work);
    for (const key of keys) this.#queue(key, after);
    return after;
  }

  #queue(key: string, last: Promise<unknown>): void {
    this.#tails.set(key, last);
    const forget = () => {
      if (this.#tails.get(key) === last) this.#tails.delete(key);
    };
    last.then(forget, forget);
  }
}
