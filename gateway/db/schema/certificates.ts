/** What Windows PCs were given when they enrolled at this site. */
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const deviceCertificates = sqliteTable(
  "device_certificates",
  {
    /** Hexadecimal without leading zeros. */
    serial: text("serial").primaryKey(),
    device: text("device").notNull(),
    subject: text("subject").notNull(),
    /** DER as base64. */
    certificate: text("certificate").notNull(),
    thumbprint: text("thumbprint").notNull(),
    keyHash: text("key_hash").notNull(),
    /** Thumbprint of the authority that signed it. */
    authority: text("authority").notNull(),
    notBeforeMs: integer("not_before_ms").notNull(),
    notAfterMs: integer("not_after_ms").notNull(),
    issuedAtMs: integer("issued_at_ms").notNull(),
    userName: text("user_name").notNull(),
    store: text("store").notNull(),
    revokedAtMs: integer("revoked_at_ms"),
  },
  (table) => [index("device_certificates_by_device").on(table.device)],
);

/** Enrolments by code, so that one whose answer was lost gets the same answer again. */
export const windowsEnrolments = sqliteTable("windows_enrolments", {
  codeHash: text("code_hash").primaryKey(),
  device: text("device").notNull(),
  serial: text("serial").notNull(),
  /** What the answer's passwords are derived from; forgotten when it cannot be asked for any more. */
  seed: text("seed"),
  enrolledAtMs: integer("enrolled_at_ms").notNull(),
});
