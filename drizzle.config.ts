/** For `npm run db:generate`: writes the next migration when `gateway/db/schema` has changed. */
import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "sqlite",
  schema: "./gateway/db/schema/*.ts",
  out: "./gateway/db/migrations",
});
