import type { Installation } from "../../../devices/model/installation.ts";
import type { Connection } from "../driver/connection.ts";
import { installations } from "../schema/installations.ts";
import { upsertInto } from "./upsert.ts";

/**
 * Writes installation rows, inside a transaction of the writer. Every row written gets the next
 * revision, so that the flusher and live pages see it.
 */
export class RowWriter {
  readonly #connection: Connection;
  readonly #put: ReturnType<typeof prepare>;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#put = prepare(connection);
  }

  putNow(rows: readonly Installation[]): void {
    for (const row of rows) this.#put(row);
  }

  /** The revision counter of the row that changed last; 0 when there is none. */
  lastRevision(): number {
    const [row] = this.#connection
      .prepare("SELECT max(revision_counter) FROM installations")
      .rows();
    return Number(row?.[0] ?? 0);
  }
}

function prepare(connection: Connection) {
  return upsertInto(connection, installations, ["site", "distribution", "device"], {
    kept: ["package"], // A distribution is of one package for ever; it has an index of its own.
    computed: { revisionCounter: { sql: NEXT_REVISION, from: [] } },
  });
}

const NEXT_REVISION = "(SELECT coalesce(max(revision_counter), 0) + 1 FROM installations)";
