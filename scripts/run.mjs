/**
 * `node scripts/run.mjs FILE [ARGUMENTS]`: sets up what is missing, then runs FILE (named from the
 * root of the working copy) with the project's
 * own Bun. Signals go on to it, and its exit code becomes ours.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bunPath, ensureSetUp, ROOT } from "./setup.mjs";

const PARENT_LOOK_MS = 500;

/**
 * Bun looks for its configuration in the folder it is started in, which is anybody's: `outpost` may be
 * called from everywhere. Only the project's own counts, and no `.env` that happens to lie there.
 */
const OWN_CONFIGURATION = [
  `--tsconfig-override=${join(ROOT, "tsconfig.json")}`,
  `--config=${join(ROOT, "bunfig.toml")}`,
  "--no-env-file",
];

const GATEWAY = "gateway/main.ts";

/**
 * Runs a file of the project, named from its root; otherwise like `runBun`. The gateway gets its settings
 * of the engine, which are read before its first line runs; the caller's own win.
 */
export function runFile(file, args) {
  const options = file === GATEWAY ? { env: { ...engineSettings(), ...process.env } } : {};
  return runBun([...OWN_CONFIGURATION, join(ROOT, file), ...args], options);
}

function engineSettings() {
  return JSON.parse(readFileSync(join(ROOT, "gateway", "config", "engine.json"), "utf8"));
}

/**
 * Runs Bun with `args` and resolves with its exit code, 128 + n when signal n ended it.
 * A terminal sends Ctrl+C to the whole group by itself, so SIGINT is passed on only without one.
 *
 * npm runs a script through a shell: SIGTERM to npm ends npm and the shell and reaches nobody else.
 * So what npm started ends when that shell is gone, or `npm start` would outlive its supervisor.
 */
export function runBun(args, options = {}) {
  const child = spawn(bunPath(), args, { stdio: "inherit", ...options });
  const forward = (signal) => {
    if (signal === "SIGINT" && process.stdin.isTTY) return;
    child.kill(signal);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, forward);
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill("SIGTERM");
  }, PARENT_LOOK_MS);
  if (process.env.npm_lifecycle_event === undefined) clearInterval(watch);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearInterval(watch);
      for (const name of signals) process.off(name, forward);
      resolve(signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 0));
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, ...rest] = process.argv.slice(2);
  if (file === undefined) {
    process.stderr.write("Usage: node scripts/run.mjs FILE [ARGUMENTS]\n");
    process.exitCode = 2;
  } else {
    try {
      await ensureSetUp();
      process.exitCode = await runFile(file, rest);
    } catch (error) {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    }
  }
}
