import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CALM } from "../../../devices/simulator/behaviour.ts";
import type { Fleet } from "../../../devices/simulator/fleet.ts";
import { isPullKind, PULL_KINDS, type PullKind } from "../../../devices/simulator/pull/kinds.ts";
import { MENDER_DEVICE_TYPE } from "../../../devices/simulator/pull/mender-device.ts";
import { enrolFleet } from "../../../gateway/demo/branch.ts";
import { Scenario } from "../../harness/scenario.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);
const MINUTE_MS = 60_000;
const STEPS_MAX = 60;
/** Large enough for lines to break in the middle. */
const CONTENT = "outpost ".repeat(20_000);

/** What a revision is made of, by how it is installed. */
const REVISIONS: Readonly<Record<PullKind, (file: object, name: string) => object>> = {
  agent: agentRevision,
  ce: agentRevision,
  swupdate: ddiRevision,
  rauc: ddiRevision,
  mender: (file, name) => ({
    file,
    mender: { artifactName: name, deviceTypes: [MENDER_DEVICE_TYPE] },
  }),
  // An MDM has the app from elsewhere.
  ios: () => ({}),
  android: () => ({}),
};

function agentRevision(file: object) {
  const source = "app.bin";
  const path = "\\app\\app.bin";
  return {
    agent: {
      files: [file],
      actions: [
        { kind: "Download", source, target: path },
        { kind: "Run", command: path },
      ],
    },
  };
}

function ddiRevision(file: object) {
  return { ddi: { chunks: [{ files: [file] }] } };
}

describe(`devices that come and ask for work, at a started site (TEST_SEED=${SEED})`, () => {
  let site: Scenario;
  let ranges = 0;

  beforeAll(async () => {
    site = await Scenario.start({ role: "site" });
  }, 60_000);
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
  });

  /** A device of the kind that has been asked to install something. */
  async function asked(kind: PullKind, failureRate: number, mode = "on-demand") {
    const id = `sim-${kind}-${mode}-${failureRate}`;
    const { sha256 } = await site.upload(CONTENT, "app.bin");
    await site.api.send("/api/v1/packages", {
      method: "POST",
      json: { id, name: id, platform: PULL_KINDS[kind].platform },
    });
    const revision = REVISIONS[kind]({ sha256, name: "app.bin" }, `${id}-1`);
    await site.api.send(`/api/v1/packages/${id}/revisions`, {
      method: "POST",
      json: { id: `${id}-1`, version: "1.0", ...revision },
    });
    const fleet = await enrolFleet(
      { client: site.api, url: site.url },
      {
        ...{
          count: 0,
          seed: SEED + failureRate + (mode === "automatic" ? 2 : 0),
          prefix: id,
          startMs: site.gateway.nowMs,
        },
        pullers: new Map([[kind, 1]]),
        behaviour: {
          ...CALM,
          pollIntervalMs: 2 * MINUTE_MS,
          slowness: 0.2,
          brokenLineRate: 1,
          failureRate,
        },
        fetch: (url, init) => {
          if (new Headers(init.headers).has("range")) ranges += 1;
          return fetch(url, init);
        },
      },
    );
    // What it tells of itself says whether the work is for it.
    await fleet.contactAll(site.gateway.nowMs);
    const { rows } = await site.api
      .send("/api/v1/devices?limit=500")
      .then(
        async (response) => (await response.json()) as { rows: { id: string; name: string }[] },
      );
    const device = rows.find(({ name }) => name.startsWith(id))?.id ?? "";
    await site.api.send("/api/v1/distributions", {
      method: "POST",
      json: {
        id,
        package: id,
        revision: `${id}-1`,
        mode,
        target: { kind: "device", device },
      },
    });
    if (mode === "on-demand") await site.request(device, id);
    return { fleet, device, distribution: id };
  }

  async function run(fleet: Fleet, until: () => Promise<boolean>): Promise<void> {
    for (let n = 0; n < STEPS_MAX; n++) {
      const { problems } = await fleet.step(site.gateway.nowMs);
      expect(problems).toEqual({});
      if (!fleet.summary().busy && (await until())) return;
      await site.gateway.advance(MINUTE_MS);
    }
  }

  for (const kind of Object.keys(PULL_KINDS).filter(isPullKind)) {
    test(`${kind}: installs over a line that breaks, and tells so`, async () => {
      const { fleet, device, distribution } = await asked(kind, 0);
      ranges = 0;
      const status = async () => (await site.row(device, distribution)).status;
      await run(fleet, async () => (await status()) === "installed");
      const told = (await site.history(device, distribution)).map(({ value }) => value);
      expect([kind, await status(), told]).toEqual([kind, "installed", told]);
      expect(fleet.summary().byStatus.installed).toBe(1);
      if (PULL_KINDS[kind].protocol !== "feed") expect(ranges).toBeGreaterThan(0);
    }, 60_000);

    test(`${kind}: a failure of its installation is told as one`, async () => {
      const { fleet, device, distribution } = await asked(kind, 1);
      const status = async () => (await site.row(device, distribution)).status;
      await run(fleet, async () => (await status()) === "failed");
      const told = (await site.history(device, distribution)).map(({ value }) => value);
      expect([kind, await status(), told]).toEqual([kind, "failed", told]);
      expect(fleet.summary().byStatus).toEqual({ failed: 1 });
    }, 60_000);
  }

  // In Vienna; the clock may stand anywhere by then.
  const MINUTE_OF_DAY = { opens: 21 * 60, closes: 23 * 60 } as const;

  async function goTo(minuteOfDay: number): Promise<void> {
    const dayMs = 24 * 60 * MINUTE_MS;
    const startOfDay = site.gateway.nowMs - (site.gateway.nowMs % dayMs);
    const at = startOfDay + minuteOfDay * MINUTE_MS;
    await site.gateway.setClock(new Date(at > site.gateway.nowMs ? at : at + dayMs).toISOString());
  }

  test.each([
    ["swupdate", ["none"]],
    ["rauc", ["downloaded"]],
  ] as const)(
    "%s: installs in a window only, and before it is %p",
    async (kind, ahead) => {
      await goTo(MINUTE_OF_DAY.closes + 30);
      await site.api.send("/api/v1/windows", {
        method: "POST",
        json: {
          id: `nightly-${kind}`,
          name: `nightly ${kind}`,
          start: "2026-03-01T22:00",
          recurrence: "FREQ=DAILY",
          durationMinutes: 120,
        },
      });
      const { fleet, device, distribution } = await asked(kind, 0, "automatic");
      const row = () => site.row(device, distribution);
      for (let minute = 0; minute < 15; minute++) {
        expect((await fleet.step(site.gateway.nowMs)).problems).toEqual({});
        await site.gateway.advance(MINUTE_MS);
      }
      expect(await row()).toMatchObject({ status: "pending_install", reason: "window" });
      expect(Object.keys(fleet.summary().byStatus)).toEqual([...ahead]);
      expect((await site.history(device, distribution)).map(({ value }) => value)).not.toContain(
        "closed/success",
      );
      await goTo(MINUTE_OF_DAY.closes - 3);
      await run(fleet, async () => (await row()).status === "installed");
      const history = await site.history(device, distribution);
      const told = history.map(({ value }) => value);
      expect([kind, (await row()).status, told]).toEqual([kind, "installed", told]);
      expect(told.filter((value) => value.startsWith("closed"))).toEqual(["closed/success"]);
      const begun = history.find(({ status }) => status === "installing")?.at ?? "";
      expect(new Date(begun).getUTCHours()).toBe(22);
    },
    60_000,
  );
});
