import { describe, expect, test } from "bun:test";
import { CALM, FIELD } from "../../../devices/simulator/behaviour.ts";
import { SimulatedDevice } from "../../../devices/simulator/device.ts";
import { Fleet } from "../../../devices/simulator/fleet.ts";
import { planFleet } from "../../../devices/simulator/fleet-plan.ts";
import { PROFILES, type ProfileName } from "../../../devices/simulator/profiles.ts";
import {
  addDownload,
  enrolEnterprise,
  executeDownload,
  getDownloadNode,
  getInventory,
  pushAtomic,
} from "../../../protocols/csp/enterprise-app-management/commands.ts";
import type { Encoding } from "../../../protocols/syncml/encoding.ts";
import { ACCOUNT, ScriptServer } from "./script-server.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);
const E = "4000000001";
const P1 = "{B316008A-141D-4A79-810F-8B764C4CFDFB}";
const URL = "http://site.test/app.xap";
const MINUTE_MS = 60_000;
const NAMES = Object.keys(PROFILES) as ProfileName[];

const enrol = enrolEnterprise("enrol", E, {
  enrollmentToken: "T1",
  certificateSearchCriteria: null,
  crlCheck: null,
});
const download = { productId: P1, name: "Stock", url: URL, version: "2.0.0.0" };
const members = [addDownload("add", E, download), executeDownload("exec", E, P1)];

function makeDevice(
  server: ScriptServer,
  profile: ProfileName,
  behaviour = CALM,
  encoding?: Encoding,
) {
  const [plan] = planFleet(1, SEED, { mix: { [profile]: 1 } });
  if (plan === undefined) throw new Error("no device");
  server.files.set(URL, new TextEncoder().encode(`PK${"x".repeat(5000)}`));
  return new SimulatedDevice(plan, ACCOUNT, {
    fetch: server.fetch,
    behaviour,
    startMs: 0,
    change: encoding && { encoding },
  });
}

describe(`a simulated device (TEST_SEED=${SEED})`, () => {
  test.each(NAMES)("%s enrols, installs what it is told to, and says so", async (profile) => {
    const server = new ScriptServer();
    const device = makeDevice(server, profile);
    const lacksAtomic = (PROFILES[profile].lacks as readonly string[]).includes("Atomic");
    server.packages = [[enrol], lacksAtomic ? members : [pushAtomic("atomic", members)]];
    expect(await device.contact(0)).toMatchObject({ end: "done", started: [P1] });
    expect(server.statuses).toMatchObject({ enrol: 200, add: 200, exec: 202 });

    await device.step(60 * MINUTE_MS);
    server.packages = [
      [getDownloadNode("status", E, P1, "Status"), getInventory("inventory", E, "children")],
    ];
    expect((await device.contact(61 * MINUTE_MS)).end).toBe("done");
    const results = server.events.filter((event) => event.kind === "results");
    expect(results.map(({ tag, items }) => [tag, items[0]?.data])).toEqual([
      ["status", "5"],
      ["inventory", encodeURIComponent(P1)],
    ]);
    expect(device.state.inventory.get(P1)).toMatchObject({ version: "2.0.0.0", title: "Stock" });
  });

  test.each(NAMES)("%s keeps its nonce: the second session needs no challenge", async (profile) => {
    const server = new ScriptServer();
    const device = makeDevice(server, profile);
    await device.contact(0);
    const { messages } = await device.contact(MINUTE_MS);
    // A server that asks nothing has not proved itself by a MAC: its nonce is not kept.
    const asks = PROFILES[profile].waitsForChallenge || PROFILES[profile].demands === "mac";
    expect(messages).toBe(asks ? 2 : 1);
  });

  test("one whose scheme is refused uses the one it is asked for", async () => {
    const server = new ScriptServer("syncml:auth-md5");
    expect((await makeDevice(server, "basic").contact(0)).end).toBe("done");
  });

  test("one with a wrong password gives up", async () => {
    const server = new ScriptServer();
    const [plan] = planFleet(1, SEED);
    if (plan === undefined) throw new Error("no device");
    const account = { ...ACCOUNT, password: "wrong" };
    const device = new SimulatedDevice(plan, account, { fetch: server.fetch, startMs: 0 });
    expect((await device.contact(0)).end).toBe("refused");
  });

  test("a list comes in parts to a server that asks for more", async () => {
    const server = new ScriptServer();
    const device = makeDevice(server, "narrow");
    server.packages = [
      [enrol],
      Array.from({ length: 20 }, (_, n) => getDownloadNode(`s${n}`, E, P1, "Status")),
    ];
    const { end, messages } = await device.contact(0);
    expect(end).toBe("done");
    expect(messages).toBeGreaterThan(4);
    expect(server.statuses).toMatchObject({ s0: 404, s19: 404 });
  });

  test("what was carried out before the line broke stays carried out", async () => {
    const server = new ScriptServer();
    const device = makeDevice(server, "standard");
    server.packages = [[enrol]];
    let answers = 0;
    const broken = new SimulatedDevice(device.plan, ACCOUNT, {
      startMs: 0,
      fetch: (url, init) => {
        answers += 1;
        if (answers > 2) return Promise.reject(new Error("cut"));
        return server.fetch(url, init);
      },
    });
    expect((await broken.contact(0)).end).toBe("unreachable");
    expect(broken.state.enterprise?.token).toBe("T1");
  });

  test("reports a server that answers no SyncML", async () => {
    const device = makeDevice(new ScriptServer(), "standard");
    const lost = new SimulatedDevice(device.plan, ACCOUNT, {
      startMs: 0,
      fetch: async () => new Response("busy", { status: 503 }),
    });
    expect(await lost.contact(0)).toMatchObject({ end: "http-error", httpStatus: 503 });
  });

  test("polls by its schedule, once after it slept, and not while it is out of reach", async () => {
    const server = new ScriptServer();
    const device = makeDevice(server, "basic");
    expect(device.dueMs).toBeLessThan(CALM.pollIntervalMs);
    expect((await device.step(CALM.pollIntervalMs)).session?.end).toBe("done");
    expect((await device.step(CALM.pollIntervalMs)).session).toBeUndefined();
    expect((await device.step(50 * CALM.pollIntervalMs)).session?.end).toBe("done");
    const dueMs = device.dueMs;
    expect(dueMs).toBeGreaterThanOrEqual(50.9 * CALM.pollIntervalMs);
    expect(dueMs).toBeLessThanOrEqual(51.1 * CALM.pollIntervalMs);
    device.loseContactUntil(100 * CALM.pollIntervalMs);
    expect((await device.step(60 * CALM.pollIntervalMs)).session).toBeUndefined();
    expect((await device.step(101 * CALM.pollIntervalMs)).session?.end).toBe("done");
  });

  test("what it began goes on while it is out of reach", async () => {
    const server = new ScriptServer();
    const device = makeDevice(server, "standard");
    server.packages = [[enrol], [pushAtomic("atomic", members)]];
    await device.contact(0);
    device.loseContactUntil(1e12);
    await device.step(60 * MINUTE_MS);
    expect(device.busy).toBe(false);
    expect(device.state.inventory.has(P1)).toBe(true);
  });

  test("the wire looks as its profile says", async () => {
    const server = new ScriptServer();
    await makeDevice(server, "thrifty").contact(0);
    expect(server.received[0]?.contentType).toBe("application/vnd.syncml+xml");
    expect(server.received[0]?.body).toContain("<MaxMsgSize xmlns='syncml:metinf'>16384<");
    const other = new ScriptServer();
    await makeDevice(other, "standard").contact(0);
    expect(other.received[0]?.contentType).toBe("application/vnd.syncml.dm+xml");
    const old = new ScriptServer();
    await makeDevice(old, "embedded").contact(0);
    expect(old.received[0]?.contentType).toBe("application/vnd.syncml+wbxml");
    expect(old.received[0]?.body).toStartWith(
      "\x02\xa4\x01\x6a\0\xed\x04\0\x03SYNCML:SYNCML1.2\0\x01",
    );
    const compact = new ScriptServer();
    await makeDevice(compact, "compact").contact(0);
    expect(compact.received[0]?.contentType).toBe("application/vnd.syncml.dm+wbxml");
  });

  test("an encoding can be asked of every kind", async () => {
    for (const [profile, encoding] of [
      ["thrifty", "wbxml"],
      ["embedded", "xml"],
    ] as const) {
      const server = new ScriptServer();
      const device = makeDevice(server, profile, CALM, encoding);
      expect((await device.contact(0)).end).toBe("done");
      expect(server.received[0]?.contentType).toBe(`application/vnd.syncml+${encoding}`);
    }
  });
});

describe(`planFleet() and Fleet (TEST_SEED=${SEED})`, () => {
  test("the mix holds exactly, names and ids are unique", () => {
    const fleet = planFleet(360, SEED);
    const count = (name: string) => fleet.filter(({ profile }) => profile === name).length;
    expect(count("standard")).toBe(100);
    expect(count("silent")).toBe(10);
    expect(new Set(fleet.map(({ stableId }) => stableId)).size).toBe(360);
    expect(new Set(fleet.map(({ name }) => name)).size).toBe(360);
  });

  test("a mix that names no kind is refused", () => {
    expect(() => planFleet(3, SEED, { mix: { standard: 0 } })).toThrow("no kind");
  });

  test("the same seed makes the same fleet do the same", async () => {
    const play = async () => {
      const servers = planFleet(12, SEED).map((plan) => {
        const server = new ScriptServer();
        server.files.set(URL, new TextEncoder().encode(`PK${"y".repeat(3000)}`));
        server.packages = [[enrol], members];
        const options = { fetch: server.fetch, behaviour: FIELD, startMs: 0 };
        return new SimulatedDevice(plan, ACCOUNT, options);
      });
      const fleet = new Fleet(servers);
      const steps = [];
      for (let now = 0; now < 180 * MINUTE_MS; now += 10 * MINUTE_MS) {
        steps.push({ ...(await fleet.step(now)), ...fleet.summary(P1) });
      }
      return steps;
    };
    const [first, second] = [await play(), await play()];
    expect(first).toEqual(second);
    expect(first.reduce((sum, { sessions }) => sum + sessions, 0)).toBeGreaterThan(50);
  });
});
