import { expect, test } from "bun:test";
import { MESSAGES_PER_TURN } from "../../../gateway/http/routes/oma-dm.ts";
import { Turnstile } from "../../../gateway/http/turnstile.ts";
import { SiteCore } from "../../harness/site-core.ts";

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

test("a rush of messages is served turn by turn", async () => {
  await using core = await SiteCore.open();
  let served = 0;
  const perTurn: number[] = [];
  const messages = 3 * MESSAGES_PER_TURN + 1;
  const answers = Array.from({ length: messages }, async () => {
    const answer = await core.fetch("http://site.test/syncml", {
      method: "POST",
      body: "no SyncML",
    });
    served += 1;
    return answer.status;
  });
  let before = 0;
  while (served < messages) {
    await turn();
    perTurn.push(served - before);
    before = served;
  }
  expect(await Promise.all(answers)).toEqual(new Array(messages).fill(400));
  // The first count takes in two turns: what came while nobody waited, and the turn that we are in.
  expect(perTurn[0]).toBeLessThanOrEqual(2 * MESSAGES_PER_TURN);
  expect(Math.max(...perTurn.slice(1))).toBe(MESSAGES_PER_TURN);
});
