import { and, asc, desc, eq } from "drizzle-orm";
import type { DeviceAlias } from "../../../devices/model/device.ts";
import type { Knock } from "../../../devices/ports/site-store.ts";
import type { KnockList } from "../../access/knocks.ts";
import type { OutpostDatabase } from "../database.ts";
import type { Db } from "../drizzle.ts";
import type { GroupWriter } from "../group-writer.ts";
import { knocks } from "../schema/devices.ts";

const KNOCK = {
  protocol: knocks.protocol,
  externalId: knocks.externalId,
  address: knocks.address,
  details: knocks.details,
  firstAtMs: knocks.firstAtMs,
  lastAtMs: knocks.lastAtMs,
  count: knocks.count,
};

/** `KnockList` kept in libSQL. */
export class SqlKnockList implements KnockList {
  readonly #db: Db;
  readonly #writer: GroupWriter;

  constructor({ db, writer }: Pick<OutpostDatabase, "db" | "writer">) {
    this.#db = db;
    this.#writer = writer;
  }

  async list(): Promise<readonly Knock[]> {
    const rows = this.#db
      .select(KNOCK)
      .from(knocks)
      .orderBy(desc(knocks.lastAtMs), asc(knocks.protocol), asc(knocks.externalId))
      .all();
    return rows.flatMap(knockFrom);
  }

  async find(protocol: DeviceAlias["protocol"], externalId: string): Promise<Knock | undefined> {
    const rows = this.#db.select(KNOCK).from(knocks).where(isKnock(protocol, externalId)).all();
    return rows.flatMap(knockFrom)[0];
  }

  async forget(protocol: DeviceAlias["protocol"], externalId: string): Promise<void> {
    const where = isKnock(protocol, externalId);
    await this.#writer.submit((db) => db.delete(knocks).where(where).run());
  }
}

function isKnock(protocol: string, externalId: string) {
  return and(eq(knocks.protocol, protocol), eq(knocks.externalId, externalId));
}

/** A protocol this version does not know cannot be approved, so it is not listed. */
function knockFrom(row: Omit<Knock, "protocol"> & { readonly protocol: string }): Knock[] {
  const protocol = PROTOCOLS.find((one) => one === row.protocol);
  return protocol ? [{ ...row, protocol }] : [];
}

const PROTOCOLS: readonly DeviceAlias["protocol"][] = [
  "oma-dm",
  "agent",
  "ddi",
  "mender",
  "ce",
  "external",
];
