/**
 * Runs everything that tells whether the project is well, and ends with one line that counts it; HELP
 * below says how. How long a test file takes is in its name: `x.test.ts` is fast and shares processes
 * with the others, `x.slow.test.ts` starts processes or a browser and gets a process of its own,
 * `x.long.test.ts` is for the long run only.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { countResults } from "./results.mjs";
import { runBun } from "./run.mjs";
import { ensureSetUp, ROOT } from "./setup.mjs";

const HELP = `Usage: node scripts/test.mjs [--fast | --long] [WORD ...]

  (nothing)   lint, types, all tests but the long ones   npm test, under 10 minutes
  --fast      lint, types, fast tests                    npm run check, under 60 s
  --long      only the long forms of tests               npm run test:long
  WORD        only test files whose path contains one of the words; no lint, no types

TEST_SEED=N repeats the random tests that have N in their name.
`;

/** Of one test. Long enough for a machine that is busy with other work: it is no measure of speed. */
const FAST_TIMEOUT_MS = 30_000;
const SLOW_TIMEOUT_MS = 180_000;
const LONG_TIMEOUT_MS = 30 * 60_000;

/** What the last run has found out about types: only what changed is looked at again. */
const TYPES_SEEN = join(ROOT, "node_modules", ".cache", "types.tsbuildinfo");

/**
 * Fast tests share two processes and what those have loaded: loading all of it again for each file would
 * be a quarter of their time. So they must leave no globals behind.
 */
const TOGETHER = ["--only-failures", "--parallel", "--no-isolate", `--timeout=${FAST_TIMEOUT_MS}`];

/** Whoever ends a run (SIGHUP, SIGINT, SIGTERM) wants no other one. Exit codes, as `runBun` gives them. */
const ENDED_FROM_OUTSIDE = new Set([129, 130, 143]);

/** Which test files a mode runs, and how: one process for all, or one for each. */
export function sortTests(paths, mode) {
  const long = paths.filter((path) => path.endsWith(".long.test.ts"));
  const slow = paths.filter((path) => path.endsWith(".slow.test.ts"));
  const fast = paths.filter((path) => !long.includes(path) && !slow.includes(path));
  if (mode === "long") return { together: [], alone: long, timeoutMs: LONG_TIMEOUT_MS };
  return { together: fast, alone: mode === "fast" ? [] : slow, timeoutMs: SLOW_TIMEOUT_MS };
}

async function main(args) {
  const options = args.filter((word) => word.startsWith("-"));
  const words = args.filter((word) => !word.startsWith("-"));
  if (options.includes("--help")) {
    process.stdout.write(HELP);
    return 0;
  }
  if (options.length > 1 || !["--fast", "--long", undefined].includes(options[0])) {
    process.stderr.write(`Not understood: ${options.join(" ")}\n\n${HELP}`);
    return 2;
  }
  const mode = options[0]?.slice(2) ?? "all";
  await ensureSetUp();

  const startedAt = Date.now();
  const outcome = { passed: 0, failed: 0, skipped: 0, reasons: [], broken: [] };
  if (mode !== "long" && words.length === 0) {
    const checks = [
      ["lint", ["@biomejs/biome/bin/biome", "ci", "--colors=off", "."]],
      [
        "types",
        ["typescript/bin/tsc", "--noEmit", "--incremental", "--tsBuildInfoFile", TYPES_SEEN],
      ],
    ];
    for (const result of await Promise.all(checks.map(([name, command]) => check(name, command)))) {
      process.stdout.write(result.output);
      add(outcome, result);
    }
  }
  const paths = testFiles(join(ROOT, "test")).filter(
    (path) => words.length === 0 || words.some((word) => path.includes(word)),
  );
  const { together, alone, timeoutMs } = sortTests(paths, mode);
  if (together.length + alone.length === 0) {
    process.stderr.write(`No test file for this: ${args.join(" ")}\n`);
    return 2;
  }
  const runs = alone.map((path) => [[path], [`--timeout=${timeoutMs}`]]);
  if (together.length > 0) runs.unshift([together, TOGETHER]);
  for (const [files, flags] of runs) {
    const { code, result } = await runTests(files, flags);
    add(outcome, result);
    if (ENDED_FROM_OUTSIDE.has(code)) {
      process.stderr.write("Ended from outside: what comes after was not run.\n");
      return code;
    }
  }

  for (const reason of outcome.reasons) process.stdout.write(`skipped: ${reason}\n`);
  for (const name of outcome.broken) process.stdout.write(`failed: ${name}\n`);
  process.stdout.write(`Took ${Math.round((Date.now() - startedAt) / 1000)} s.\n`);
  // CI reads this line; its form is fixed.
  process.stdout.write(
    `${outcome.passed} passed, ${outcome.failed} failed, ${outcome.skipped} skipped\n`,
  );
  return outcome.failed === 0 ? 0 : 1;
}

/** Runs a tool that passes or fails as a whole; its output is kept, so that two may run at once. */
function check(name, [script, ...args]) {
  const child = spawn(process.execPath, [join(ROOT, "node_modules", script), ...args], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      const failed = code === 0 ? 0 : 1;
      resolve({
        passed: 1 - failed,
        failed,
        skipped: 0,
        reasons: [],
        broken: failed ? [name] : [],
        output: failed ? `${output.trim()}\n` : "",
      });
    });
  });
}

async function runTests(paths, flags) {
  const folder = mkdtempSync(join(tmpdir(), "outpost-test-"));
  const report = join(folder, "junit.xml");
  const startedAt = Date.now();
  try {
    const code = await runBun(
      [
        "test",
        "--reporter=junit",
        `--reporter-outfile=${report}`,
        ...flags,
        ...paths.map((path) => `./${path}`),
      ],
      // Whatever the tests leave in the temporary folder goes away with it.
      { cwd: ROOT, env: { ...process.env, TMPDIR: folder } },
    );
    const label = paths.length === 1 ? paths[0] : `${paths.length} files`;
    process.stdout.write(`${label}: ${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`);
    return { code, result: countResults(readIfThere(report), code, label) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function add(outcome, result) {
  outcome.passed += result.passed;
  outcome.failed += result.failed;
  outcome.skipped += result.skipped;
  outcome.reasons.push(...result.reasons);
  outcome.broken.push(...result.broken);
}

function testFiles(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.test\.tsx?$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath ?? entry.path, entry.name)))
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
}

function readIfThere(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

if (process.argv[1] === join(ROOT, "scripts", "test.mjs")) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
