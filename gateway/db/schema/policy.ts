/** What administrators decided, projected from the policy documents. One table per kind of record. */
import { blob, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/**
 * Replicated documents (Yjs, V1 encoding). `policy_records` is a projection of the policy documents,
 * written in the same transaction; `plan` and reports read the tables only. [D17]
 */
export const documents = sqliteTable("documents", {
  /** `policy/org`, `policy/site/<site>` or `status/<site>/<incarnation>`. */
  name: text("name").primaryKey(),
  /** The compacted state; empty when everything is in `document_updates`. */
  state: blob("state", { mode: "buffer" }).notNull(),
  version: integer("version").notNull(),
  updatedAtMs: integer("updated_at_ms").notNull(),
});

/** Updates of a document that are not in its state yet, in order of arrival. */
export const documentUpdates = sqliteTable(
  "document_updates",
  {
    name: text("name").notNull(),
    /** Dense from 1 since the state was last replaced. */
    seq: integer("seq").notNull(),
    update: blob("update", { mode: "buffer" }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.name, table.seq] })],
);

/** Records of all kinds as JSON, keyed by (kind, id); `origin` is the document it came from. */
export const policyRecords = sqliteTable("policy_records", {
  /** `kind/id` */
  key: text("key").primaryKey(),
  /** `package`, `revision`, `distribution`, `window`, `group`, `setting`. */
  kind: text("kind").notNull(),
  id: text("id").notNull(),
  origin: text("origin").notNull(),
  body: text("body").notNull(),
  /** Why the newest version of the record was refused; the last good body stays. */
  quarantine: text("quarantine"),
  updatedAtMs: integer("updated_at_ms").notNull(),
});
