import { join } from "node:path";

const SCRIPTS = join(import.meta.dir, "..", "..", "scripts");

interface Results {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly reasons: readonly string[];
  readonly broken: readonly string[];
}

/** The plain JavaScript of scripts/, with the types that it has no room for. */
export async function loadScripts() {
  const load = (name: string): Promise<unknown> => import(join(SCRIPTS, name));
  const results = (await load("results.mjs")) as {
    countResults(junit: string, exitCode: number, label: string): Results;
  };
  const runner = (await load("test.mjs")) as {
    sortTests(
      paths: readonly string[],
      mode: "fast" | "all" | "long",
    ): { together: string[]; alone: string[] };
  };
  const setup = (await load("setup.mjs")) as { isInstalled(root: string): boolean };
  const lock = (await load("lock.mjs")) as {
    withLock<Result>(path: string, work: () => Promise<Result>): Promise<Result>;
  };
  return { ...results, ...runner, ...setup, ...lock };
}
