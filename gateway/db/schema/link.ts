/** The link between sites and hub: what is on its way, and what the hub took in. */
import { blob, index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** At a site: frames that the hub has not acknowledged. Removed only on acknowledgement. */
export const outbox = sqliteTable(
  "outbox",
  {
    siteIncarnation: integer("site_incarnation").notNull(),
    frameSeq: integer("frame_seq").notNull(),
    /** `status`, `journal` or `policy`. */
    kind: text("kind").notNull(),
    /** The frame as it is sent. */
    frame: blob("frame", { mode: "buffer" }).notNull(),
    createdAtMs: integer("created_at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.siteIncarnation, table.frameSeq] })],
);

/** At the hub: the sites that have joined. */
export const sites = sqliteTable("sites", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  timeZone: text("time_zone").notNull(),
  publicKey: text("public_key").notNull(),
  sealingKey: text("sealing_key").notNull(),
  /** Keys that the site has announced and not used yet; null when there are none. */
  nextPublicKey: text("next_public_key"),
  nextSealingKey: text("next_sealing_key"),
  /** Since when its present keys hold; null: since it joined. */
  keysSinceMs: integer("keys_since_ms"),
  /** The process that speaks for the site now; empty before its first hello. */
  instance: text("instance").notNull(),
  /** JSON: the processes that spoke before, newest first. */
  formerInstances: text("former_instances").notNull(),
  incarnation: integer("incarnation").notNull(),
  acknowledgedSeq: integer("acknowledged_seq").notNull(),
  /** The next status frame must begin the status document anew. */
  needsSnapshot: integer("needs_snapshot", { mode: "boolean" }).notNull(),
  joinedAtMs: integer("joined_at_ms").notNull(),
  lastSeenMs: integer("last_seen_ms"),
  /** The site's own clock when it last flushed its status: the report is *as of* then. */
  asOfMs: integer("as_of_ms"),
  /** Site clock minus hub clock at the last handshake, in milliseconds. */
  clockOffsetMs: integer("clock_offset_ms"),
  confirmedPolicyVersion: integer("confirmed_policy_version").notNull(),
  alarm: text("alarm"),
  revokedAtMs: integer("revoked_at_ms"),
});

export const joinCodes = sqliteTable("join_codes", {
  id: text("id").primaryKey(),
  codeHash: text("code_hash").notNull(),
  /** The id the joining site will get; a replaced box joins again under its old id. */
  site: text("site").notNull(),
  name: text("name").notNull(),
  createdBy: text("created_by").notNull(),
  createdAtMs: integer("created_at_ms").notNull(),
  expiresAtMs: integer("expires_at_ms").notNull(),
  usedAtMs: integer("used_at_ms"),
  /** The public key that used it: a repeated request gets the same answer. */
  usedByKey: text("used_by_key"),
});

/** At the hub: the last fact known of each incarnation of a site, also after old facts were deleted. */
export const journalPositions = sqliteTable(
  "journal_positions",
  {
    site: text("site").notNull(),
    incarnation: integer("incarnation").notNull(),
    seq: integer("seq").notNull(),
  },
  (table) => [primaryKey({ columns: [table.site, table.incarnation] })],
);

/** At the hub: the last incarnation issued to a device. [D11] */
export const issuedIncarnations = sqliteTable("issued_incarnations", {
  device: text("device").primaryKey(),
  incarnation: integer("incarnation").notNull(),
});

/** At the hub: every frame taken in, so that a repeated one is recognised. */
export const inbox = sqliteTable(
  "inbox",
  {
    site: text("site").notNull(),
    incarnation: integer("incarnation").notNull(),
    frameSeq: integer("frame_seq").notNull(),
    kind: text("kind").notNull(),
    bytes: integer("bytes").notNull(),
    sha256: text("sha256").notNull(),
    receivedAtMs: integer("received_at_ms").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.site, table.incarnation, table.frameSeq] }),
    index("inbox_by_time").on(table.receivedAtMs),
  ],
);

/** At the hub: frames that failed a check, with the bytes and the reason. */
export const quarantine = sqliteTable(
  "quarantine",
  {
    id: text("id").primaryKey(),
    site: text("site").notNull(),
    incarnation: integer("incarnation").notNull(),
    frameSeq: integer("frame_seq").notNull(),
    /** `status`, `journal`, `policy` or `keys`. */
    kind: text("kind").notNull().default(""),
    /** The whole frame's length; `frame` is empty where its bytes were not kept. */
    bytes: integer("bytes").notNull().default(0),
    /** Of the frame's body, as its header says. */
    sha256: text("sha256").notNull().default(""),
    reason: text("reason").notNull(),
    frame: blob("frame", { mode: "buffer" }).notNull(),
    receivedAtMs: integer("received_at_ms").notNull(),
  },
  (table) => [
    index("quarantine_by_site").on(table.site),
    index("quarantine_by_time").on(table.receivedAtMs),
  ],
);
