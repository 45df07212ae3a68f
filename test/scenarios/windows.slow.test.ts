import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { AutoPhone } from "../harness/auto-phone.ts";
import { Scenario } from "../harness/scenario.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WINDOW_MS = 2 * HOUR_MS;
/** 13:00 in Vienna: a window at 22:00 there begins nine hours later. */
const NOW = "2026-03-07T12:00:00.000Z";
const OPENS_MS = Date.parse("2026-03-07T21:00:00.000Z");

async function phones(site: Scenario, prefix: string, count: number): Promise<AutoPhone[]> {
  const made: AutoPhone[] = [];
  for (let n = 0; n < count; n++) {
    const { id, raw } = await site.device(`${prefix}-${n}`);
    const phone = new AutoPhone(id, raw);
    await phone.contact(); // Enrols, and tells its inventory.
    made.push(phone);
  }
  return made;
}

/** Everybody polls, a few at a time, as on a real site. */
async function pollAll(devices: readonly AutoPhone[]): Promise<AutoPhone[]> {
  const pushed: AutoPhone[] = [];
  const waiting = [...devices];
  const worker = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      if ((await next.contact()).length > 0) pushed.push(next);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return pushed;
}

const to = (site: Scenario, ms: number) => site.gateway.setClock(new Date(ms).toISOString());

describe("window scenarios", () => {
  test("S-25 random instants: once per device, all inside, spread, the same after a restart", async () => {
    await using site = await Scenario.start({ role: "site", now: NOW });
    await site.prepare();
    const devices = await phones(site, "s25", 60);
    await site.addWindow("2026-03-01T22:00", 120);
    const distribution = await site.distribute("1.0.0.0", { mode: "automatic" });
    const instants = new Map<string, string | null>();
    for (const row of await site.rows(`distribution:${distribution}`)) {
      instants.set(row.device, row.nextAttempt as string | null);
    }
    expect(new Set(instants.values()).size).toBeGreaterThan(50);

    const starts = new Map<string, number>();
    for (let ms = OPENS_MS - 10 * MINUTE_MS; ms < OPENS_MS + 130 * MINUTE_MS; ms += 2 * MINUTE_MS) {
      await to(site, ms);
      for (const phone of await pollAll(devices)) {
        expect(starts.has(phone.id)).toBe(false);
        starts.set(phone.id, ms);
      }
      if (ms === OPENS_MS + 60 * MINUTE_MS) {
        await site.gateway.kill();
        await site.gateway.restart();
      }
    }
    const late = devices.filter((phone) => {
      const instantMs = Date.parse(instants.get(phone.id) ?? "");
      return instantMs >= OPENS_MS + 118 * MINUTE_MS; // Drawn after the last poll inside.
    });
    expect(starts.size).toBe(60 - late.length);
    for (const [device, ms] of starts) {
      const instantMs = Date.parse(instants.get(device) ?? "");
      expect(ms).toBeGreaterThanOrEqual(instantMs);
      expect(ms - instantMs).toBeLessThan(2 * MINUTE_MS);
    }
    const quarters = [0, 1, 2, 3].map(
      (quarter) =>
        [...starts.values()].filter(
          (ms) => Math.floor((ms - OPENS_MS) / (30 * MINUTE_MS)) === quarter,
        ).length,
    );
    expect(Math.min(...quarters)).toBeGreaterThan(3);
  }, 120_000);

  describe("with one site", () => {
    let site: Scenario;
    beforeAll(async () => {
      site = await Scenario.start({ role: "site", now: NOW });
      await site.prepare();
    }, 60_000);
    afterAll(async () => {
      await site[Symbol.asyncDispose]();
    });

    test("S-27 without a window nothing is installed; S-26, S-29 and repair follow with one", async () => {
      const [phone] = await phones(site, "s27", 1);
      if (!phone) throw new Error("no phone");
      const only = { target: { kind: "device", device: phone.id } };
      const automatic = await site.distribute("1.0.0.0", { ...only, mode: "automatic" });
      for (let hours = 0; hours < 48; hours += 6) {
        await site.gateway.advance(6 * HOUR_MS);
        expect(await phone.contact()).toEqual([]);
      }
      expect(await site.row(phone.id, automatic)).toMatchObject({
        statusLabel: "Pending Install",
        state: "Command Scheduled",
        reason: "no-window",
        nextAttempt: null,
      });

      await site.addWindow("2026-03-01T22:00", 120);
      const waiting = await site.row(phone.id, automatic);
      expect(waiting.reason).toBe("window");
      const opensMs = OPENS_MS + 48 * HOUR_MS;
      // An instant may be drawn as late as the last millisecond, so that is when to look for work.
      const lastMs = (day: number) => opensMs + day * 24 * HOUR_MS + WINDOW_MS - 1;
      // S-29: away during the whole window, then there at the very end of the next one.
      await to(site, opensMs + 3 * HOUR_MS);
      expect(await phone.contact()).toEqual([]);
      expect((await site.row(phone.id, automatic)).missedOccurrences).toBe(1);
      await to(site, lastMs(1));
      expect(await phone.contact()).toEqual(["1.0.0.0"]);
      await to(site, opensMs + 24 * HOUR_MS + 130 * MINUTE_MS); // Ends after the window: kept.
      await phone.contact();
      await site.gateway.advance(MINUTE_MS);
      await phone.contact();
      expect((await site.row(phone.id, automatic)).status).toBe("installed");

      // Health check: removed by hand at ten in the morning, repaired in the window, once.
      phone.state.installed = null;
      await to(site, opensMs + 36 * HOUR_MS);
      expect(await phone.contact()).toEqual([]);
      await to(site, lastMs(2));
      expect(await phone.contact()).toEqual(["1.0.0.0"]);
      expect((await site.row(phone.id, automatic)).operation).toBe("repair");
      expect(await phone.contact()).toEqual([]);
    }, 60_000);

    test("S-26 on-demand work runs when it is asked for, outside of any window", async () => {
      const [phone] = await phones(site, "s26", 1);
      if (!phone) throw new Error("no phone");
      const only = { target: { kind: "device", device: phone.id } };
      const onDemand = await site.distribute("3.0.0.0", only);
      expect(await phone.contact()).toEqual([]);
      expect(await site.row(phone.id, onDemand)).toMatchObject({ reason: "available-on-demand" });
      await site.request(phone.id, onDemand);
      expect(await phone.contact()).toEqual(["3.0.0.0"]);
    });
  });
});
