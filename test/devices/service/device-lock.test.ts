import { expect, test } from "bun:test";
import { DeviceLock } from "../../../devices/service/device-lock.ts";
import { seededRandom } from "../../harness/seeded-random.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);

test(`use-cases of one device never overlap, and nothing overlaps exclusive work (TEST_SEED=${SEED})`, async () => {
  const random = seededRandom(SEED);
  const lock = new DeviceLock();
  const running = new Map<string, number>();
  const order = new Map<string, number[]>();
  let isExclusive = false;
  const jobs: Promise<unknown>[] = [];
  const steps = async () => {
    for (let step = Math.floor(random() * 4); step > 0; step--) await Promise.resolve();
  };
  for (let job = 0; job < 400; job++) {
    const kind = random();
    if (kind < 0.1) {
      const alone = lock.exclusive(async () => {
        expect(isExclusive || [...running.values()].some((count) => count > 0)).toBe(false);
        isExclusive = true;
        await steps();
        isExclusive = false;
        if (random() < 0.3) throw new Error("it failed");
      });
      jobs.push(alone.catch(() => undefined));
    } else if (kind < 0.2) {
      const keys = ["device-0", "device-1"];
      const both = lock.runAll(keys, async () => {
        expect([isExclusive, ...keys.map((key) => running.get(key) ?? 0)]).toEqual([false, 0, 0]);
        for (const key of keys) running.set(key, 1);
        await steps();
        for (const key of keys) running.set(key, 0);
      });
      jobs.push(both);
    } else {
      const key = `device-${Math.floor(random() * 4)}`;
      const work = lock.run(key, async () => {
        expect([isExclusive, running.get(key) ?? 0]).toEqual([false, 0]);
        running.set(key, 1);
        await steps();
        running.set(key, 0);
        order.set(key, [...(order.get(key) ?? []), job]);
        if (random() < 0.3) throw new Error("it failed");
      });
      jobs.push(work.catch((error) => expect(String(error)).toContain("it failed")));
    }
    if (random() < 0.2) await Promise.resolve();
  }
  await Promise.all(jobs);
  for (const done of order.values()) expect(done).toEqual([...done].sort((a, b) => a - b));
});

test("what comes after exclusive work goes on when that failed", async () => {
  const lock = new DeviceLock();
  const failed = lock.exclusive(() => Promise.reject(new Error("no line")));
  const after = lock.run("device", async () => "done");
  await expect(failed).rejects.toThrow("no line");
  expect(await after).toBe("done");
});
