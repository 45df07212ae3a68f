import { expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SYNC_EVERY_BYTES } from "../../../gateway/content/blob-store.ts";
import { seededRandom } from "../../harness/seeded-random.ts";
import { randomBytes, sha256Of } from "./content-harness.ts";
import { startOrigin } from "./origin.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now());
const KILLS = 3;

test(`a pull goes on after kill -9 where its last sync point stood (TEST_SEED=${SEED})`, async () => {
  const random = seededRandom(SEED);
  // A length that no power of two divides: bytes at a wrong offset never look right.
  const block = randomBytes(random, 1_000_003);
  const bytes = Buffer.alloc(8 * SYNC_EVERY_BYTES + 4321, block);
  const sha256 = sha256Of(bytes);
  // Two sync points and a half, so that a kill finds bytes that were not synced.
  await using origin = await startOrigin(bytes, (number) =>
    number <= KILLS ? { hangAfter: 2.5 * SYNC_EVERY_BYTES } : undefined,
  );
  const folder = await mkdtemp(join(tmpdir(), "outpost-kill-"));
  try {
    const lastPoints: number[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const points = 1 + Math.floor(random() * 2);
      lastPoints.push(await runChild([folder, origin.url, sha256, `${bytes.length}`], points));
      expect(await readdir(join(folder, "sha256"))).toEqual([]);
    }
    expect(await runChild([folder, origin.url, sha256, `${bytes.length}`])).toBe(bytes.length);

    const starts = origin.requests.map(({ range }) => Number(/\d+/.exec(range ?? "0")?.[0]));
    expect(starts).toHaveLength(KILLS + 1);
    // Each run went on at the point that was seen before the kill, or at a later one.
    for (const [at, point] of lastPoints.entries()) {
      expect(starts[at + 1]).toBeGreaterThanOrEqual(point);
      expect(starts[at + 1]).toBeGreaterThan(starts[at] ?? 0);
    }
    const stored = await Bun.file(join(folder, "sha256", sha256.slice(0, 2), sha256)).bytes();
    expect(sha256Of(stored)).toBe(sha256);
    expect(await readdir(join(folder, "partial"))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 20_000);

/** Runs the child until it has printed so many sync points, then kills it; or until it is done. */
async function runChild(args: readonly string[], killAfterPoints?: number): Promise<number> {
  const script = join(import.meta.dir, "pull-child.ts");
  const child = Bun.spawn([process.execPath, script, ...args], {
    stdout: "pipe",
    stderr: "inherit",
  });
  let points = 0;
  let last = 0;
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const filled = Number(/^filled (\d+)$/.exec(line)?.[1] ?? 0);
      if (line === "failed") throw new Error("the child gave up");
      if (filled > last) points += 1;
      last = Math.max(last, filled);
    }
    if (points === killAfterPoints) child.kill("SIGKILL");
  }
  await child.exited;
  return last;
}
