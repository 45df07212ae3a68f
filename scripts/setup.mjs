/**
 * Makes the working copy runnable on a machine that has only Node.js and npm: installs what
 * package-lock.json names when it is not installed yet, and sees to it that Bun really runs.
 *
 * Plain Node.js without dependencies, because it runs before there are any.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "./lock.mjs";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_MAJOR_MIN = 20;
const INSTALLATION_MB = 520;
const PRODUCTION_MB = 260;
/**
 * Exactly the versions of the lock file, as `npm ci` does. But that refuses a lock file in which the
 * binaries of another system are missing, and registries that mirror only some systems make such ones.
 */
const INSTALL = ["install", "--no-save", "--no-audit", "--no-fund", "--no-progress"];
const PROGRESS_TTY_MS = 500;
const PROGRESS_LOG_MS = 10_000;

/** The Bun of this working copy. Started directly: the links in .bin differ between systems. */
export function bunPath(root = ROOT) {
  return join(root, "node_modules", "bun", "bin", "bun.exe");
}

/**
 * Installs and repairs when needed; does nothing, quickly, when all is well. Two at once wait for
 * each other. `production` leaves out what only building and testing needs. Throws an Error that says
 * what to do.
 */
export async function ensureSetUp(root = ROOT, { production = false } = {}) {
  const [major = 0] = process.versions.node.split(".").map(Number);
  if (major < NODE_MAJOR_MIN) {
    throw new Error(
      `Node.js ${NODE_MAJOR_MIN} or newer is needed; this is ${process.version}. Install it from your system's packages or nodejs.org.`,
    );
  }
  const options = { production };
  if (isInstalled(root, options) && isStamped(root)) return;
  await withLock(join(root, ".outpost-setup.lock"), async () => {
    if (!isInstalled(root, options)) await install(root, options);
    ensureBun(root);
    writeFileSync(stampPath(root), `${JSON.stringify({ lock: lockHash(root) })}\n`);
  });
}

/**
 * Does node_modules hold what package-lock.json names? npm's own record of what it installed is
 * compared, so an installation made by hand counts as well.
 */
export function isInstalled(root, { production = false } = {}) {
  const wanted = readPackages(join(root, "package-lock.json"));
  const present = readPackages(join(root, "node_modules", ".package-lock.json"));
  if (wanted === undefined) {
    throw new Error(`package-lock.json is missing in ${root}: get a complete copy of the project.`);
  }
  if (present === undefined) return false;
  return needed(wanted, production).every(
    ([path, { version }]) => present[path]?.version === version,
  );
}

/** What has to be there: not the root itself, and not what may be for another system. */
function needed(packages, production) {
  return Object.entries(packages).filter(
    ([path, entry]) =>
      path !== "" && entry.optional !== true && !(production && entry.dev === true),
  );
}

/** The stamp says that this very lock file was installed and that Bun was seen running. */
function isStamped(root) {
  try {
    return JSON.parse(readFileSync(stampPath(root), "utf8")).lock === lockHash(root);
  } catch {
    return false; // No stamp, or half a stamp: look again.
  }
}

async function install(root, { production }) {
  const megabytes = production ? PRODUCTION_MB : INSTALLATION_MB;
  say(`Installing what Outpost needs: about ${megabytes} MB, once. This can take minutes.`);
  const packages = readPackages(join(root, "package-lock.json")) ?? {};
  const paths = needed(packages, production).map(([path]) => join(root, path, "package.json"));
  const startedAt = Date.now();
  const report = () => showProgress(paths.filter(existsSync).length, paths.length, startedAt);
  const timer = setInterval(report, process.stderr.isTTY ? PROGRESS_TTY_MS : PROGRESS_LOG_MS);
  const { code, output } = await runNpm(root, production ? [...INSTALL, "--omit=dev"] : INSTALL);
  clearInterval(timer);
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  if (code !== 0) {
    throw new Error(
      `npm install failed (exit code ${code}). Its last words:\n${lastLines(output, 15)}\nCheck the line to your package registry and the room on the disk (${megabytes} MB), then run the same command again.`,
    );
  }
  say(`Installed in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
}

/**
 * npm versions that block the scripts of packages leave a stub in Bun's place that exits 1; Bun's
 * own install script then puts the real program there.
 */
function ensureBun(root) {
  if (bunRuns(root)) return;
  say("Completing the installation of Bun, which npm left unfinished.");
  const repair = spawnSync(process.execPath, ["install.js"], {
    cwd: join(root, "node_modules", "bun"),
    encoding: "utf8",
  });
  if (bunRuns(root)) return;
  throw new Error(
    `Bun does not run on this machine.\n${lastLines(`${repair.stdout}${repair.stderr}`, 15)}\nDelete the folder node_modules and run the same command again; if that fails too, this processor or system has no Bun.`,
  );
}

function bunRuns(root) {
  return spawnSync(bunPath(root), ["--version"], { stdio: "ignore" }).status === 0;
}

function runNpm(root, args) {
  // npm_execpath is the npm that started us; otherwise the one on the PATH.
  const npmScript = process.env.npm_execpath;
  const viaNode = npmScript !== undefined && /npm-cli\.c?js$/.test(npmScript);
  const command = viaNode ? process.execPath : process.platform === "win32" ? "npm.cmd" : "npm";
  const child = spawn(command, viaNode ? [npmScript, ...args] : args, {
    cwd: root,
    shell: !viaNode && process.platform === "win32",
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const keep = (chunk) => {
    output = (output + chunk).slice(-64 * 1024);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  return new Promise((resolve, reject) => {
    child.once("error", () =>
      reject(new Error("npm was not found. It comes with Node.js: install both, then try again.")),
    );
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

function showProgress(done, total, startedAt) {
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  const text = `  ${done} of ${total} packages unpacked, ${seconds} s`;
  if (!process.stderr.isTTY) return say(text);
  const width = 30;
  const filled = Math.round((done / Math.max(1, total)) * width);
  process.stderr.write(`\r\u001b[K${"#".repeat(filled)}${".".repeat(width - filled)}${text}`);
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages;
  } catch {
    return undefined;
  }
}

function lockHash(root) {
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
}

/** Inside node_modules, so that whoever deletes that folder deletes the stamp. */
function stampPath(root) {
  return join(root, "node_modules", ".outpost-setup.json");
}

function lastLines(text, count) {
  return text.trim().split("\n").slice(-count).join("\n");
}

/** On standard error: standard output belongs to the program that is set up. */
function say(text) {
  process.stderr.write(`${text}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await ensureSetUp(ROOT, { production: process.argv.includes("--production") });
  } catch (error) {
    say(error.message);
    process.exitCode = 1;
  }
}
