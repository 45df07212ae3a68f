import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { type Branch, phones, SETTLE_MS, startBranch, untilEqual } from "../harness/branch.ts";
import { FactRow, type Scenario } from "../harness/scenario.ts";
import { seededRandom } from "../harness/seeded-random.ts";
import { settled } from "../harness/settled.ts";

const SEED = Number(Bun.env.TEST_SEED ?? 20_261_121);
const DEVICES = 30;
const KILLS = 8;
const MINUTE_MS = 60_000;
const Files = z.array(z.looseObject({ sha256: z.string(), state: z.string() }));
const Groups = z.array(z.looseObject({ name: z.string() }));

/** What was acknowledged, by kind: it must be there whatever was killed. */
class Acknowledged {
  readonly facts: string[] = [];
  readonly files: string[] = [];
  readonly groups: string[] = [];
  readonly hubGroups: string[] = [];
  contacts = 0;

  get count(): number {
    const { facts, files, groups, hubGroups } = this;
    return facts.length + files.length + groups.length + hubGroups.length + this.contacts;
  }
}

describe("kill -9 under load", () => {
  test(`nothing acknowledged is lost, and the hub equals the site (TEST_SEED=${SEED})`, async () => {
    const branch = await startBranch("2026-03-07T12:00:00.000Z");
    await using _hub = branch.hub;
    await using _line = branch.line;
    await using _site = branch.site;
    const { hub, site } = branch;
    const random = seededRandom(SEED);
    const devices = await phones(site, DEVICES);
    const distribution = await hub.distribute("1.0.0.0");
    await settled("the site knows the distribution", SETTLE_MS, async () =>
      (await site.rows(`distribution:${distribution}`)).length === DEVICES ? true : undefined,
    );
    const [told, ...others] = devices;
    if (!told) throw new Error("no device");
    for (const { id } of others) await site.request(id, distribution);

    const acknowledged = new Acknowledged();
    const load = new Load();
    for (const phone of others) {
      load.add(async () => {
        await phone.contact();
        acknowledged.contacts += 1;
      });
    }
    load.add(async (turn) => {
      await fact(site, told.id, distribution, turn);
      acknowledged.facts.push(`fact ${turn}`);
    });
    load.add(async (turn) => {
      const text = `${turn} `.repeat(100_000);
      acknowledged.files.push((await site.upload(text, `file-${turn}.bin`)).sha256);
    });
    load.add(async (turn) => {
      await putGroup(site, `site ${turn}`);
      acknowledged.groups.push(`site ${turn}`);
    });
    load.add(async (turn) => {
      await putGroup(hub, `hub ${turn}`);
      acknowledged.hubGroups.push(`hub ${turn}`);
    });
    load.start();

    for (let kill = 0; kill < KILLS; kill++) {
      const until = acknowledged.count + 20 + Math.floor(random() * 60);
      await settled("the load goes on", SETTLE_MS, async () =>
        acknowledged.count >= until ? true : undefined,
      );
      const victim = random() < 0.65 ? site : hub;
      await victim.gateway.kill();
      await victim.gateway.restart();
      await site.gateway.advance(MINUTE_MS);
      await hub.gateway.advance(MINUTE_MS);
    }
    await load.stop();

    for (const phone of others) {
      for (let contact = 0; contact < 6 && phone.state.installed === null; contact++) {
        await site.gateway.advance(MINUTE_MS);
        await phone.contact();
      }
      await phone.contact();
    }
    const rows = await site.rows(`distribution:${distribution}`);
    const installed = rows.filter(({ status }) => status === "installed").map((row) => row.device);
    expect(installed.sort()).toEqual(others.map(({ id }) => id).sort());
    await expectAll(branch, acknowledged, told.id, distribution);
    await untilEqual(branch);
  }, 120_000);
});

/** Things done again and again, each by one worker, also while nobody answers. */
class Load {
  readonly #works: ((turn: number) => Promise<void>)[] = [];
  #running: Promise<void>[] = [];
  #isStopped = false;

  add(work: (turn: number) => Promise<void>): void {
    this.#works.push(work);
  }

  start(): void {
    this.#running = this.#works.map(async (work) => {
      for (let turn = 1; !this.#isStopped; turn++) {
        await work(turn).catch(() => Bun.sleep(10)); // Killed meanwhile: it goes on when it is back.
      }
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#running);
  }
}

async function fact(site: Scenario, device: string, distribution: string, turn: number) {
  const value = turn % 2 === 0 ? "2" : "3";
  await site.api.send(`/api/v1/devices/${device}/facts`, {
    method: "POST",
    json: [{ distribution, source: "windows-csp", value, text: `fact ${turn}` }],
  });
}

async function putGroup(gateway: Scenario, name: string) {
  await gateway.api.send(`/api/v1/groups/${encodeURIComponent(name)}`, {
    method: "PUT",
    json: { members: { kind: "list", devices: [] } },
  });
}

async function expectAll(
  { hub, site }: Branch,
  acknowledged: Acknowledged,
  device: string,
  distribution: string,
) {
  const { id } = await site.row(device, distribution);
  const history = await site.api.request(`/api/v1/installations/${id}/history`, z.array(FactRow));
  const texts = history.map((row) => row.text);
  expect(acknowledged.facts.filter((text) => !texts.includes(text))).toEqual([]);

  const files = await site.api.request("/api/v1/files", Files);
  const complete = new Set(files.filter((f) => f.state === "complete").map((f) => f.sha256));
  expect(acknowledged.files.filter((sha256) => !complete.has(sha256))).toEqual([]);

  const ofSite = (await site.api.request("/api/v1/groups", Groups)).map(({ name }) => name);
  expect(acknowledged.groups.filter((name) => !ofSite.includes(name))).toEqual([]);
  const ofHub = (await hub.api.request("/api/v1/groups", Groups)).map(({ name }) => name);
  expect(acknowledged.hubGroups.filter((name) => !ofHub.includes(name))).toEqual([]);
  await settled("the site has the hub's groups", SETTLE_MS, async () => {
    const now = (await site.api.request("/api/v1/groups", Groups)).map(({ name }) => name);
    return acknowledged.hubGroups.every((name) => now.includes(name)) ? true : undefined;
  });
}
