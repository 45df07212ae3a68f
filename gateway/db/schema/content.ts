import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** One row per file known to this gateway, whether it is here or still to be fetched. */
export const blobs = sqliteTable("blobs", {
  sha256: text("sha256").primaryKey(),
  md5: text("md5"),
  name: text("name").notNull(),
  bytes: integer("bytes").notNull(),
  /** `wanted`, `filling`, `complete`, `quarantined`. */
  state: text("state").notNull(),
  /** Bytes of the partial file that are known to be on disk. */
  filledBytes: integer("filled_bytes").notNull(),
  etag: text("etag"),
  /** What went wrong last, in words for people; null when nothing did. */
  problem: text("problem"),
  createdAtMs: integer("created_at_ms").notNull(),
  verifiedAtMs: integer("verified_at_ms"),
  lastUsedAtMs: integer("last_used_at_ms"),
});

/** Bytes served to devices, per blob and day, for the content page. */
export const contentServed = sqliteTable(
  "content_served",
  {
    key: text("key").primaryKey(),
    sha256: text("sha256").notNull(),
    day: text("day").notNull(),
    requests: integer("requests").notNull(),
    bytes: integer("bytes").notNull(),
  },
  (table) => [index("content_served_by_blob").on(table.sha256)],
);

/** How far files have come that revisions name by a vendor's URL, until they are pinned. */
export const vendorFiles = sqliteTable("vendor_files", {
  revision: text("revision").primaryKey(),
  url: text("url").notNull(),
  bytes: integer("bytes"),
  filledBytes: integer("filled_bytes").notNull(),
  validator: text("validator"),
  sha256: text("sha256"),
  problem: text("problem"),
});
