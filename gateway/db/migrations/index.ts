// Written by `npm run db:generate`; do not edit.
import type { Migration } from "../migrate.ts";
import sql0 from "./0000_initial.sql" with { type: "text" };
import sql1 from "./0001_oma-dm-account.sql" with { type: "text" };
import sql2 from "./0002_keys-and-quarantine.sql" with { type: "text" };
import sql3 from "./0003_virtual-trees.sql" with { type: "text" };
import sql4 from "./0004_device-logins.sql" with { type: "text" };
import sql5 from "./0005_app-providers.sql" with { type: "text" };
import sql6 from "./0006_certificates.sql" with { type: "text" };
import sql7 from "./0007_vendor-files.sql" with { type: "text" };
import sql8 from "./0008_agents.sql" with { type: "text" };

export const MIGRATIONS: readonly Migration[] = [
  { tag: "0000_initial", whenMs: 1795236038472, sql: sql0 },
  { tag: "0001_oma-dm-account", whenMs: 1795905056791, sql: sql1 },
  { tag: "0002_keys-and-quarantine", whenMs: 1795906356168, sql: sql2 },
  { tag: "0003_virtual-trees", whenMs: 1795906715707, sql: sql3 },
  { tag: "0004_device-logins", whenMs: 1795906925817, sql: sql4 },
  { tag: "0005_app-providers", whenMs: 1795907335876, sql: sql5 },
  { tag: "0006_certificates", whenMs: 1795908524550, sql: sql6 },
  { tag: "0007_vendor-files", whenMs: 1795911274764, sql: sql7 },
  { tag: "0008_agents", whenMs: 1795935166225, sql: sql8 },
];
