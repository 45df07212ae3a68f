/** What a site keeps of devices that come and ask for work: agents, DDI, Mender, Windows CE. */
import {
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";

/** How a device proves itself to a protocol: hashes of tokens, or a public key. */
export const deviceTokens = sqliteTable(
  "device_tokens",
  {
    device: text("device").notNull(),
    protocol: text("protocol").notNull(),
    digest: text("digest").notNull(),
    /** The former one still works until the new one was used once. */
    previousDigest: text("previous_digest"),
    createdAtMs: integer("created_at_ms").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.device, table.protocol] }),
    uniqueIndex("device_tokens_by_digest").on(table.protocol, table.digest),
  ],
);

/** What a device tells of itself by name: hawkBit's attributes, Mender's inventory, and the like. */
export const deviceAttributes = sqliteTable(
  "device_attributes",
  {
    device: text("device").notNull(),
    name: text("name").notNull(),
    value: text("value").notNull(),
    atMs: integer("at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.device, table.name] })],
);

/** Work as a protocol calls it by a number of its own. The rows of the work are its installations. */
export const deviceJobs = sqliteTable(
  "device_jobs",
  {
    /** 1 to 2^31 - 1; never given twice. */
    id: integer("id").primaryKey({ autoIncrement: true }),
    device: text("device").notNull(),
    distribution: text("distribution").notNull(),
    attempt: integer("attempt").notNull(),
    protocol: text("protocol").notNull(),
    /** JSON, owned by the protocol's use-cases. */
    state: text("state").notNull(),
    updatedAtMs: integer("updated_at_ms").notNull(),
  },
  (table) => [
    uniqueIndex("device_jobs_by_work").on(
      table.device,
      table.distribution,
      table.attempt,
      table.protocol,
    ),
    index("device_jobs_by_device").on(table.device),
  ],
);
