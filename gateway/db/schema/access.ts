/** Administrators of this gateway, their sessions and tokens, and what they did. Local. [D21] */
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";

export const administrators = sqliteTable("administrators", {
  name: text("name").primaryKey(),
  /** argon2id */
  passwordHash: text("password_hash").notNull(),
  role: text("role").notNull(),
  /** The password was printed once at first start and must be changed at the first login. */
  mustChange: integer("must_change", { mode: "boolean" }).notNull(),
  createdAtMs: integer("created_at_ms").notNull(),
  disabledAtMs: integer("disabled_at_ms"),
});

export const adminSessions = sqliteTable("admin_sessions", {
  /** SHA-256 of the cookie's value. */
  idHash: text("id_hash").primaryKey(),
  administrator: text("administrator").notNull(),
  csrfToken: text("csrf_token").notNull(),
  createdAtMs: integer("created_at_ms").notNull(),
  expiresAtMs: integer("expires_at_ms").notNull(),
});

export const apiTokens = sqliteTable(
  "api_tokens",
  {
    id: text("id").primaryKey(),
    name: text("name").notNull(),
    tokenHash: text("token_hash").notNull(),
    role: text("role").notNull(),
    /** Space-separated scopes, such as `facts:write metrics:read`; empty: all that the role may. */
    scopes: text("scopes").notNull(),
    createdBy: text("created_by").notNull(),
    createdAtMs: integer("created_at_ms").notNull(),
    expiresAtMs: integer("expires_at_ms"),
    lastUsedAtMs: integer("last_used_at_ms"),
    revokedAtMs: integer("revoked_at_ms"),
  },
  (table) => [uniqueIndex("api_tokens_by_hash").on(table.tokenHash)],
);

export const auditLog = sqliteTable(
  "audit_log",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    atMs: integer("at_ms").notNull(),
    /** Administrator, token name, or `system`. */
    by: text("by").notNull(),
    action: text("action").notNull(),
    subject: text("subject").notNull(),
    /** JSON with secrets left out. */
    details: text("details").notNull(),
    address: text("address").notNull(),
  },
  (table) => [index("audit_log_by_time").on(table.atMs)],
);

/** Answers to requests that carried an Idempotency-Key, kept for a day. */
export const idempotentAnswers = sqliteTable("idempotent_answers", {
  /** SHA-256 over who asked, method, path and key. */
  key: text("key").primaryKey(),
  requestHash: text("request_hash").notNull(),
  status: integer("status").notNull(),
  body: text("body").notNull(),
  createdAtMs: integer("created_at_ms").notNull(),
});
