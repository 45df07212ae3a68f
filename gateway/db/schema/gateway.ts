/** What this gateway knows of itself: identity, settings, positions. Small values by name. */
import { sqliteTable, text } from "drizzle-orm/sqlite-core";

export const values = sqliteTable("values", {
  /** Such as `identity/site-id`, `identity/instance`, `link/acknowledged-seq`, `settings/site-name`. */
  name: text("name").primaryKey(),
  value: text("value").notNull(),
});
