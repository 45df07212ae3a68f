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
    this.#tails.set(key, after);
    const forget = () => {
      if (this.#tails.get(key) === after) this.#tails.delete(key);
    };
    after.then(forget, forget);
    return after;
  }
}
