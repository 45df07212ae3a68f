/**
 * `npm run build:agent [-- TARGET]`: the agent as one executable in `dist/`, for this machine or for a target of Bun
 * such as `bun-windows-x64` or `bun-linux-arm64` (Bun fetches that runtime once).
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { runBun } from "./run.mjs";
import { ensureSetUp, ROOT } from "./setup.mjs";

await ensureSetUp();
const [target, folder = join(ROOT, "dist")] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
process.exitCode = await runBun([
  "build",
  "--compile",
  "--minify-syntax",
  ...(target && target !== "here" ? [`--target=${target}`] : []),
  join(ROOT, "gateway", "agent.ts"),
  "--outfile",
  join(folder, "outpost-agent"),
]);
