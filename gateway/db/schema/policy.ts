/** What administrators decided, projected from the policy documents. One table per kind of record. */
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/**
 * Policy documents (Yjs, V1 encoding) whole. Table rows below are a projection of them, written in
 * the same transaction; `plan` and reports read the tables only. [D17]
 */
export const documents = sqliteTable("documents", {
  /** `policy/org`, `policy/site/<site>` or `status/<site>/<incarnation>`. */
  name: text("name").primaryKey(),
  state: text("state").notNull(), // base64: a lone blob parameter aborts libsql
  version: integer("version").notNull(),
  updatedAtMs: integer("updated_at_ms").notNull(),
});

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
