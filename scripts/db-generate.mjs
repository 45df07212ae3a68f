/**
 * `node scripts/db-generate.mjs [--name NAME]`: writes the next migration from `gateway/db/schema`,
 * then `gateway/db/migrations/index.ts`, which carries the SQL of all of them into the program, so
 * that a compiled one needs no files. Run it again after resolving a conflict: it starts from the
 * journal that drizzle-kit keeps.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runBun } from "./run.mjs";
import { ensureSetUp, ROOT } from "./setup.mjs";

const FOLDER = join(ROOT, "gateway/db/migrations");

await ensureSetUp();
const kit = join(ROOT, "node_modules/drizzle-kit/bin.cjs");
const code = await runBun([kit, "generate", ...process.argv.slice(2)], { cwd: ROOT });
if (code === 0) await writeIndex();
process.exitCode = code;

async function writeIndex() {
  const { entries } = JSON.parse(await readFile(join(FOLDER, "meta/_journal.json"), "utf8"));
  const imports = entries.map(
    ({ tag }, index) => `import sql${index} from "./${tag}.sql" with { type: "text" };`,
  );
  const rows = entries.map(
    ({ tag, when }, index) => `  { tag: "${tag}", whenMs: ${when}, sql: sql${index} },`,
  );
  const text = [
    "// Written by `npm run db:generate`; do not edit.",
    'import type { Migration } from "../migrate.ts";',
    ...imports,
    "",
    "export const MIGRATIONS: readonly Migration[] = [",
    ...rows,
    "];",
    "",
  ];
  await writeFile(join(FOLDER, "index.ts"), text.join("\n"));
}
