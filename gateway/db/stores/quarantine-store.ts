import { and, count, desc, eq, getTableColumns, lt, or, sql } from "drizzle-orm";
import { AppError } from "../../../devices/model/errors.ts";
import type { SiteId } from "../../../devices/model/ids.ts";
import type { QuarantinedFrame } from "../../../sync/ports/hub-store.ts";
import type { OutpostDatabase } from "../database.ts";
import { quarantine } from "../schema/link.ts";

/** A row of the list: everything but the bytes, which may be two megabytes each. */
export type QuarantinedRow = Omit<QuarantinedFrame, "frame"> & { readonly hasBytes: boolean };

export interface QuarantineQuery {
  readonly site?: SiteId | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** At the hub: frames in quarantine, for whoever looks into them. */
export class QuarantineStore {
  readonly #database: Pick<OutpostDatabase, "db" | "writer">;

  constructor(database: Pick<OutpostDatabase, "db" | "writer">) {
    this.#database = database;
  }

  /** The newest first. @throws AppError "invalid" for a cursor that is none of ours */
  list({ cursor, limit, site }: QuarantineQuery): {
    readonly rows: readonly QuarantinedRow[];
    readonly total: number;
    readonly next: string | undefined;
  } {
    const { db } = this.#database;
    const isSite = site === undefined ? undefined : eq(quarantine.site, site);
    const [counted] = db.select({ value: count() }).from(quarantine).where(isSite).all();
    const found = db
      .select(ROW)
      .from(quarantine)
      .where(and(isSite, cursor === undefined ? undefined : after(cursor)))
      .orderBy(desc(quarantine.receivedAtMs), desc(quarantine.id))
      .limit(limit + 1)
      .all() as QuarantinedRow[];
    const rows = found.slice(0, limit);
    const last = found.length > limit ? rows.at(-1) : undefined;
    return {
      rows,
      total: counted?.value ?? 0,
      next: last && `${last.receivedAtMs}.${last.id}`,
    };
  }

  find(id: string): (QuarantinedRow & { readonly frame: Uint8Array }) | undefined {
    const [row] = this.#database.db
      .select({ ...ROW, frame: quarantine.frame })
      .from(quarantine)
      .where(eq(quarantine.id, id))
      .all();
    return row && ({ ...row, frame: new Uint8Array(row.frame) } as ReturnType<typeof this.find>);
  }

  /** For good; the frame counts as received all the same. False when there is none. */
  async dismiss(id: string): Promise<boolean> {
    const { changes } = await this.#database.writer.submit((db) =>
      db.delete(quarantine).where(eq(quarantine.id, id)).run(),
    );
    return changes > 0;
  }
}

const { frame: _, ...COLUMNS } = getTableColumns(quarantine);
const ROW = {
  ...COLUMNS,
  hasBytes: sql<boolean>`length(${quarantine.frame}) > 0`.mapWith(Boolean),
};

function after(cursor: string) {
  const [, atText = "", id = ""] = /^(\d{1,16})\.([0-9a-z-]{1,64})$/.exec(cursor) ?? [];
  if (id === "") throw new AppError("invalid", "the cursor is not one that a page before gave");
  const atMs = Number(atText);
  return or(
    lt(quarantine.receivedAtMs, atMs),
    and(eq(quarantine.receivedAtMs, atMs), lt(quarantine.id, id)),
  );
}
