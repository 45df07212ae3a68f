import { describe, expect, test } from "bun:test";
import { z } from "zod";
import type { ApiClient } from "../../gateway/client/api-client.ts";
import { Line } from "../../gateway/demo/line.ts";
import { AutoPhone } from "../harness/auto-phone.ts";
import { FactRow, Scenario } from "../harness/scenario.ts";
import { settled } from "../harness/settled.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NOW = "2026-03-07T12:00:00.000Z";
const NOW_MS = Date.parse(NOW);
const SETTLE_MS = 30_000;

const JoinCode = z.looseObject({ code: z.string() });
const Row = z.looseObject({
  id: z.string(),
  status: z.string(),
  state: z.string().nullable(),
  version: z.string().nullable(),
  observed: z.string(),
  operation: z.string(),
  attempt: z.number(),
  siteStale: z.boolean(),
});
const Files = z.array(z.looseObject({ state: z.string() }));
const Rows = z.looseObject({ rows: z.array(Row), next: z.string().nullable() });

/** What both ends must agree on, row by row. */
async function report(api: ApiClient, filter: string): Promise<string[]> {
  const query = new URLSearchParams({ filter, limit: "500" });
  const { rows } = await api.request(`/api/v1/installations?${query}`, Rows);
  return rows
    .map((row) =>
      [row.id, row.status, row.state, row.version, row.observed, row.operation, row.attempt].join(
        " ",
      ),
    )
    .sort();
}

async function histories(api: ApiClient, ids: readonly string[]): Promise<string[]> {
  const all: string[] = [];
  for (const id of ids) {
    const rows = await api.request(`/api/v1/installations/${id}/history`, z.array(FactRow));
    all.push(
      ...rows.map(
        (fact) => `${id} ${fact.at} ${fact.kind} ${fact.value} ${fact.status} ${fact.effect}`,
      ),
    );
  }
  return all;
}

async function startPair() {
  const hub = await Scenario.start({ role: "hub", now: NOW });
  await hub.prepare();
  const { code } = await hub.api.request("/api/v1/join-codes", JoinCode, {
    method: "POST",
    json: { site: "graz", name: "Graz" },
  });
  const line = await Line.open(Number(new URL(hub.url).port));
  const site = await Scenario.start({
    role: "site",
    now: NOW,
    settings: { hubUrl: line.url, joinCode: code, siteName: "Graz" },
  });
  return { hub, site, line };
}

async function phones(site: Scenario, count: number): Promise<AutoPhone[]> {
  const made: AutoPhone[] = [];
  for (let n = 0; n < count; n++) {
    const { id, raw } = await site.device(`phone-${n}`);
    made.push(new AutoPhone(id, raw));
  }
  return made;
}

/** What the site needs is fetched ahead: a line that is cut later does not matter. */
async function contentIsHere(site: Scenario): Promise<void> {
  await settled("the site has the content", SETTLE_MS, async () => {
    const files = await site.api.request("/api/v1/files", Files);
    const isHere = files.length > 0 && files.every(({ state }) => state === "complete");
    return isHere ? true : undefined;
  });
}

async function contactAll(devices: readonly AutoPhone[]): Promise<void> {
  const waiting = [...devices];
  const worker = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) await next.contact();
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

describe("offline scenarios", () => {
  test("S-51 a branch away for 72 hours reports truthfully afterwards, every row and every fact", async () => {
    const { hub, site, line } = await startPair();
    await using _hub = hub;
    await using _line = line;
    await using _site = site;
    const devices = await phones(site, 50);
    await hub.addWindow("2026-03-01T22:00", 120);
    const first = await hub.distribute("1.0.0.0", { mode: "automatic" });
    await settled("the site knows the distribution", SETTLE_MS, async () =>
      (await site.rows(`distribution:${first}`)).length === 50 ? true : undefined,
    );
    await contactAll(devices);
    await settled("the hub has all rows", SETTLE_MS, async () =>
      (await report(hub.api, `distribution:${first}`)).length === 50 ? true : undefined,
    );

    await contentIsHere(site);
    line.cut();
    let nowMs = NOW_MS;
    const until = async (targetMs: number, stepMs: number) => {
      while (nowMs < targetMs) {
        nowMs = Math.min(targetMs, nowMs + stepMs);
        await site.gateway.setClock(new Date(nowMs).toISOString());
        await contactAll(devices);
      }
    };
    for (let night = 0; night < 3; night++) {
      const opensMs = NOW_MS + 9 * HOUR_MS + night * 24 * HOUR_MS;
      await until(opensMs, 24 * HOUR_MS);
      await until(opensMs + 119 * MINUTE_MS, 17 * MINUTE_MS);
      if (night < 2) {
        await site.gateway.kill();
        await site.gateway.restart();
      }
      await until(opensMs + 4 * HOUR_MS, HOUR_MS);
    }
    const mine = await report(site.api, `distribution:${first}`);
    expect(mine.filter((line) => line.includes(" installed ")).length).toBe(50);

    await hub.gateway.setClock(new Date(nowMs).toISOString());
    const stale = await hub.api.request("/api/v1/installations?limit=1", Rows);
    expect(stale.rows[0]?.siteStale).toBe(true);
    line.heal();
    await settled("the hub's report equals the site's", SETTLE_MS, async () => {
      const theirs = await report(hub.api, `distribution:${first}`);
      return JSON.stringify(theirs) === JSON.stringify(mine) ? true : undefined;
    });
    const ids = mine.slice(0, 10).map((line) => line.split(" ")[0] ?? "");
    const told = await histories(site.api, ids);
    await settled("the hub has the whole history", SETTLE_MS, async () =>
      JSON.stringify(await histories(hub.api, ids)) === JSON.stringify(told) ? true : undefined,
    );
    expect(told.length).toBeGreaterThan(50);
  }, 240_000);

  test("S-53 the admin changes his mind meanwhile: what was done stays, what follows is new", async () => {
    const { hub, site, line } = await startPair();
    await using _hub = hub;
    await using _line = line;
    await using _site = site;
    const devices = await phones(site, 3);
    for (const phone of devices) phone.state.installed = "1.0.0.0";
    await contactAll(devices);
    const second = await hub.distribute("2.0.0.0");
    await settled("the site knows version 2", SETTLE_MS, async () =>
      (await site.rows(`distribution:${second}`)).length === 3 ? true : undefined,
    );

    await contentIsHere(site);
    line.cut();
    const [done, ...rest] = devices;
    if (!done) throw new Error("no phone");
    await site.request(done.id, second);
    for (let contact = 0; contact < 4; contact++) {
      await site.gateway.advance(MINUTE_MS);
      await done.contact();
    }
    expect((await site.row(done.id, second)).status).toBe("installed");
    await hub.api.send(`/api/v1/distributions/${second}/stop`, { method: "POST" });
    const third = await hub.distribute("3.0.0.0");
    line.heal();

    await settled("the site knows version 3", SETTLE_MS, async () =>
      (await site.rows(`distribution:${third}`)).length === 3 ? true : undefined,
    );
    expect(await site.row(done.id, third)).toMatchObject({
      status: "pending_update",
      version: "2.0.0.0",
    });
    const ofSecond = await site.rows(`distribution:${second}`);
    expect(ofSecond.map((row) => [row.device, row.status])).toEqual([[done.id, "installed"]]);
    for (const phone of [done, ...rest]) expect(await phone.contact()).toEqual([]);
    await settled("the hub says the same", SETTLE_MS, async () => {
      const [theirs, mine] = await Promise.all([report(hub.api, ""), report(site.api, "")]);
      return JSON.stringify(theirs) === JSON.stringify(mine) ? true : undefined;
    });
  }, 120_000);
});
