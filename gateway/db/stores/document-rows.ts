import type { DocumentWrite, StoredDocument } from "../../../sync/ports/documents.ts";
import type { Connection } from "../driver/connection.ts";

/** The stored document of this name, or undefined. */
export function readDocument(connection: Connection, name: string): StoredDocument | undefined {
  const [row] = connection
    .prepare("SELECT state, version FROM documents WHERE name = ?")
    .rows(name);
  return row && documentFrom(connection, name, row[0], row[1]);
}

/** All documents whose name begins with a prefix, in order of name. */
export function readDocuments(connection: Connection, prefix: string): StoredDocument[] {
  return connection
    .prepare(
      "SELECT name, state, version FROM documents WHERE substr(name, 1, ?) = ? ORDER BY name",
    )
    .rows(prefix.length, prefix)
    .map(([name, state, version]) => documentFrom(connection, String(name), state, version));
}

/** Inside a transaction of the writer. */
export function writeDocuments(connection: Connection, writes: readonly DocumentWrite[]): void {
  for (const write of writes) {
    switch (write.kind) {
      case "append":
        connection.prepare(MAKE).run(write.name, EMPTY, write.version, write.atMs);
        connection.prepare(APPEND).run(write.name, write.update, write.name);
        break;
      case "replace":
        connection.prepare(REPLACE).run(write.name, write.state, write.version, write.atMs);
        connection.prepare(DROP_TAIL).run(write.name);
        break;
      case "remove":
        connection.prepare("DELETE FROM documents WHERE name = ?").run(write.name);
        connection.prepare(DROP_TAIL).run(write.name);
        break;
    }
  }
}

const EMPTY = new Uint8Array();
const MAKE = `INSERT INTO documents (name, state, version, updated_at_ms) VALUES (?, ?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET version = excluded.version, updated_at_ms = excluded.updated_at_ms`;
const REPLACE = `INSERT INTO documents (name, state, version, updated_at_ms) VALUES (?, ?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET state = excluded.state, version = excluded.version,
    updated_at_ms = excluded.updated_at_ms`;
const APPEND = `INSERT INTO document_updates (name, "update", seq)
  SELECT ?, ?, coalesce(max(seq), 0) + 1 FROM document_updates WHERE name = ?`;
const DROP_TAIL = "DELETE FROM document_updates WHERE name = ?";

function documentFrom(
  connection: Connection,
  name: string,
  state: unknown,
  version: unknown,
): StoredDocument {
  const tail = connection
    .prepare('SELECT "update" FROM document_updates WHERE name = ? ORDER BY seq')
    .rows(name)
    .map(([update]) => update as Uint8Array);
  return { name, state: state as Uint8Array, tail, version: Number(version) };
}
