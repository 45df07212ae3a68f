import { and, asc, desc, eq, isNull } from "drizzle-orm";
import type { DeviceAlias } from "../../../devices/model/device.ts";
import { AppError } from "../../../devices/model/errors.ts";
import type { Knock } from "../../../devices/ports/site-store.ts";
import type { EnrolmentCode, EnrolmentCodes, KnockList } from "../../access/enrolment.ts";
import type { OutpostDatabase } from "../database.ts";
import type { Db } from "../drizzle.ts";
import type { GroupWriter } from "../group-writer.ts";
import { enrolmentCodes, knocks } from "../schema/devices.ts";

/** `EnrolmentCodes` kept in libSQL. */
export class SqlEnrolmentCodes implements EnrolmentCodes {
  readonly #db: Db;
  readonly #writer: GroupWriter;

  constructor({ db, writer }: Pick<OutpostDatabase, "db" | "writer">) {
    this.#db = db;
    this.#writer = writer;
  }

  async list(): Promise<readonly EnrolmentCode[]> {
    const order = [desc(enrolmentCodes.createdAtMs), desc(enrolmentCodes.id)];
    const rows = this.#db
      .select()
      .from(enrolmentCodes)
      .orderBy(...order)
      .all();
    return rows.map(codeFrom);
  }

  async findByHash(codeHash: string): Promise<EnrolmentCode | undefined> {
    const where = eq(enrolmentCodes.codeHash, codeHash);
    const [row] = this.#db.select().from(enrolmentCodes).where(where).all();
    return row && codeFrom(row);
  }

  async add(code: EnrolmentCode): Promise<void> {
    const row = { ...code, template: JSON.stringify(code.template) };
    const added = await this.#writer.submit((db) =>
      db.insert(enrolmentCodes).values(row).onConflictDoNothing().run(),
    );
    if (added.changes === 0) {
      throw new AppError("conflict", `there is an enrolment code ${code.id} already`);
    }
  }

  async remove(id: string): Promise<boolean> {
    const isUnused = and(eq(enrolmentCodes.id, id), isNull(enrolmentCodes.usedAtMs));
    const removed = await this.#writer.submit((db) =>
      db.delete(enrolmentCodes).where(isUnused).run(),
    );
    return removed.changes > 0;
  }
}

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

function codeFrom(row: typeof enrolmentCodes.$inferSelect): EnrolmentCode {
  return { ...row, template: JSON.parse(row.template) };
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
