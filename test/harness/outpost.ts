import { join } from "node:path";

const MAIN = join(import.meta.dir, "..", "..", "gateway", "main.ts");

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `outpost WORDS…` to its end, with these variables on top of this process's. */
export async function outpost(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const child = Bun.spawn([process.execPath, MAIN, ...words], {
    env: { ...Bun.env, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}
