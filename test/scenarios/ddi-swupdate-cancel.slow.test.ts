import { afterAll, beforeAll, describe, expect } from "bun:test";
import { happens, Kiosk } from "../harness/kiosk.ts";
import { line, once, trickling } from "../harness/kiosk-line.ts";
import { Scenario } from "../harness/scenario.ts";
import { testUnless } from "../harness/skip.ts";
import { missingForSwupdate } from "../harness/swupdate.ts";

const testSwupdate = testUnless(missingForSwupdate());
const LONG_CONTENT = "0123456789".repeat(100_000);

describe("swupdate, when what it has in hand is stopped", () => {
  let site: Scenario;
  beforeAll(async () => {
    site = await Scenario.start({ role: "site" });
  }, 60_000);
  afterAll(() => site[Symbol.asyncDispose]());

  testSwupdate(
    "while it fetches, drops it, and takes what comes next",
    async () => {
      await using kiosk = await Kiosk.open(site);
      const { swupdate } = kiosk;
      const first = await kiosk.distribute(await swupdate.image(LONG_CONTENT));
      let isSlow = true;
      await using way = line(site.url, { effect: (response) => trickling(response, () => isSlow) });
      const client = await kiosk.start(way.url);
      await happens("it fetches", () => way.ranges.length > 0);
      await kiosk.stop(first);
      await happens("it says that it drops it", async () =>
        (await kiosk.words(first)).includes("cancelled"),
      );
      expect(await kiosk.row(first)).toMatchObject({
        status: "pending_install",
        reason: "stopped",
        counted: false,
      });
      expect(await swupdate.installed()).toBeUndefined();
      expect(way.polls.filter((links) => links.includes("cancelAction"))).toHaveLength(1);

      isSlow = false;
      const second = await kiosk.distribute(await swupdate.image("version 2"));
      await happens("it takes the next", async () => (await swupdate.installed()) === "version 2");
      await happens("it is told", async () => (await kiosk.status(second)) === "installing");
      expect(client.log.includes("Acknowledging cancelled update")).toBe(true);
      expect((await kiosk.row(first)).status).toBe("pending_install");
    },
    60_000,
  );

  testSwupdate(
    "before it begins, drops it",
    async () => {
      await using kiosk = await Kiosk.open(site);
      const { swupdate } = kiosk;
      const image = await kiosk.distribute(await swupdate.image("version 1"));
      // It looks at the job, then tells of itself first, and begins at its next poll.
      await using way = line(site.url, { before: once("/configData", () => kiosk.stop(image)) });
      await kiosk.start(way.url);
      await happens("it says that it drops it", async () =>
        (await kiosk.words(image)).includes("cancelled"),
      );
      expect(way.ranges).toEqual([]);
      expect(await swupdate.installed()).toBeUndefined();
      expect(await kiosk.words(image)).toEqual([
        "born",
        "requested",
        "offered",
        "stopped",
        "cancelled",
      ]);
      expect(await kiosk.row(image)).toMatchObject({ reason: "stopped", counted: false });
    },
    60_000,
  );

  testSwupdate(
    "after all is installed, is asked nothing and tells the end behind its restart",
    async () => {
      await using kiosk = await Kiosk.open(site);
      const { swupdate } = kiosk;
      const image = await kiosk.distribute(await swupdate.image("version 1"));
      await using way = line(site.url);
      const client = await kiosk.start(way.url);
      await happens("it waits for a restart", () => client.log.includes("pending testing"));
      await kiosk.stop(image);
      const before = way.polls.length;
      await happens("it polls again", () => way.polls.length > before + 1);
      expect(way.polls.flat()).not.toContain("cancelAction");
      expect(await kiosk.row(image)).toMatchObject({ status: "installing", counted: false });
      await client.end();
      await kiosk.start(way.url, "-c 2");
      await happens("it is installed", async () => (await kiosk.status(image)) === "installed");
      expect(await kiosk.row(image)).toMatchObject({ counted: true, version: "1.0" });
    },
    60_000,
  );
});
