import { type Behaviour, nextPollMs } from "./behaviour.ts";
import type { Random } from "./random.ts";

/** When a device looks for its server by itself, and when it cannot reach it. */
export class Polls {
  readonly #behaviour: Behaviour;
  readonly #random: Random;
  #nextMs: number;
  #lostUntilMs = Number.NEGATIVE_INFINITY;

  /** Not all at once: the first poll is somewhere in the first interval. */
  constructor(behaviour: Behaviour, random: Random, startMs: number) {
    this.#behaviour = behaviour;
    this.#random = random;
    this.#nextMs = startMs + Math.floor(random.next() * behaviour.pollIntervalMs);
  }

  get nextMs(): number {
    return this.#nextMs;
  }

  get lostUntilMs(): number {
    return this.#lostUntilMs;
  }

  /**
   * Is there a poll now, and is the device within reach? Polls that were slept through are made up for
   * by one.
   */
  take(nowMs: number): boolean {
    if (this.#nextMs > nowMs) return false;
    this.#nextMs = nextPollMs(this.#behaviour, this.#random, nowMs);
    if (nowMs >= this.#lostUntilMs && this.#random.chance(this.#behaviour.lostRate)) {
      this.#lostUntilMs = nowMs + this.#behaviour.lostMs;
    }
    return nowMs >= this.#lostUntilMs;
  }

  loseContactUntil(untilMs: number): void {
    this.#lostUntilMs = untilMs;
  }

  /** Whoever has no server any more never polls. */
  stop(): void {
    this.#nextMs = Number.POSITIVE_INFINITY;
  }
}
