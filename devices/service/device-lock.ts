/**
 * Runs use-cases about one device one after the other, in the order they came: what one decides,
 * the next one sees. Different devices do not wait for each other.
 */
export class DeviceLock {
  /** The last use-case of each device that has not ended. */
  readonly #tails = new Map<string, Promise<unknown>>();
  /** The exclusive work that has not ended: whatever comes after it waits. */
  #gate: Promise<unknown> | undefined;

  /** Runs `work` when everything queued before for `key` has ended, however it ended. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? this.#gate;
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
    const after = Promise.allSettled([this.#gate, ...before]).then(work);
    for (const key of keys) this.#queue(key, after);
    return after;
  }

  /**
   * Runs `work` when every use-case queued before has ended, and none beside it: for what changes all
   * devices past their use-cases. `work` must not run a use-case itself.
   */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const before = Promise.allSettled([this.#gate, ...this.#tails.values()]);
    this.#tails.clear();
    const after = before.then(work);
    const gate = after.catch(() => undefined);
    this.#gate = gate;
    void gate.then(() => {
      if (this.#gate === gate) this.#gate = undefined;
    });
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
