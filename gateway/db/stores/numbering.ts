import type { SiteId } from "../../../devices/model/ids.ts";
import type { OutpostDatabase } from "../database.ts";
import type { Connection } from "../driver/connection.ts";
import { ValueStore } from "./value-store.ts";

/** Under which name and incarnation this gateway writes its facts. */
export interface Scope {
  readonly site: SiteId;
  readonly incarnation: number;
}

const NAME = "numbering";

/** The number of the next fact, for the statement that stores it. */
export const NEXT_FACT = {
  sql: "(SELECT coalesce(max(seq), 0) + 1 FROM facts WHERE site = ? AND site_incarnation = ?)",
  from: ["site", "siteIncarnation"],
} as const;

/** What is remembered for one connection; all that number facts over it share it. */
interface Memory {
  /** Undefined until it is read; null while the site has its provisional name. */
  scope: Scope | null | undefined;
  /** `Connection.rollBacks` when it was read. */
  rollBacks: number;
}

const memories = new WeakMap<Connection, Memory>();

/**
 * The numbers of facts: from 1 without a gap in each incarnation of the site. They are given inside
 * the transaction that stores the facts, so that one that is rolled back leaves no gap; and the last
 * fact of an incarnation is never deleted, so that none is given twice.
 */
export class Numbering {
  readonly #connection: Connection;
  readonly #values: ValueStore;
  readonly #provisional: Scope;
  readonly #memory: Memory;

  /** @param provisional the site's name until `set` was called once, with incarnation 1 */
  constructor(database: OutpostDatabase, provisional: SiteId) {
    this.#connection = database.connection;
    this.#values = new ValueStore(database);
    this.#provisional = { site: provisional, incarnation: 1 };
    this.#memory = memoryOf(this.#connection);
  }

  /** Remembered, because whatever a device says asks for it. */
  scope(): Scope {
    const { rollBacks } = this.#connection;
    // A scope that was set in a transaction that was taken back never was.
    if (this.#memory.scope === undefined || this.#memory.rollBacks !== rollBacks) {
      this.#memory.scope = readScope(this.#values.get(NAME));
      this.#memory.rollBacks = rollBacks;
    }
    return this.#memory.scope ?? this.#provisional;
  }

  /** Inside a transaction: what comes after is numbered under this scope. */
  setNow(scope: Scope): void {
    this.#values.putNow(NAME, `${scope.site}/${scope.incarnation}`);
    this.#memory.scope = undefined;
  }

  /** The number of the last fact of a scope; 0 when there is none. */
  lastFact(scope: Scope): number {
    const [row] = this.#connection
      .prepare("SELECT max(seq) FROM facts WHERE site = ? AND site_incarnation = ?")
      .rows(scope.site, scope.incarnation);
    return Number(row?.[0] ?? 0);
  }
}

function memoryOf(connection: Connection): Memory {
  const known = memories.get(connection);
  if (known) return known;
  const memory = { scope: undefined, rollBacks: 0 };
  memories.set(connection, memory);
  return memory;
}

function readScope(text: string | undefined): Scope | null {
  if (text === undefined) return null;
  const [site = "", incarnation = ""] = text.split("/");
  return { site: site as SiteId, incarnation: Number(incarnation) };
}
