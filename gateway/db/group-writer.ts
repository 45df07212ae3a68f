import { AppError } from "../../devices/model/errors.ts";
import type { Connection } from "./driver/connection.ts";
import { isDiskFailure } from "./driver/database-error.ts";
import { refusePromise } from "./driver/synchronous.ts";
import type { Db } from "./drizzle.ts";

/** Entries of one transaction; the 64th ends the collecting at once. */
export const GROUP_ENTRIES_MAX = 64;
/** Entries waiting; what comes on top is asked to come again. */
export const QUEUE_ENTRIES_MAX = 10_000;

interface Entry {
  readonly run: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The one writer of a database. Work that arrives in the same turn of the event loop shares one
 * transaction and one wait for the disk; each entry has a savepoint, so a failure takes back that
 * entry alone. Promises are settled after the COMMIT reached the disk. [D22]
 */
export class GroupWriter {
  readonly #connection: Connection;
  readonly #db: Db;
  readonly #onFailure: (error: Error) => void;
  #waiting: Entry[] = [];
  #isScheduled = false;
  #isWriting = false;
  #isClosed = false;
  #failure: Error | undefined;

  /** @param onFailure is told once when the disk fails; nothing is written from then on */
  constructor(connection: Connection, db: Db, onFailure: (error: Error) => void) {
    this.#connection = connection;
    this.#db = db;
    this.#onFailure = onFailure;
  }

  /**
   * Runs `work` in the next transaction.
   *
   * @param work synchronous; reads and writes through the `db` it is given (or statements of the same
   *   connection), and may throw to take back what it did
   * @returns what `work` returned, once it is on the disk
   * @throws AppError "no-room" when the disk is full, "unavailable" when the queue is, or after the
   *   disk failed; else what `work` threw
   */
  submit<T>(work: (db: Db) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const refusal = this.#refusal();
      if (refusal) {
        reject(refusal);
        return;
      }
      this.#waiting.push({
        run: () => work(this.#db),
        resolve: resolve as (value: unknown) => void,
        reject,
      });
      if (this.#waiting.length >= GROUP_ENTRIES_MAX && !this.#isWriting) this.#write();
      else this.#schedule();
    });
  }

  /** Writes what is waiting and refuses what comes later. */
  close(): void {
    while (this.#waiting.length > 0) this.#write();
    this.#isClosed = true;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#waiting.length > 0) this.#write();
      // What did not fit waits for the next turn, so that the network is served in between.
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #write(): void {
    const group = this.#waiting.splice(0, GROUP_ENTRIES_MAX);
    this.#isWriting = true;
    try {
      const settle = this.#connection.atomically(() => this.#runAll(group));
      for (const answer of settle) answer();
    } catch (error) {
      for (const entry of group) entry.reject(error);
      if (error instanceof Error && isDiskFailure(error)) this.#fail(error);
    } finally {
      this.#isWriting = false;
    }
  }

  /** @returns the answers, to be given after the COMMIT */
  #runAll(group: readonly Entry[]): (() => void)[] {
    const isAlone = group.length === 1;
    return group.map((entry) => {
      try {
        const value = isAlone ? refusePromise(entry.run()) : this.#connection.atomically(entry.run);
        return () => entry.resolve(value);
      } catch (error) {
        // Alone, the transaction goes with it; a full disk has ended it for everyone.
        if (isAlone || !this.#connection.inTransaction) throw error;
        return () => entry.reject(error);
      }
    });
  }

  #refusal(): AppError | undefined {
    if (this.#isClosed) return new AppError("unavailable", "The gateway is stopping.");
    if (this.#failure) {
      return new AppError(
        "unavailable",
        "The gateway cannot write to its disk. Check the disk with `outpost doctor`, then restart.",
        { cause: this.#failure },
      );
    }
    if (this.#waiting.length < QUEUE_ENTRIES_MAX) return undefined;
    return new AppError("unavailable", "The gateway has too much to write. Try again shortly.", {
      retryAfterMs: 1000,
    });
  }

  /** After a failed fsync the system may believe pages written that are not: stop writing. */
  #fail(error: Error): void {
    this.#failure = error;
    for (const entry of this.#waiting.splice(0)) entry.reject(this.#refusal());
    this.#onFailure(error);
  }
}
