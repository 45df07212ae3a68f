/**
 * So much may be spent at once, and so much again in each second: in a rush, work beside the work gives
 * way.
 */
export class Budget {
  readonly #most: number;
  readonly #perSecond: number;
  #left: number;
  #atMs: number | undefined;

  constructor(most: number, perSecond: number) {
    this.#most = most;
    this.#perSecond = perSecond;
    this.#left = most;
  }

  /** @param nowMs of a clock that never goes back @returns false when nothing is left */
  takes(nowMs: number): boolean {
    const sinceMs = nowMs - (this.#atMs ?? nowMs);
    this.#atMs = nowMs;
    this.#left = Math.min(this.#most, this.#left + (sinceMs / 1000) * this.#perSecond);
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
