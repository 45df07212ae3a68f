import { describe, expect, test } from "bun:test";
import { CHALLENGE_MS_MAX, MESSAGE_BYTES_MAX } from "../../../sync/limits.ts";
import type { LinkAnswer, LinkRequest } from "../../../sync/link/exchange.ts";
import { encodeMessage, OPERATIONS } from "../../../sync/messages/messages.ts";
import { report } from "../simulation/devices.ts";
import type { SiteHost } from "../simulation/hosts.ts";
import { World } from "../simulation/world.ts";

describe("requests and answers", () => {
  test("[2.1] a request without a nonce, without a session or too long is refused", async () => {
    const world = await World.start(21);
    const body = encodeMessage({});
    const ask = (change: Partial<LinkRequest>) =>
      world.hub.handle({ operation: "poll", nonce: "n", session: "", body, ...change });
    expect((await ask({ nonce: "" })).status).toBe(400);
    expect((await ask({ nonce: "n".repeat(65) })).status).toBe(400);
    for (const operation of OPERATIONS) {
      const withoutSession = ["join", "challenge", "hello"].includes(operation) ? 400 : 401;
      expect((await ask({ operation })).status).toBe(withoutSession);
    }
    const long = { operation: "challenge" as const, body: new Uint8Array(MESSAGE_BYTES_MAX + 1) };
    expect((await ask(long)).status).toBe(413);
    const atLimit = { ...long, body: new Uint8Array(MESSAGE_BYTES_MAX) };
    expect((await ask(atLimit)).status).toBe(400);
  });

  test("[2.2] an answer that the hub did not sign is not believed", async () => {
    const forgeries: ((answer: LinkAnswer) => LinkAnswer)[] = [
      (answer) => ({ ...answer, signature: "" }),
      (answer) => ({ ...answer, body: new Uint8Array([...answer.body, 32]) }),
    ];
    for (const forge of forgeries) {
      const { world, site } = await joined(22);
      world.intercept = async (request, send) => forge(await send(request));
      await world.runUntil(world.nowMs + 70_000);
      const view = await site.link.view();
      expect(view.lastError).toContain("not signed by the hub");
      expect(view.phase).toBe("waiting");
    }
  });

  test("[2.2] an answer that the hub signed for another request is not believed", async () => {
    const { world, site } = await joined(22);
    const polls: LinkAnswer[] = [];
    world.intercept = async (request, send) => {
      const answer = await send(request);
      if (request.operation !== "poll") return answer;
      polls.push(answer);
      return polls[0] ?? answer;
    };
    await world.runUntil(world.nowMs + 130_000);
    expect(polls.length).toBeGreaterThan(1);
    expect((await site.link.view()).phase).not.toBe("live");
  });

  test("[2.3] a hello that is repeated, overtaken or too old does nothing", async () => {
    const { world, site } = await joined(23);
    const hellos: LinkRequest[] = [];
    world.intercept = (request, send) => {
      if (request.operation === "hello") hellos.push(request);
      return send(request);
    };
    site.link.cut();
    site.link.heal();
    await world.runUntil(world.nowMs + 1000);
    const [hello] = hellos;
    if (!hello) throw new Error("no hello");
    const before = structuredClone(world.hub.disk.sites.get("prague"));
    expect((await world.hub.handle(hello)).status).toBe(401);
    world.nowMs += CHALLENGE_MS_MAX + 1;
    await world.hub.start(); // Forgets which challenges were answered; they are too old now.
    expect((await world.hub.handle(hello)).status).toBe(401);
    expect(world.hub.disk.sites.get("prague")).toEqual(before);
  });

  test("[2.7] the sessions of a revoked site end, and it is told why", async () => {
    const { world, site } = await joined(27);
    await world.hub.link.revoke(site.name);
    await world.runUntil(world.nowMs + 240_000);
    const view = await site.link.view();
    expect(view.phase).toBe("refused");
    expect(view.lastError).toContain("revoked");
    expect(view.connectedSinceMs).toBeNull();
  });
});

describe("when something fails", () => {
  test("[8.1] the same request is made again, and nothing is concluded", async () => {
    const { world, site } = await joined(81);
    report(site, { name: "till", isAgent: false, enrolments: 0, sequence: 0 }, world.random);
    const frames: LinkRequest[] = [];
    let failures = 4;
    world.intercept = async (request, send) => {
      if (request.operation !== "frame") return send(request);
      frames.push(request);
      failures -= 1;
      if (failures < 0) return send(request);
      const nothing = { body: new Uint8Array(), signature: "", retryAfterMs: 0 };
      return { ...nothing, status: [500, 502, 429, 503][failures] ?? 500 };
    };
    await world.converge();
    const first = frames.slice(0, 5).map(({ body }) => Buffer.from(body).toString("hex"));
    expect(new Set(first).size).toBe(1);
    expect(site.disk.position.incarnation).toBe(1);
  });

  test("[8.1] a hub that was restarted knows the sessions it gave, and 401 leads to a hello", async () => {
    const { world, site } = await joined(82);
    await world.hub.start();
    await world.runUntil(world.nowMs + 120_000);
    expect(await site.link.view()).toMatchObject({ phase: "live", lastError: null });
    let refuse = true;
    world.intercept = async (request, send) => {
      if (request.operation !== "poll" || !refuse) return send(request);
      refuse = false;
      return { status: 401, body: new Uint8Array(), signature: "", retryAfterMs: 0 };
    };
    await world.runUntil(world.nowMs + 120_000);
    expect(await site.link.view()).toMatchObject({ phase: "live", lastError: null });
  });

  test("[8.4] a frame that was damaged on the site's disk is given up, and everything sent anew", async () => {
    const { world, site } = await joined(84);
    report(site, { name: "till", isAgent: false, enrolments: 0, sequence: 0 }, world.random);
    world.intercept = async (request, send) => {
      if (request.operation === "frame") throw new Error("no line");
      return send(request);
    };
    await world.runUntil(world.nowMs + 30_000);
    const [frame] = site.disk.outbox;
    if (!frame) throw new Error("no frame was made");
    frame.bytes[frame.bytes.length - 70] = (frame.bytes[frame.bytes.length - 70] ?? 0) ^ 1;
    world.intercept = undefined;
    await world.converge();
    expect(site.disk.position.incarnation).toBeGreaterThan(1);
    expect(world.hub.disk.rows.size).toBe(1);
    expect(world.hub.disk.facts.size).toBe(site.disk.facts.length);
  });

  test("a link that was cut on purpose sends nothing until it is healed", async () => {
    const { world, site } = await joined(85);
    site.link.cut();
    const before = world.traffic.length;
    await world.runUntil(world.nowMs + 600_000);
    expect(world.traffic.length).toBe(before);
    expect((await site.link.view()).phase).toBe("cut");
    site.link.heal();
    await world.converge();
  });

  test("an idle reconnect costs less than two kilobytes both ways", async () => {
    const { world, site } = await joined(86);
    site.link.cut();
    world.traffic = [];
    site.link.heal();
    await world.runUntil(world.nowMs + 20_000);
    expect((await site.link.view()).phase).toBe("live");
    const bytes = world.traffic.reduce((sum, { up, down }) => sum + up + down, 0);
    expect(world.traffic.map(({ operation }) => operation)).toEqual(["challenge", "hello", "poll"]);
    expect(bytes).toBeLessThan(2048);
  });
});

describe("what a site says of itself", () => {
  test("[7.9] its name and time zone reach the hub with the next poll, and stay until they change", async () => {
    const { world, site } = await joined(78);
    const called = world.hub.disk.sites.get("prague")?.name;
    const atHub = () => {
      const { name, timeZone } = world.hub.disk.sites.get("prague") ?? {};
      return { name, timeZone };
    };
    await world.runUntil(world.nowMs + 61_000);
    expect(atHub()).toEqual({ name: called, timeZone: "Europe/Prague" });
    site.about = { name: "Main Square", timeZone: "Europe/Lisbon" };
    await world.runUntil(world.nowMs + 61_000);
    expect(atHub()).toEqual({ name: "Main Square", timeZone: "Europe/Lisbon" });
    site.about = { name: undefined, timeZone: "Europe/Lisbon" };
    await world.runUntil(world.nowMs + 61_000);
    expect(atHub()).toEqual({ name: "Main Square", timeZone: "Europe/Lisbon" });
  });

  test("[7.9] a poll of a site that says neither changes neither", async () => {
    const { world, site } = await joined(78);
    site.about = { name: "Main Square", timeZone: "Europe/Lisbon" };
    await world.runUntil(world.nowMs + 61_000);
    world.intercept = (request, send) => {
      if (request.operation !== "poll") return send(request);
      const { name: _, timeZone: __, ...former } = JSON.parse(Buffer.from(request.body).toString());
      return send({ ...request, body: encodeMessage(former) });
    };
    await world.runUntil(world.nowMs + 125_000);
    expect(world.hub.disk.sites.get("prague")).toMatchObject({
      name: "Main Square",
      timeZone: "Europe/Lisbon",
    });
    expect((await site.link.view()).phase).toBe("live");
  });
});

async function joined(seed: number): Promise<{ world: World; site: SiteHost }> {
  const world = await World.start(seed);
  const site = await world.addSite("prague");
  await world.converge();
  return { world, site };
}
