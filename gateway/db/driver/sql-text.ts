/** What a statement does to the database, as far as the driver must treat it differently. */
export type SqlKind =
  | "read"
  | "write"
  | "savepoint" // SAVEPOINT, RELEASE, ROLLBACK TO: only inside a transaction.
  | "transaction" // BEGIN, COMMIT, END, ROLLBACK: only the driver itself says these.
  | "other"; // PRAGMA, VACUUM, ATTACH, …: run as they are, outside a transaction of ours.

export interface SqlText {
  readonly kind: SqlKind;
  /** How many `?` wait for a value. */
  readonly parameters: number;
}

/** What cannot be prepared safely: the binding would silently ignore a part of it. */
export class SqlTextError extends Error {
  override readonly name = "SqlTextError";
}

const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\?\d+|[?:@$#;]|[A-Za-z_][A-Za-z0-9_$]*|./gs;
const WRITES = new Set(["insert", "update", "delete", "replace", "create", "drop", "alter"]);
const ALSO_WRITES = new Set(["reindex", "analyze"]);
const TRANSACTION = new Set(["begin", "commit", "end"]);
const SAVEPOINT = new Set(["savepoint", "release"]);

/**
 * Reads one SQL statement of ours: what it does and how many parameters it takes.
 *
 * @throws SqlTextError for several statements in one text (the binding runs the first only), for
 *   named or numbered parameters (ours are all `?`), and for a text without a statement.
 */
export function readSql(sql: string): SqlText {
  let parameters = 0;
  let ended = false;
  const words: string[] = [];
  for (const [token] of sql.matchAll(TOKEN)) {
    if (token.startsWith("--") || token.startsWith("/*") || token.trim() === "") continue;
    if (ended && token !== ";") throw new SqlTextError(`one statement at a time: ${sql}`);
    if (token === ";") ended = words.length > 0;
    else if (token === "?") parameters++;
    else if (/^(?:\?\d|[:@$#])/.test(token)) {
      throw new SqlTextError(`only "?" is a parameter here: ${sql}`);
    } else words.push(token);
  }
  return {
    kind: kindOf(
      words.map((word) => word.toLowerCase()),
      sql,
    ),
    parameters,
  };
}

function kindOf(words: readonly string[], sql: string): SqlKind {
  const [first, second] = words;
  if (first === undefined) throw new SqlTextError(`no statement in: ${sql}`);
  if (first === "select" || first === "values" || first === "explain") return "read";
  if (first === "with") return words.some((word) => WRITES.has(word)) ? "write" : "read";
  if (WRITES.has(first) || ALSO_WRITES.has(first)) return "write";
  if (first === "rollback") return second === "to" ? "savepoint" : rollbackKind(words);
  if (SAVEPOINT.has(first)) return "savepoint";
  if (TRANSACTION.has(first)) return "transaction";
  return "other";
}

/** `ROLLBACK TRANSACTION TO x` is a savepoint's end as well. */
function rollbackKind(words: readonly string[]): SqlKind {
  return words[1] === "transaction" && words[2] === "to" ? "savepoint" : "transaction";
}
