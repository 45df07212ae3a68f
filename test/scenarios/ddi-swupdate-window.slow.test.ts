import { afterAll, afterEach, beforeAll, describe, expect } from "bun:test";
import { happens, Kiosk } from "../harness/kiosk.ts";
import { line, once, trickling } from "../harness/kiosk-line.ts";
import { Scenario } from "../harness/scenario.ts";
import { testUnless } from "../harness/skip.ts";
import { missingForSwupdate } from "../harness/swupdate.ts";

const testSwupdate = testUnless(missingForSwupdate());
/** In Vienna, where it is noon when a test begins. */
const NIGHT = ["2026-03-01T22:00", 120] as const;
const LONG_CONTENT = "0123456789".repeat(100_000);
const HOUR_MS = 3_600_000;

describe("swupdate, which knows nothing of windows", () => {
  let site: Scenario;
  beforeAll(async () => {
    site = await Scenario.start({ role: "site" });
    await site.addWindow(...NIGHT);
  }, 60_000);
  afterAll(() => site[Symbol.asyncDispose]());
  afterEach(() => close());

  async function nightly(content = "version 1"): Promise<{ kiosk: Kiosk; image: string }> {
    const kiosk = await Kiosk.open(site);
    const image = await kiosk.swupdate.image(content);
    return { kiosk, image: await kiosk.distribute(image, { mode: "automatic" }) };
  }

  /** The window's last second: whatever instant was drawn for a device, it has come. */
  async function open(): Promise<void> {
    const night = new Date(site.gateway.nowMs).toISOString().slice(0, 10);
    await site.gateway.setClock(`${night}T22:59:59.000Z`);
  }

  /** And when it is over, by day. */
  const close = () => site.gateway.advance(13 * HOUR_MS);

  testSwupdate(
    "is shown a job while its window is open only, and tells its end behind a restart after it",
    async () => {
      const { kiosk, image } = await nightly();
      await using _ = kiosk;
      const { swupdate } = kiosk;
      await using way = line(site.url);
      const client = await kiosk.start(way.url);
      await happens("it has polled", () => way.polls.length > 1);
      expect(way.polls.flat()).not.toContain("deploymentBase");
      expect(await kiosk.row(image)).toMatchObject({ status: "pending_install", reason: "window" });
      expect(await swupdate.installed()).toBeUndefined();

      await open();
      await happens("it installs", async () => (await swupdate.installed()) === "version 1");
      await happens("it waits for a restart", () => client.log.includes("pending testing"));
      await close();
      await client.end();
      await kiosk.start(way.url, "-c 2");
      await happens("it is installed", async () => (await kiosk.status(image)) === "installed");
      expect(client.log.includes("Skipped Update")).toBe(false);
    },
    60_000,
  );

  testSwupdate(
    "goes on with what it began when the window ends",
    async () => {
      const { kiosk, image } = await nightly(LONG_CONTENT);
      await using _ = kiosk;
      const { swupdate } = kiosk;
      let isSlow = true;
      await using way = line(site.url, { effect: (response) => trickling(response, () => isSlow) });
      await open();
      const client = await kiosk.start(way.url);
      await happens("it fetches", () => way.ranges.length > 0);
      await close();
      await happens("it sees nothing any more", () => way.polls.at(-1)?.length === 0);
      isSlow = false;
      await happens("it installs", async () => (await swupdate.installed()) === LONG_CONTENT);
      await happens("it waits for a restart", () => client.log.includes("pending testing"));
      expect(await kiosk.status(image)).toBe("installing");
    },
    60_000,
  );

  testSwupdate(
    "is stopped at its first word when it begins after its window",
    async () => {
      const { kiosk, image } = await nightly();
      await using _ = kiosk;
      const { swupdate } = kiosk;
      // It was shown the job in time, and slept before it began.
      await using way = line(site.url, {
        before: once("/feedback", close),
      });
      await open();
      await kiosk.start(way.url);
      await happens("it sees nothing any more", () => way.polls.at(-1)?.length === 0);
      expect(way.ranges).toEqual([]);
      expect(await swupdate.installed()).toBeUndefined();
      expect(await kiosk.row(image)).toMatchObject({ status: "pending_install", reason: "window" });
      expect(await kiosk.words(image)).toContain("rejected");
    },
    60_000,
  );

  testSwupdate(
    "begins nothing after its window that it had only looked at",
    async () => {
      const { kiosk, image } = await nightly();
      await using _ = kiosk;
      const { swupdate } = kiosk;
      await using way = line(site.url, {
        before: once("/configData", close),
      });
      await open();
      const client = await kiosk.start(way.url);
      await happens("it has polled again", () => way.polls.length > 2);
      expect(way.polls[0]).toContain("deploymentBase");
      expect(way.polls.slice(1).flat()).not.toContain("deploymentBase");
      expect(await swupdate.installed()).toBeUndefined();
      expect(await kiosk.row(image)).toMatchObject({ status: "pending_install", reason: "window" });

      // And one that was switched off in the middle begins anew in the next window, not before.
      await client.end();
      await open();
      await kiosk.start(way.url);
      await happens("it installs", async () => (await swupdate.installed()) === "version 1");
    },
    60_000,
  );
});
