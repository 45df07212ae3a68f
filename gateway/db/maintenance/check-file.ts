import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export type FileCheck =
  | { readonly kind: "ok" }
  | { readonly kind: "missing" }
  /** Another process has it open. */
  | { readonly kind: "busy" }
  | { readonly kind: "wrong-key"; readonly detail: string }
  | { readonly kind: "damaged"; readonly problems: readonly string[] };

export interface CheckRequest {
  readonly path: string;
  readonly key?: string | undefined;
  /**
   * `quick`: the structure, about 2 million rows a second. `full`: indexes against their tables and
   * every text as well, about 100 000 rows a second.
   */
  readonly depth: "quick" | "full";
}

/** The program that checks: this same runtime with a small file, unless a compiled binary says otherwise. */
export const CHECK_COMMAND: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL("./check-file.worker.ts", import.meta.url)),
];

/** A check that takes longer than this is given up, in milliseconds. */
export const CHECK_MS_MAX = 10 * 60 * 1000;

/**
 * Looks whether a database file is whole. It happens in a child process, because the binding ends
 * the process that reads damaged text, and because a process that opens and closes a file by other
 * means loses SQLite's lock on it. [platform 2.2]
 *
 * @param command what to run; it reads the request as JSON and answers with a FileCheck as JSON
 */
export async function checkDatabaseFile(
  request: CheckRequest,
  command: readonly string[] = CHECK_COMMAND,
): Promise<FileCheck> {
  if (!existsSync(request.path)) return { kind: "missing" };
  const child = Bun.spawn([...command], {
    stdin: new Blob([JSON.stringify(request)]),
    stdout: "pipe",
    stderr: "ignore",
    env: { ...Bun.env, BUN_ENABLE_CRASH_REPORTING: "0" },
    timeout: CHECK_MS_MAX,
  });
  const answer = await new Response(child.stdout).text();
  const code = await child.exited;
  if (code === 0) return JSON.parse(answer) as FileCheck;
  return {
    kind: "damaged",
    problems: [
      child.signalCode === "SIGTERM"
        ? `the check did not end within ${CHECK_MS_MAX / 60_000} minutes`
        : "reading it ended the checking process: a text or a page in it is not what was written",
    ],
  };
}
