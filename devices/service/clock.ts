import { HLC_ZERO, type Hlc, nextHlc } from "../model/hlc.ts";

/** The time a gateway lives by: the wall clock, or the test clock. Milliseconds since the epoch. */
export type Now = () => number;

/** Stamps that always rise, started after the greatest one that is on disk. */
export class HlcClock {
  #last: Hlc;
  readonly #now: Now;

  constructor(now: Now, greatestStored: Hlc | undefined) {
    this.#now = now;
    this.#last = greatestStored ?? HLC_ZERO;
  }

  next(): Hlc {
    this.#last = nextHlc(this.#last, this.#now());
    return this.#last;
  }

  /** Takes notice of a stamp from elsewhere (already clamped), so that ours come after it. */
  observe(stamp: Hlc): void {
    if (stamp > this.#last) this.#last = stamp;
  }
}
