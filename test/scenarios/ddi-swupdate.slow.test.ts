import { afterAll, beforeAll, describe, expect } from "bun:test";
import { happens, Kiosk } from "../harness/kiosk.ts";
import { brokenAfter, line } from "../harness/kiosk-line.ts";
import { Scenario } from "../harness/scenario.ts";
import { testUnless } from "../harness/skip.ts";
import { missingForSwupdate } from "../harness/swupdate.ts";

const testSwupdate = testUnless(missingForSwupdate());

describe("swupdate at a site", () => {
  let site: Scenario;
  beforeAll(async () => {
    site = await Scenario.start({ role: "site" });
  }, 60_000);
  afterAll(() => site[Symbol.asyncDispose]());

  testSwupdate(
    "installs, and is installed once it says so after its restart",
    async () => {
      await using kiosk = await Kiosk.open(site);
      const { swupdate } = kiosk;
      const image = await kiosk.distribute(await swupdate.image("version 1"));
      await using way = line(site.url);
      const client = await kiosk.start(way.url);
      await happens("swupdate says that it is done", () =>
        client.log.includes("SWUPDATE successful"),
      );
      await happens(
        "the site hears of it",
        async () => (await kiosk.status(image)) === "installing",
      );
      expect(await swupdate.installed()).toBe("version 1");
      await client.end();
      expect(await kiosk.status(image)).toBe("installing");
      await kiosk.start(way.url, "-c 2");
      await happens("it is installed", async () => (await kiosk.status(image)) === "installed");
      expect(await kiosk.words(image)).toContain("closed/success");
    },
    60_000,
  );

  testSwupdate(
    "goes on where a download broke",
    async () => {
      await using kiosk = await Kiosk.open(site);
      const { swupdate } = kiosk;
      const content = "0123456789".repeat(100_000);
      await kiosk.distribute(await swupdate.image(content));
      await using broken = line(site.url, {
        effect: (response, count) => (count === 1 ? brokenAfter(response, 400_000) : response),
      });
      await kiosk.start(broken.url, "-r 3 -w 1");
      await happens("it is there", async () => (await swupdate.installed()) === content);
      expect(broken.ranges[0]).toBeNull();
      expect(broken.ranges.at(-1)).toMatch(/^bytes=\d+-$/);
    },
    60_000,
  );

  testSwupdate(
    "says why it refused the signature of a stranger",
    async () => {
      await using kiosk = await Kiosk.open(site);
      const { swupdate } = kiosk;
      const image = await kiosk.distribute(await swupdate.image("version 1", "stranger"));
      await using way = line(site.url);
      await kiosk.start(way.url);
      await happens("it failed", async () => (await kiosk.status(image)) === "failed");
      expect(await swupdate.installed()).toBeUndefined();
      expect(await kiosk.words(image)).toContain("closed/failure");
    },
    60_000,
  );

  testSwupdate(
    "fails at what is only to be fetched, because it skips it",
    async () => {
      await using kiosk = await Kiosk.open(site);
      const content = await kiosk.swupdate.image("version 1");
      const image = await kiosk.distribute(content, {}, { handling: "download-only" });
      await using way = line(site.url);
      await kiosk.start(way.url);
      await happens("it failed", async () => (await kiosk.status(image)) === "failed");
      expect(await kiosk.words(image)).toEqual([
        "born",
        "requested",
        "offered",
        "rejected",
        "skipped",
      ]);
      expect(way.ranges).toEqual([]);
    },
    60_000,
  );

  testSwupdate(
    "asks nobody: a version with a question waits, and its row says for whom",
    async () => {
      await using kiosk = await Kiosk.open(site);
      const content = await kiosk.swupdate.image("version 1");
      const image = await kiosk.distribute(content, { question: "Now?" });
      await using way = line(site.url);
      await kiosk.start(way.url);
      await happens("it has polled", () => way.polls.length > 2);
      expect(way.polls.every((links) => links.includes("confirmationBase"))).toBe(true);
      expect(await kiosk.row(image)).toMatchObject({ status: "pending_install", reason: "user" });
      expect(way.ranges).toEqual([]);
    },
    60_000,
  );
});
