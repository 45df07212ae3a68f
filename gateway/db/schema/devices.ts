/** Devices and what the site knows of them. The hub holds the same tables, filled by the journal. */
import { sql } from "drizzle-orm";
import {
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";

export const devices = sqliteTable(
  "devices",
  {
    site: text("site").notNull(),
    id: text("id").notNull(),
    name: text("name").notNull(),
    platform: text("platform").notNull(),
    protocol: text("protocol").notNull().default("oma-dm"),
    stableId: text("stable_id").notNull(),
    manufacturer: text("manufacturer"),
    model: text("model"),
    osVersion: text("os_version"),
    osMajor: integer("os_major"),
    osPlatform: text("os_platform"),
    cpu: text("cpu"),
    ownership: text("ownership").notNull(),
    shared: integer("shared", { mode: "boolean" }).notNull(),
    userEnrolled: integer("user_enrolled", { mode: "boolean" }).notNull(),
    userAssigned: integer("user_assigned", { mode: "boolean" }).notNull(),
    compliance: text("compliance").notNull(),
    enrolment: text("enrolment").notNull(),
    enrolmentDigest: text("enrolment_digest"),
    incarnation: integer("incarnation").notNull(),
    sequence: integer("sequence").notNull(),
    registeredAtMs: integer("registered_at_ms").notNull(),
    lastContactMs: integer("last_contact_ms"),
    inventoryAtMs: integer("inventory_at_ms"),
    removedAtMs: integer("removed_at_ms"),
  },
  (table) => [
    primaryKey({ columns: [table.site, table.id] }),
    index("devices_by_id").on(table.id),
    index("devices_by_name").on(table.name),
  ],
);

export const deviceAliases = sqliteTable(
  "device_aliases",
  {
    protocol: text("protocol").notNull(),
    externalId: text("external_id").notNull(),
    device: text("device").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.protocol, table.externalId] }),
    index("device_aliases_by_device").on(table.device),
  ],
);

export const deviceCredentials = sqliteTable(
  "device_credentials",
  {
    device: text("device").primaryKey(),
    userName: text("user_name").notNull(),
    secretHash: text("secret_hash").notNull(),
    previousSecretHash: text("previous_secret_hash"),
    scheme: text("scheme").notNull(),
    nextNonce: text("next_nonce"),
    /** JSON: who failed to log in in its name, and from where it comes itself. */
    guard: text("guard"),
    certificateSubject: text("certificate_subject"),
    serverId: text("server_id"),
    serverSecretHash: text("server_secret_hash"),
    serverScheme: text("server_scheme"),
    serverNonce: text("server_nonce"),
    serverProblem: text("server_problem"),
    notifyAddress: text("notify_address"),
    notifySession: integer("notify_session"),
    notifiedAtMs: integer("notified_at_ms"),
  },
  (table) => [uniqueIndex("device_credentials_by_subject").on(table.certificateSubject)],
);

export const sessions = sqliteTable("sessions", {
  device: text("device").primaryKey(),
  sessionId: text("session_id").notNull(),
  state: text("state").notNull(),
  updatedAtMs: integer("updated_at_ms").notNull(),
});

export const inventory = sqliteTable(
  "inventory",
  {
    device: text("device").notNull(),
    provider: text("provider").notNull().default("EnterpriseAppManagement"),
    context: text("context").notNull().default("device"),
    productId: text("product_id").notNull(),
    fullName: text("full_name"),
    upgradeCode: text("upgrade_code"),
    version: text("version"),
    title: text("title"),
    publisher: text("publisher"),
    installDate: text("install_date"),
    installDateRaw: text("install_date_raw"),
    seenAtMs: integer("seen_at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.device, table.productId] })],
);

export const inventoryReads = sqliteTable(
  "inventory_reads",
  {
    device: text("device").notNull(),
    provider: text("provider").notNull(),
    context: text("context").notNull(),
    atMs: integer("at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.device, table.provider, table.context] })],
);

export const downloadNodes = sqliteTable(
  "download_nodes",
  {
    device: text("device").notNull(),
    productId: text("product_id").notNull(),
    distribution: text("distribution").notNull(),
    attempt: integer("attempt").notNull(),
    status: integer("status"),
    changedAtMs: integer("changed_at_ms").notNull(),
    executed: integer("executed", { mode: "boolean" }).notNull().default(true),
    gone: integer("gone", { mode: "boolean" }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.device, table.productId] })],
);

/** What an upstream server pushed through a device's virtual tree. */
export const deviceTrees = sqliteTable(
  "device_trees",
  {
    device: text("device").primaryKey(),
    /** JSON of a `VirtualTree`. */
    tree: text("tree").notNull(),
    /** Something is ordered in it that is no distribution yet. */
    hasOrders: integer("has_orders", { mode: "boolean" }).notNull(),
  },
  (table) => [index("device_trees_with_orders").on(table.device).where(sql`has_orders = 1`)],
);

export const instants = sqliteTable(
  "instants",
  {
    device: text("device").notNull(),
    startMs: integer("start_ms").notNull(),
    endMs: integer("end_ms").notNull(),
    instantMs: integer("instant_ms").notNull(),
    evaluatedAtMs: integer("evaluated_at_ms"),
    closed: integer("closed", { mode: "boolean" }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.device, table.startMs] })],
);

export const enrolmentCodes = sqliteTable(
  "enrolment_codes",
  {
    id: text("id").primaryKey(),
    /** SHA-256 of the code, hexadecimal. */
    codeHash: text("code_hash").notNull(),
    note: text("note").notNull(),
    /** JSON of the device facts that the new device starts with. */
    template: text("template").notNull(),
    /** The stable id of the one device that may use it; null: any that is not known. */
    stableId: text("stable_id"),
    createdBy: text("created_by").notNull(),
    createdAtMs: integer("created_at_ms").notNull(),
    expiresAtMs: integer("expires_at_ms").notNull(),
    usedAtMs: integer("used_at_ms"),
    usedBy: text("used_by"),
  },
  (table) => [uniqueIndex("enrolment_codes_by_hash").on(table.codeHash)],
);

export const knocks = sqliteTable(
  "knocks",
  {
    protocol: text("protocol").notNull(),
    externalId: text("external_id").notNull(),
    address: text("address").notNull(),
    details: text("details").notNull(),
    firstAtMs: integer("first_at_ms").notNull(),
    lastAtMs: integer("last_at_ms").notNull(),
    count: integer("count").notNull(),
  },
  (table) => [primaryKey({ columns: [table.protocol, table.externalId] })],
);
