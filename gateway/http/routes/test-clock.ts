import { Hono } from "hono";
import { AppError, fieldError } from "../../../devices/model/errors.ts";
import type { AppEnv } from "../environment.ts";

/** The longest step between two runs of due jobs, so that no occurrence is jumped over. */
const STEP_MS_MAX = 24 * 60 * 60 * 1000;
/** The farthest that one request moves the clock: every day on the way costs a run of due jobs. */
export const MOVE_MS_MAX = 10 * 366 * STEP_MS_MAX;

export interface TestClockDeps {
  readonly clock: { now(): number; moveTo(toMs: number): void };
  readonly runDueJobs: () => Promise<void>;
}

/** `POST /test/clock`, mounted only with OUTPOST_TEST_CLOCK=1. [D16] */
export function testClockRoutes({ clock, runDueJobs }: TestClockDeps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.post("/test/clock", async (c) => {
    // The peer itself: what a proxy forwards is not from this machine's operator.
    if (!isLoopback(c.env?.server?.requestIP(c.req.raw)?.address)) {
      throw new AppError("forbidden", "the test clock answers to loopback addresses only");
    }
    const body: unknown = await c.req.json().catch(() => undefined);
    if (typeof body !== "object" || body === null) {
      throw new AppError("invalid", 'send {"set": ISO time} or {"advanceMs": number}');
    }
    const targetMs = targetOf(body, clock.now());
    if (targetMs - clock.now() > MOVE_MS_MAX) {
      throw new AppError("unprocessable", "one request moves the clock by ten years at most");
    }
    if (targetMs < clock.now()) clock.moveTo(targetMs); // Throws: never backwards.
    do {
      clock.moveTo(Math.min(targetMs, clock.now() + STEP_MS_MAX));
      await runDueJobs();
    } while (clock.now() < targetMs);
    return c.json({ now: new Date(clock.now()).toISOString() });
  });
  return routes;
}

function targetOf(body: { set?: unknown; advanceMs?: unknown }, nowMs: number): number {
  if (typeof body.set === "string") {
    const set = Date.parse(body.set);
    if (Number.isNaN(set)) throw fieldError("/set", "an ISO 8601 time, such as 2026-11-21T22:00Z");
    return set;
  }
  if (typeof body.advanceMs === "number" && body.advanceMs >= 0) return nowMs + body.advanceMs;
  throw fieldError("/advanceMs", "a number of milliseconds, zero or more");
}

function isLoopback(address: string | undefined): boolean {
  return (
    address !== undefined &&
    (address === "::1" || address.startsWith("127.") || address.startsWith("::ffff:127."))
  );
}
