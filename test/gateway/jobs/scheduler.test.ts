import { describe, expect, test } from "bun:test";
import { Scheduler } from "../../../gateway/jobs/scheduler.ts";
import { Metrics } from "../../../gateway/telemetry/metrics.ts";
import { QUIET } from "../../harness/site-core.ts";

const MINUTE_MS = 60_000;

function scheduled(run: (nowMs: number) => Promise<void>) {
  const clock = {
    nowMs: 100 * MINUTE_MS,
    now() {
      return this.nowMs;
    },
  };
  const jobs = [{ name: "job", everyMs: MINUTE_MS, run }];
  return { clock, scheduler: new Scheduler(jobs, clock, { log: QUIET, metrics: new Metrics() }) };
}

describe("Scheduler", () => {
  test("runs a job at once, and then whenever its time has passed", async () => {
    const runs: number[] = [];
    const { clock, scheduler } = scheduled(async (nowMs) => void runs.push(nowMs / MINUTE_MS));
    for (const minutes of [100, 100.5, 101, 107, 107.9]) {
      clock.nowMs = minutes * MINUTE_MS;
      await scheduler.runDue();
    }
    expect(runs).toEqual([100, 101, 107]);
  });

  test("goes on when the clock is set back", async () => {
    const runs: number[] = [];
    const { clock, scheduler } = scheduled(async (nowMs) => void runs.push(nowMs / MINUTE_MS));
    for (const minutes of [100, 10, 10.5, 11]) {
      clock.nowMs = minutes * MINUTE_MS;
      await scheduler.runDue();
    }
    expect(runs).toEqual([100, 10, 11]);
  });

  test("a job that fails comes again at its next time", async () => {
    let runs = 0;
    const { clock, scheduler } = scheduled(async () => {
      runs += 1;
      throw new Error("broken");
    });
    await scheduler.runDue();
    clock.nowMs += MINUTE_MS;
    await scheduler.runDue();
    expect(runs).toBe(2);
  });
});
