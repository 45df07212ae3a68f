import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { planFleet } from "../../devices/simulator/fleet-plan.ts";
import { enrolPlannedPc } from "../../devices/simulator/pc/enrol-planned.ts";
import { SimulatedPc } from "../../devices/simulator/pc/simulated-pc.ts";
import { withoutMsi } from "../../devices/simulator/pc/state.ts";
import { ENCODINGS } from "../../protocols/syncml/encoding.ts";
import { startOrigin } from "../gateway/content/origin.ts";
import { alertXml, loginAlert, type PcState, pc as played, shortly } from "../harness/pc.ts";
import { fetchBut, PcScenario, type PlayedPc, sampleMsi } from "../harness/pc-scenario.ts";
import { Loose, Scenario } from "../harness/scenario.ts";
import { settled } from "../harness/settled.ts";
import { FAMILY, MSI_V1 } from "../harness/site-core.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const SETTLE_MS = 30_000;
/** The app that is only for users, so that devices' lists of others are not asked for it. */
const OWN = { package: "own-tools" };
const Code = z.object({ code: z.string() });
const Devices = z.object({ rows: z.array(z.looseObject({ id: z.string() })) });
const Certificates = z.array(z.looseObject({ revokedAt: z.string().nullable() }));
const History = z.array(z.object({ what: z.string(), by: z.string() }));
const MSI = { productCode: MSI_V1, retryCount: 0 };

/** MSI and packaged apps on Windows PCs, over HTTP against one started site; each test has its own PC. */
describe(`Windows PCs (TEST_SEED=${SEED})`, () => {
  let site: Scenario;
  let pcs: PcScenario;
  beforeAll(async () => {
    site = await Scenario.start({ role: "site" });
    pcs = new PcScenario(site, SEED);
    await pcs.prepare();
  }, 60_000);
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
  });

  const productOf = ({ pc }: PlayedPc) =>
    [...pc.state.msi.values()].find(({ product }) => product !== null);

  describe.each(ENCODINGS)("in %s", (encoding) => {
    test("an MSI and a packaged app with its framework are fetched, installed, proven and shown", async () => {
      const one = await pcs.pc(`happy-${encoding}`, { change: { encoding } });
      const msi = await pcs.distributeMsi(one.id, MSI);
      const msix = await pcs.distributeMsix(one.id);
      await pcs.live(one, 45);
      expect(await pcs.row(one.id, msi)).toMatchObject({
        statusLabel: "Installed",
        version: "1.0.0",
        anomaly: false,
      });
      expect(await pcs.row(one.id, msix)).toMatchObject({
        statusLabel: "Installed",
        version: "1.0.0.0",
        anomaly: false,
      });
      expect(one.pc.state.installations.size).toBe(0); // Its nodes have vanished.
      const device = await site.api.request(`/api/v1/devices/${one.id}`, Loose);
      expect(device).toMatchObject({ osPlatform: "Windows 11 Pro", enrolment: "unknown" });
      const inventory = device.inventory as { productId: string; version: string }[];
      expect(inventory).toContainEqual(expect.objectContaining({ productId: FAMILY }));
      expect(inventory).toContainEqual(expect.objectContaining({ productId: MSI_V1 }));
    });

    test("a failure is shown with its HRESULT and what it means", async () => {
      const one = await pcs.pc(`fails-${encoding}`, {
        change: { encoding },
        behaviour: { failureRate: 1, failsWith: "fatal" },
      });
      const msi = await pcs.distributeMsi(one.id, MSI);
      await pcs.live(one, 30);
      expect(await pcs.row(one.id, msi)).toMatchObject({
        statusLabel: "Failed",
        state: "Installation failed",
        lastErrorHex: "0x80070643",
        nativeValue: "60",
      });
      const other = await pcs.pc(`lacks-${encoding}`, { change: { encoding } });
      const msix = await pcs.distributeMsix(other.id, { dependencies: ["Contoso.Missing"] });
      await pcs.live(other, 30);
      expect(await pcs.row(other.id, msix)).toMatchObject({
        statusLabel: "Failed",
        lastErrorHex: "0x80073CF3",
      });
    });

    test("an MSI for a user waits for a user session, and says so", async () => {
      const one = await pcs.pc(`user-${encoding}`, { change: { encoding } });
      const msi = await pcs.distributeMsi(one.id, { ...MSI, context: "user" }, OWN);
      await pcs.contact(one);
      one.pc.signOut();
      for (let n = 0; n < 3; n++) await one.pc.step(site.gateway.nowMs + 10 * MINUTE_MS);
      await site.gateway.advance(10 * MINUTE_MS);
      await pcs.contact(one);
      // The user's tree is closed: what it was told last is what is shown.
      expect(await pcs.row(one.id, msi)).toMatchObject({ status: "pending_install" });
      const waiting = await pcs.distributeMsi(
        one.id,
        { ...MSI, context: "user", productCode: "{22222222-3C38-4D2B-9B9A-0CB37243539C}" },
        { ...OWN, version: "2.0.0" },
      );
      await pcs.contact(one);
      expect(await pcs.row(one.id, waiting)).toMatchObject({
        status: "pending_install",
        reason: "user",
        reasonDetail: "it goes on once its user signs in",
      });
      one.pc.signIn();
      await pcs.live(one, 45);
      expect(await pcs.row(one.id, waiting)).toMatchObject({ statusLabel: "Installed" });
    });

    test("a done that leaves nothing behind is never Installed: sent again, then failed", async () => {
      const one = await pcs.pc(`empty-${encoding}`, {
        change: { encoding },
        behaviour: { emptyRate: 1 },
      });
      const msi = await pcs.distributeMsi(one.id, MSI);
      const msix = await pcs.distributeMsix(one.id);
      const seen = new Set<string>();
      for (let n = 0; n < 16; n++) {
        await pcs.live(one, 15);
        for (const id of [msi, msix]) seen.add((await pcs.row(one.id, id)).statusLabel);
      }
      expect([...seen]).not.toContain("Installed");
      for (const id of [msi, msix]) {
        expect(await pcs.row(one.id, id)).toMatchObject({
          statusLabel: "Failed",
          attempt: 3,
          lastErrorText: expect.stringContaining("it was sent 3 times"),
        });
      }
    });

    test("a PC that cannot tell whole lists is walked", async () => {
      const one = await pcs.pc(`walks-${encoding}`, { change: { encoding }, kind: "windows10" });
      const msi = await pcs.distributeMsi(one.id, MSI);
      await pcs.live(one, 30);
      expect(await pcs.row(one.id, msi)).toMatchObject({ statusLabel: "Installed" });
      const device = await site.api.request(`/api/v1/devices/${one.id}`, Loose);
      expect(device.inventory).toMatchObject([{ productId: MSI_V1, title: "tools" }]);
    });

    test("kill -9 between the Exec and its Status: nothing is lost and nothing runs twice", async () => {
      let posts = 0;
      let downloads = 0;
      let killsAt = Number.POSITIVE_INFINITY;
      const one = await pcs.pc(`killed-${encoding}`, {
        change: { encoding },
        fetch: fetchBut((url) => {
          if (url.includes("/content/")) downloads += 1;
          else if (++posts === killsAt) return killed();
          return undefined;
        }),
      });
      const killed = async (): Promise<Response> => {
        await site.gateway.kill();
        await site.gateway.restart();
        throw new Error("the line is gone");
      };
      await pcs.contact(one);
      const msi = await pcs.distributeMsi(one.id, MSI);
      // The first message gets the work; the second would have said that it was taken.
      killsAt = posts + 2;
      await pcs.contact(one);
      expect(one.pc.busy).toBe(true);
      expect(await pcs.row(one.id, msi)).toMatchObject({ status: "pending_install" });
      await pcs.live(one, 30);
      expect(await pcs.row(one.id, msi)).toMatchObject({ statusLabel: "Installed", attempt: 1 });
      expect(downloads).toBe(1);
    });

    test("the same message twice gets the same answer, and one job", async () => {
      const { id, raw } = await site.device(`twice-${encoding}`, {}, { encoding });
      const state: PcState = { seen: [], msi: {} };
      raw.alerts = loginAlert("user");
      await raw.session(played(state));
      await pcs.distributeMsi(id, MSI);
      const answer = await raw.open();
      expect((await raw.send(raw.lastSent)).status).toBe(200);
      expect(shortly(answer.commands).join()).toContain("Exec");
      const next = await raw.reply(answer, played(state));
      const repeated = await raw.send(raw.lastSent);
      expect(repeated.status).toBe(200);
      expect(next.commands.filter(({ name }) => name === "Atomic")).toEqual([]);
      expect(state.seen.filter(({ name }) => name === "Atomic")).toHaveLength(1);
    });

    test("an alert that tells of a failure comes before the nodes, which tell nothing", async () => {
      const { id, raw } = await site.device(`alert-${encoding}`, {}, { encoding });
      const state: PcState = { seen: [], packages: {}, installs: {} };
      raw.alerts = loginAlert("user");
      await raw.session(played(state));
      const msix = await pcs.distributeMsix(id);
      await raw.session(played(state));
      const source = `./Device/Vendor/MSFT/EnterpriseModernAppManagement/AppInstallation/${FAMILY}/HostedInstall`;
      const type = "Reversed-Domain-Name:com.microsoft.mdm.EnterpriseHostedAppInstall.result";
      raw.alerts = loginAlert("user") + alertXml(4, 1226, type, source, String(0x80073cf6 | 0));
      await site.gateway.advance(MINUTE_MS);
      await raw.session(played(state));
      expect(await pcs.row(id, msix)).toMatchObject({
        statusLabel: "Failed",
        lastErrorHex: "0x80073CF6",
      });
    });

    test("an app that is lost three times is Removed each time, and put back by each window", async () => {
      const one = await pcs.pc(`drift-${encoding}`, { change: { encoding } });
      await pcs.contact(one);
      await site.api.send("/api/v1/windows", {
        method: "POST",
        json: {
          id: `nightly-${encoding}`,
          name: "nightly",
          start: "2026-03-01T21:00",
          timeZone: "UTC",
          recurrence: "FREQ=DAILY",
          durationMinutes: 180,
          scope: { kind: "organisation" },
        },
      });
      const msi = await pcs.distributeMsi(one.id, MSI, { mode: "automatic" });
      // At the window's last moment the device has had its own.
      const night = async () => {
        const midnightMs = Math.floor(site.gateway.nowMs / DAY_MS + 1) * DAY_MS;
        await site.gateway.advance(midnightMs - 1 - site.gateway.nowMs);
        await pcs.contact(one);
        await pcs.live(one, 45);
      };
      await night();
      for (let losses = 1; losses <= 3; losses++) {
        expect(await pcs.row(one.id, msi)).toMatchObject({ statusLabel: "Installed" });
        const node = productOf(one);
        if (node === undefined) throw new Error("it was not put back");
        one.pc.change((state) => withoutMsi(state, node));
        await night();
        const history = await site.history(one.id, msi);
        const removed = history.filter(({ status }) => status === "removed_after_installation");
        expect(removed).toHaveLength(losses);
      }
      expect(await pcs.row(one.id, msi)).toMatchObject({
        statusLabel: "Installed",
        operation: "repair",
      });
      await site.api.send(`/api/v1/windows/nightly-${encoding}`, { method: "DELETE" });
    });

    test("S-49 an MSI of a vendor comes from the site, and from the vendor where the site fails", async () => {
      const bytes = sampleMsi(`vendor ${encoding}`);
      await using vendor = await startOrigin(bytes);
      await site.api.send("/api/v1/settings/content-origins", {
        method: "PUT",
        json: { origins: [{ origin: vendor.url }] },
      });
      const url = `${vendor.url}/tools.msi`;
      const one = await pcs.pc(`vendor-${encoding}`, { change: { encoding } });
      const first = await pcs.distributeMsi(one.id, MSI, { source: { url } });
      await settled("the file is here", SETTLE_MS, async () => {
        await site.gateway.advance(5_000);
        const { reason } = await pcs.row(one.id, first);
        return reason === "contact" ? true : undefined;
      });
      await pcs.live(one, 30);
      expect(await pcs.row(one.id, first)).toMatchObject({ statusLabel: "Installed" });
      expect(vendor.requests).toHaveLength(1);

      const other = await pcs.pc(`falls-back-${encoding}`, {
        change: { encoding },
        fetch: fetchBut((wanted) =>
          wanted.includes("/content/")
            ? Promise.resolve(new Response("", { status: 404 }))
            : undefined,
        ),
      });
      const fallback = { ...MSI, fallbackUrls: [`${vendor.url}/mirror/tools.msi`] };
      const second = await pcs.distributeMsi(other.id, fallback, { source: { url } });
      await settled("the file is here", SETTLE_MS, async () => {
        await site.gateway.advance(5_000);
        return (await pcs.row(other.id, second)).reason === "contact" ? true : undefined;
      });
      await pcs.live(other, 30);
      expect(await pcs.row(other.id, second)).toMatchObject({ statusLabel: "Installed" });
    });
  });

  test("a PC that enrols by a code gets an MSI and a packaged app, and is unenrolled", async () => {
    const { code } = await site.api.request("/api/v1/enrolment-codes", Code, {
      method: "POST",
      json: { note: "test", device: {} },
    });
    const [planned] = planFleet(1, SEED, { mix: { windows11: 1 }, prefix: "desk" });
    if (planned === undefined) throw new Error("no plan");
    const { plan, account } = await enrolPlannedPc(planned, { serverUrl: site.url, code, fetch });
    const { rows } = await site.api.request("/api/v1/devices?filter=name:desk-001", Devices);
    // What it is, is known before its first session.
    expect(rows).toMatchObject([{ osPlatform: "Windows 11", osVersion: "10.0.26100.4351" }]);
    const [{ id } = { id: "" }] = rows;
    const pc = new SimulatedPc(plan, account, {
      ...account,
      fetch,
      startMs: site.gateway.nowMs,
      change: { demands: "md5" },
    });
    const one = { id, pc };
    const msi = await pcs.distributeMsi(id, MSI);
    const msix = await pcs.distributeMsix(id);
    await pcs.live(one, 60);
    for (const distribution of [msi, msix]) {
      expect(await pcs.row(id, distribution)).toMatchObject({ statusLabel: "Installed" });
    }
    await site.api.send(`/api/v1/devices/${id}/unenrol`, { method: "POST" });
    await pcs.contact(one);
    expect(pc.state).toMatchObject({ account: "gone" });
    expect([...pc.state.packages.values()]).toEqual([]);
    expect(productOf(one)?.productCode).toBe(MSI_V1);
    const device = await site.api.request(`/api/v1/devices/${id}`, Loose);
    expect(device.enrolment).toBe("unenrolled");
    expect(await pcs.row(id, msi)).toMatchObject({ statusLabel: "Installed" });
    expect(await pcs.row(id, msix)).toMatchObject({ status: "removed_after_installation" });
    const issued = await site.api.request(`/api/v1/certificates?device=${id}`, Certificates);
    expect(issued.map(({ revokedAt }) => revokedAt === null)).toEqual([false]);
    const history = await site.api.request(`/api/v1/devices/${id}/history`, History);
    expect(history.slice(0, 2)).toEqual([
      { what: "it was unenrolled, as an administrator wanted", by: "device" },
      { what: "to be unenrolled", by: "token:test" },
    ]);
  });
});
