import { describe, expect, test } from "bun:test";
import { bodies, type Desk, down, hubDesk, ROLL_OUT, siteDesk, up, WINDOW } from "./books.ts";

describe("a site's word on a record of the hub", () => {
  test("[7.4] stops a distribution at the site while the line is cut, and the hub sees who and why not all", async () => {
    const { hub, site } = await pair();
    await stop(site, 700);
    expect(bodies(site)["distribution/pos-all"]?.stoppedAtMs).toBe(700);
    await up(site, hub);
    expect(bodies(hub)["distribution/pos-all"]?.stoppedAtMs).toBeNull();
    expect(hub.book.overrides).toMatchObject([
      { site: "prague", kind: "distribution", id: "pos-all", author: "anna", state: "effective" },
    ]);
  });

  test.each([
    ["the hub stopped first", 100, 700],
    ["the site stopped first", 700, 100],
  ])("[7.4] stopped is stopped, whoever said it: %s", async (_, hubMs, siteMs) => {
    const { hub, site } = await pair();
    await stop(site, siteMs);
    await stop(hub, hubMs);
    await up(site, hub);
    await down(hub, site);
    expect(bodies(site)["distribution/pos-all"]?.stoppedAtMs).toBe(100);
    expect(bodies(hub)["distribution/pos-all"]?.stoppedAtMs).toBe(hubMs);
  });

  test("[7.4] a site cannot set going what the hub stopped", async () => {
    const { hub, site } = await pair();
    await stop(hub, 100);
    await down(hub, site);
    const change = { kind: "distribution", id: "pos-all", body: { stoppedAtMs: null } } as const;
    await expect(site.book.write([change], "anna")).rejects.toMatchObject({ code: "conflict" });
    await hub.book.write([change], "hana");
    await down(hub, site);
    expect(bodies(site)["distribution/pos-all"]?.stoppedAtMs).toBeNull();
  });

  test("[7.4] a window is as the site has it, until the hub changes it", async () => {
    const { hub, site } = await pair();
    const off = { kind: "window", id: "nightly", body: { enabled: false } } as const;
    await site.book.write([off], "anna");
    expect(site.holder.read().windows).toMatchObject([{ enabled: false, durationMinutes: 120 }]);
    const shorter = { kind: "window", id: "nightly", body: { durationMinutes: 60 } } as const;
    await hub.book.write([shorter], "hana");
    await up(site, hub);
    await down(hub, site);
    expect(site.holder.read().windows).toMatchObject([{ enabled: true, durationMinutes: 60 }]);
    expect(hub.book.overrides).toMatchObject([{ state: "overtaken" }]);
    await site.book.write([off], "anna");
    expect(site.holder.read().windows).toMatchObject([{ enabled: false, durationMinutes: 60 }]);
  });

  test("[7.4] the order of Yjs clients decides nothing: any number of tries ends alike", async () => {
    for (let round = 0; round < 12; round += 1) {
      const { hub, site } = await pair();
      await stop(site, 500);
      await hub.book.write([{ kind: "window", id: "nightly", body: { name: "N" } }], "hana");
      await site.book.write([{ kind: "window", id: "nightly", body: { enabled: false } }], "anna");
      await (round % 2 === 0 ? up(site, hub) : down(hub, site));
      await down(hub, site);
      await up(site, hub);
      expect(bodies(site)["distribution/pos-all"]?.stoppedAtMs).toBe(500);
      expect(site.holder.read().windows).toMatchObject([{ enabled: true, name: "N" }]);
    }
  });

  test("[7.4] the hub may revoke it; a later word of the site counts again", async () => {
    const { hub, site } = await pair();
    await stop(site, 500);
    await up(site, hub);
    await hub.book.revokeOverride("prague", "distribution", "pos-all", "hana");
    await down(hub, site);
    expect(bodies(site)["distribution/pos-all"]?.stoppedAtMs).toBeNull();
    expect(hub.book.overrides).toMatchObject([{ state: "revoked" }]);
    site.clock.nowMs += 1000;
    await stop(site, 900);
    expect(bodies(site)["distribution/pos-all"]?.stoppedAtMs).toBe(900);
    expect(() => hub.book.revokeOverride("brno", "distribution", "pos-all", "hana")).toThrow(
      "no override",
    );
  });

  test("the site may take it back", async () => {
    const { site } = await pair();
    await stop(site, 500);
    await site.book.withdrawOverride("distribution", "pos-all");
    expect(bodies(site)["distribution/pos-all"]?.stoppedAtMs).toBeNull();
    expect(site.book.overrides).toEqual([]);
  });

  test("what is the hub's alone cannot be changed or deleted at a site", async () => {
    const { site } = await pair();
    for (const change of [
      { kind: "distribution", id: "pos-all", body: { mode: "on-demand" } },
      { kind: "package", id: "pos", body: { name: "Other" } },
      { kind: "window", id: "nightly", body: null },
      { kind: "window", id: "nightly", body: { scope: { kind: "site", site: "brno" } } },
    ] as const) {
      await expect(site.book.write([change], "anna")).rejects.toMatchObject({ code: "conflict" });
    }
  });

  test("a whole record that differs in what may differ is an override of just that", async () => {
    const { hub, site } = await pair();
    const body = { ...WINDOW, enabled: false };
    await site.book.write([{ kind: "window", id: "nightly", body }], "anna");
    await up(site, hub);
    expect(hub.book.overrides[0]?.fields).toMatchObject({ enabled: false });
    expect(site.holder.read().windows).toMatchObject([{ enabled: false }]);
  });

  test("an override of a record that the hub deleted has nothing to hold", async () => {
    const { hub, site } = await pair();
    await site.book.write([{ kind: "window", id: "nightly", body: { enabled: false } }], "anna");
    await hub.book.write([{ kind: "window", id: "nightly", body: null }], "hana");
    await down(hub, site);
    expect(site.holder.read().windows).toEqual([]);
  });

  test("settings are the site's where it set them, before the hub did or after", async () => {
    const { hub, site } = await pair();
    const setting = (crlCheck: "0" | "1") =>
      [{ kind: "setting", id: "enterprise", body: { crlCheck } }] as const;
    await site.book.write(setting("1"), "anna");
    expect(site.holder.read().enterprise.crlCheck).toBe("1");
    await hub.book.write(
      [{ kind: "setting", id: "enterprise", body: { crlCheck: "0", enterpriseId: "4000" } }],
      "hana",
    );
    await down(hub, site);
    expect(site.holder.read().enterprise).toMatchObject({ crlCheck: "1", enterpriseId: "4000" });
    await up(site, hub);
    expect(hub.holder.read().enterprise.crlCheck).toBe("0");
  });
});

async function pair(): Promise<{ hub: Desk; site: Desk }> {
  const [hub, site] = [await hubDesk(), await siteDesk()];
  await hub.book.write([...ROLL_OUT, { kind: "window", id: "nightly", body: WINDOW }], "hana");
  await down(hub, site);
  return { hub, site };
}

function stop(desk: Desk, stoppedAtMs: number): Promise<void> {
  return desk.book.write([{ kind: "distribution", id: "pos-all", body: { stoppedAtMs } }], "anna");
}
