import { AppError } from "../../devices/model/errors.ts";

/** The time a gateway lives by. Link, flush and sockets stay on real time. [D16] */
export interface GatewayClock {
  now(): number;
}

export const SYSTEM_CLOCK: GatewayClock = { now: () => Date.now() };

/** A clock that stands still until it is moved, never backwards. [D16] */
export class TestClock implements GatewayClock {
  #nowMs: number;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  /** @throws AppError "conflict" when `toMs` is before the clock's time */
  moveTo(toMs: number): void {
    if (toMs < this.#nowMs) {
      throw new AppError("conflict", "the test clock never goes backwards", {
        allowed: [new Date(this.#nowMs).toISOString()],
      });
    }
    this.#nowMs = toMs;
  }
}
