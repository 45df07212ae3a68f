import { expect, test } from "bun:test";
import { Hono } from "hono";
import { LoginBackoff } from "../../../gateway/access/login-backoff.ts";
import { DeviceBell } from "../../../gateway/http/device-bell.ts";
import type { AppEnv } from "../../../gateway/http/environment.ts";
import { onError } from "../../../gateway/http/on-error.ts";
import { agentRoutes } from "../../../gateway/http/routes/agent.ts";
import { REQUESTS_PER_TURN, Turnstile } from "../../../gateway/http/turnstile.ts";
import { agentUseCases } from "../../../gateway/roles/agent-use-cases.ts";
import { Metrics } from "../../../gateway/telemetry/metrics.ts";
import { DdiSite } from "../../harness/ddi-site.ts";
import { MenderSite } from "../../harness/mender-site.ts";
import { QUIET, SiteCore } from "../../harness/site-core.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("callers begin in the order in which they came, so many in a turn", async () => {
  const turnstile = new Turnstile(3);
  const begun: number[] = [];
  const turns: number[] = [];
  const enter = async (caller: number) => {
    await turnstile.pass();
    begun.push(caller);
  };
  const all = Array.from({ length: 8 }, (_, caller) => enter(caller));
  // Somebody who comes when others wait is behind them.
  const late = turn().then(() => enter(8));
  while (begun.length < 9) {
    await Promise.resolve();
    await turn();
    turns.push(begun.length);
  }
  await Promise.all([...all, late]);
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  const steps = turns.map((count, index) => count - (turns[index - 1] ?? 0));
  expect(Math.max(...steps.slice(1))).toBe(3);
});

test("nobody waits while few come", async () => {
  const turnstile = new Turnstile(2);
  for (let round = 0; round < 3; round++) {
    let isTurnOver = false;
    setImmediate(() => {
      isTurnOver = true;
    });
    await turnstile.pass();
    await turnstile.pass();
    expect(isTurnOver).toBe(false);
    await turn();
  }
});

test("between two turns the network is looked at", async () => {
  using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("here") });
  const turnstile = new Turnstile(1);
  let answer: string | undefined;
  const asked = fetch(server.url).then(async (response) => {
    answer = await response.text();
  });
  // Never ends when turns follow each other without it.
  while (answer === undefined) await turnstile.pass();
  await asked;
  expect(answer).toBe("here");
});

/** A door for devices, and what it answers to nonsense. */
interface Door extends AsyncDisposable {
  readonly status: number;
  knock(): Promise<Response>;
}

async function omaDm(): Promise<Door> {
  const core = await SiteCore.open();
  return {
    status: 400,
    knock: () => core.fetch("http://site.test/syncml", { method: "POST", body: "no SyncML" }),
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  };
}

async function agent(): Promise<Door> {
  const core = await SiteCore.open();
  const app = new Hono<AppEnv>();
  app.onError(onError(QUIET) as never);
  app.route(
    "/",
    agentRoutes({
      agents: agentUseCases(core.context, () => ({ plugAndPlay: false })),
      bell: new DeviceBell(),
      backoff: new LoginBackoff(),
      baseUrlOf: () => "http://site.test",
      now: () => core.nowMs,
      elapsed: () => 0,
      realNow: () => core.nowMs,
      metrics: new Metrics(),
    }),
  );
  return {
    status: 401,
    knock: async () => app.request("/agent/v1/nobody/poll", { method: "POST" }),
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  };
}

async function ddi(): Promise<Door> {
  const site = await DdiSite.open();
  return {
    status: 401,
    knock: () => site.request("/DEFAULT/controller/v1/nobody"),
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

async function mender(): Promise<Door> {
  const site = await MenderSite.open();
  const next = "/api/devices/v1/deployments/device/deployments/next";
  return {
    status: 401,
    knock: () => site.fetch(next, {}),
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

test.each([
  ["OMA DM", omaDm],
  ["agent", agent],
  ["DDI", ddi],
  ["Mender", mender],
])("%s: a rush is served turn by turn", async (_, open) => {
  await using door = await open();
  let served = 0;
  const perTurn: number[] = [];
  const requests = 3 * REQUESTS_PER_TURN + 1;
  const answers = Array.from({ length: requests }, async () => {
    const answer = await door.knock();
    served += 1;
    return answer.status;
  });
  let before = 0;
  while (served < requests) {
    await turn();
    perTurn.push(served - before);
    before = served;
  }
  expect(await Promise.all(answers)).toEqual(new Array(requests).fill(door.status));
  // The first count takes in two turns: what came while nobody waited, and the turn that we are in. An
  // answer may also be ready a turn later than others.
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(2 * REQUESTS_PER_TURN);
});
