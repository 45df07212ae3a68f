import type { DeviceId } from "../../devices/model/ids.ts";

/**
 * Tells those who wait for a device that something about it was stored. A device has one waiter; a later
 * one takes its place. What happens after `listen` is not missed, also before `wait`.
 */
export class DeviceBell {
  readonly #waiters = new Map<DeviceId, Waiter>();
  #isClosed = false;

  ring(device: DeviceId): void {
    this.#waiters.get(device)?.ring();
  }

  /** From now on rings are heard. Who listened before for this device is let go. */
  listen(device: DeviceId): Waiter {
    this.#waiters.get(device)?.end();
    const waiter = new Waiter(() => {
      if (this.#waiters.get(device) === waiter) this.#waiters.delete(device);
    });
    if (this.#isClosed) waiter.end();
    else this.#waiters.set(device, waiter);
    return waiter;
  }

  /** Nobody waits any more: the gateway stops. */
  close(): void {
    this.#isClosed = true;
    for (const waiter of [...this.#waiters.values()]) waiter.end();
  }
}

/** Whoever waits for one device. Dispose of it when done. */
export class Waiter implements Disposable {
  readonly #onEnd: () => void;
  #hasRung = false;
  #hasEnded = false;
  #wake: (() => void) | undefined;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  /** Another one waits in its place, or the gateway stops. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  ring(): void {
    this.#hasRung = true;
    this.#wake?.();
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#onEnd();
    this.#wake?.();
  }

  /** Resolves when it rang since the last time, when it has ended, or after so many milliseconds. */
  async wait(milliseconds: number): Promise<void> {
    if (!this.#hasRung && !this.#hasEnded) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = resolve;
      await promise;
      clearTimeout(timer);
      this.#wake = undefined;
    }
    this.#hasRung = false;
  }

  [Symbol.dispose](): void {
    this.end();
  }
}
