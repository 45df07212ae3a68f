#!/usr/bin/env node
/** The command `outpost`: starts gateway/main.ts with the Bun that was installed beside it. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runBun } from "../scripts/run.mjs";
import { bunPath } from "../scripts/setup.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (existsSync(bunPath())) {
  process.exitCode = await runBun([join(root, "gateway", "main.ts"), ...process.argv.slice(2)]);
} else {
  process.stderr.write(`Outpost is not installed completely: run "npm ci" in ${root} first.\n`);
  process.exitCode = 1;
}
