import { asc } from "drizzle-orm";
import type { PolicyKind } from "../../../sync/ports/policy-author.ts";
import type { PolicyRecord, PolicyStore, PolicyWrite } from "../../../sync/ports/policy-store.ts";
import type { OutpostDatabase } from "../database.ts";
import { policyRecords } from "../schema/policy.ts";
import { readDocuments, writeDocuments } from "./document-rows.ts";
import { upsertInto } from "./upsert.ts";
import { ValueStore } from "./value-store.ts";

/** Secrets of the policy in `values`: they never travel in a document. */
const SECRET = "policy-secret/";

/** `PolicyStore` kept in libSQL. */
export class SqlPolicyStore implements PolicyStore {
  readonly #database: OutpostDatabase;
  readonly #values: ValueStore;
  readonly #put: ReturnType<typeof prepare>;

  constructor(database: OutpostDatabase) {
    this.#database = database;
    this.#values = new ValueStore(database);
    this.#put = prepare(database);
  }

  async load(): ReturnType<PolicyStore["load"]> {
    const { connection, db } = this.#database;
    const rows = db.select().from(policyRecords).orderBy(asc(policyRecords.key)).all();
    const secrets = [...this.#values.list(SECRET)];
    return {
      documents: readDocuments(connection, "policy/"),
      records: rows.map(({ key: _, kind, ...record }) => ({ ...record, kind: kind as PolicyKind })),
      secrets: new Map(secrets.map(([name, value]) => [name.slice(SECRET.length), value])),
    };
  }

  commit(write: PolicyWrite): Promise<void> {
    return this.#database.writer.submit(() => this.writeNow(write));
  }

  /** Inside a transaction of the writer. */
  writeNow(write: PolicyWrite): void {
    const { connection } = this.#database;
    writeDocuments(connection, write.documents);
    for (const record of write.put) this.#put({ ...record, key: keyOf(record) });
    for (const record of write.removed) {
      connection.prepare("DELETE FROM policy_records WHERE key = ?").run(keyOf(record));
    }
    for (const { name, value } of write.secrets) this.#values.putNow(`${SECRET}${name}`, value);
  }
}

function keyOf(record: Pick<PolicyRecord, "kind" | "id">): string {
  return `${record.kind}/${record.id}`;
}

function prepare({ connection }: OutpostDatabase) {
  return upsertInto(connection, policyRecords, ["key"]);
}
