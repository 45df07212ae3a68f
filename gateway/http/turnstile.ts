/** Requests at a door for devices that begin in one turn: what they change is one group of the writer. */
export const REQUESTS_PER_TURN = 64;

/**
 * Lets callers begin in the order in which they came, a few in each turn of the event loop.
 *
 * Without it, one turn serves every connection that has something to read, hundreds of them in a
 * rush; and the system tells of connections in an order of its own: one that was served lately is
 * told of before one that has waited longer. So a message could be overtaken by the next ones of
 * everybody else, and whoever opens the console waits for all of them. With it, every turn looks at
 * the network, and what came first begins first.
 */
export class Turnstile {
  readonly #perTurn: number;
  readonly #waiting: (() => void)[] = [];
  /** In this turn. */
  #begun = 0;
  #isScheduled = false;

  /** @param perTurn callers that may begin in one turn */
  constructor(perTurn = REQUESTS_PER_TURN) {
    this.#perTurn = perTurn;
  }

  /** Resolves when it is the caller's turn: at once unless others wait or enough have begun. */
  pass(): Promise<void> {
    this.#schedule();
    if (this.#begun < this.#perTurn && this.#waiting.length === 0) {
      this.#begun++;
      return PASSED;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // Comes after the network was looked at.
    setImmediate(() => {
      this.#isScheduled = false;
      const next = this.#waiting.splice(0, this.#perTurn);
      this.#begun = next.length;
      if (next.length > 0) this.#schedule();
      for (const begin of next) begin();
    });
  }
}

const PASSED = Promise.resolve();
