import { expect } from "bun:test";
import { join } from "node:path";
import { asc } from "drizzle-orm";
import { facts } from "../../../gateway/db/schema/installations.ts";
import { openFile } from "./temporary.ts";

/**
 * Kills a process that commits facts with SIGKILL after a random number of acknowledgements, `rounds`
 * times over one database, and checks each time that every acknowledged fact is there and that the
 * numbers have no gap.
 */
export async function crashRounds(
  path: string,
  key: string | undefined,
  rounds: number,
  random: () => number,
): Promise<void> {
  const acknowledged = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    const concurrency = 1 + Math.floor(random() * 32);
    const killAfter = 1 + Math.floor(random() * 300);
    const first = round * 1_000_000;
    for (const number of await killedWriter(path, key, concurrency, killAfter, first)) {
      acknowledged.add(number);
    }
    await using database = await openFile(path, { key });
    const rows = database.db
      .select({ seq: facts.seq, value: facts.value })
      .from(facts)
      .orderBy(asc(facts.seq))
      .all();
    const stored = new Set(rows.map(({ value }) => value));
    expect([...acknowledged].filter((number) => !stored.has(number))).toEqual([]);
    expect(rows.every(({ seq }, index) => seq === index + 1)).toBe(true);
    const [check] = database.connection.prepare("PRAGMA integrity_check").rows();
    expect(check).toEqual(["ok"]);
  }
}

/** @returns the numbers it had acknowledged, the ones in the pipe at its death included */
async function killedWriter(
  path: string,
  key: string | undefined,
  concurrency: number,
  killAfter: number,
  first: number,
): Promise<string[]> {
  const child = Bun.spawn(
    [
      process.execPath,
      join(import.meta.dir, "crash-writer.ts"),
      path,
      key ?? "-",
      `${concurrency}`,
      `${first}`,
    ],
    { stdout: "pipe", stderr: "inherit" },
  );
  let said = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    said += decoder.decode(chunk, { stream: true });
    if (said.split("\n").length > killAfter) child.kill("SIGKILL");
  }
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
  return said.split("\n").slice(0, -1);
}
