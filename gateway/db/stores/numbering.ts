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

/**
 * The numbers of facts: from 1 without a gap in each incarnation of the site. They are given inside
 * the transaction that stores the facts, so that one that is rolled back leaves no gap; and the last
 * fact of an incarnation is never deleted, so that none is given twice.
 */
export class Numbering {
  readonly #connection: Connection;
  readonly #values: ValueStore;
  readonly #provisional: SiteId;

  /** @param provisional the site's name until `set` was called once, with incarnation 1 */
  constructor(database: OutpostDatabase, provisional: SiteId) {
    this.#connection = database.connection;
    this.#values = new ValueStore(database);
    this.#provisional = provisional;
  }

  scope(): Scope {
    const text = this.#values.get(NAME);
    if (text === undefined) return { site: this.#provisional, incarnation: 1 };
    const [site = "", incarnation = ""] = text.split("/");
    return { site: site as SiteId, incarnation: Number(incarnation) };
  }

  /** Inside a transaction: what comes after is numbered under this scope. */
  setNow(scope: Scope): void {
    this.#values.putNow(NAME, `${scope.site}/${scope.incarnation}`);
  }

  /** The number of the last fact of a scope; 0 when there is none. */
  lastFact(scope: Scope): number {
    const [row] = this.#connection
      .prepare("SELECT max(seq) FROM facts WHERE site = ? AND site_incarnation = ?")
      .rows(scope.site, scope.incarnation);
    return Number(row?.[0] ?? 0);
  }
}
