#!/usr/bin/env node
/** The command `outpost`: starts gateway/main.ts with the Bun that was installed beside it. */
import { existsSync } from "node:fs";
import { runFile } from "../scripts/run.mjs";
import { bunPath, ROOT } from "../scripts/setup.mjs";

if (existsSync(bunPath())) {
  process.exitCode = await runFile("gateway/main.ts", process.argv.slice(2));
} else {
  process.stderr.write(`Outpost is not installed completely: run "npm ci" in ${ROOT} first.\n`);
  process.exitCode = 1;
}
