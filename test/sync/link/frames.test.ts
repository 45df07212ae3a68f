import { describe, expect, test } from "bun:test";
import { zstdCompressSync } from "node:zlib";
import type { DistributionId, RevisionId, SiteId } from "../../../devices/model/ids.ts";
import { signerFor } from "../../../sync/crypto/keys.ts";
import { type FrameContent, readFrame, sealFrame } from "../../../sync/frame/envelope.ts";
import { documentNameOf } from "../../../sync/hub/ingest.ts";
import { QUARANTINE_BYTES_PER_SITE_MAX, STATUS_ROWS_MAX } from "../../../sync/limits.ts";
import type { LinkRequest } from "../../../sync/link/exchange.ts";
import { FRAME_ANSWER, parseMessage } from "../../../sync/messages/messages.ts";
import { policyOf, report, type Wanderer } from "../simulation/devices.ts";
import type { SiteHost } from "../simulation/hosts.ts";
import { MemoryHubStore } from "../simulation/memory-hub.ts";
import { commitDevice } from "../simulation/memory-site.ts";
import { expectConverged } from "../simulation/oracle.ts";
import { World } from "../simulation/world.ts";
import { rowAt } from "../status/rows.ts";

describe("frames from a site", () => {
  test("[3.2] are numbered densely, one under way at a time", async () => {
    const { world, site, frames } = await joined(32);
    for (let round = 0; round < 5; round += 1) {
      reportOnce(world, site, `till-${round}`);
      await world.runUntil(world.nowMs + 30_000);
    }
    await world.converge();
    const numbers = frames.map(({ body }) => readFrame(body).header.seq);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(site.disk.outbox).toEqual([]);
  });

  test("[3.3] go in order: the site's policy, status, journal; after a cut too", async () => {
    const { world, site, frames } = await joined(33);
    site.link.cut();
    await site.book.write(policyOf("own-1"), "anna");
    for (let count = 0; count < 4; count += 1) reportOnce(world, site, `till-${count}`);
    frames.length = 0;
    site.link.heal();
    await world.converge();
    expect(frames.map(({ body }) => readFrame(body).header.content.kind)).toEqual([
      "policy",
      "status",
      "journal",
    ]);
    expectConverged(world);
  });

  test("[3.4] are in the outbox before they are sent, the same bytes until acknowledged", async () => {
    const { world, site } = await joined(34);
    const sent: Uint8Array[] = [];
    world.intercept = async (request, send) => {
      if (request.operation !== "frame") return send(request);
      sent.push(request.body);
      expect(site.disk.outbox[0]?.bytes).toEqual(request.body);
      if (sent.length < 3) throw new Error("no line");
      return send(request);
    };
    reportOnce(world, site, "till");
    await world.runUntil(world.nowMs + 15_000);
    await site.start(); // The process dies and another one goes on.
    await world.converge();
    expect(sent[1]).toEqual(sent[0] ?? new Uint8Array());
    expect(sent[2]).toEqual(sent[0] ?? new Uint8Array());
  });

  test("[3.6] a repeated frame gets the same acknowledgement, another one of its number does not", async () => {
    const { world, site, frames } = await joined(36);
    reportOnce(world, site, "till");
    await world.converge();
    const first = frames[0];
    if (!first) throw new Error("no frame");
    const before = structuredClone(world.hub.disk);
    const again = await world.hub.handle(first);
    expect(again.status).toBe(200);
    expect(parseMessage(FRAME_ANSWER, again.body)).toMatchObject({ verdict: "taken" });
    expect(world.hub.disk).toEqual(before);

    const other = forged(site, 1, { kind: "policy" }, new Uint8Array([0, 0]));
    const answer = await world.hub.handle({ ...first, body: other });
    expect(parseMessage(FRAME_ANSWER, answer.body)).toMatchObject({ verdict: "fenced" });
    expect(world.hub.disk).toEqual(before);
  });

  test("[3.6] a number too high is answered with the one expected, a former incarnation is fenced", async () => {
    const { world, site, frames } = await joined(37);
    reportOnce(world, site, "till");
    await world.converge();
    const [one] = frames;
    if (!one) throw new Error("no frame");
    const acknowledgedFrame = site.disk.position.frameSeq;
    const ask = async (body: Uint8Array) =>
      parseMessage(FRAME_ANSWER, (await world.hub.handle({ ...one, body })).body);
    const high = forged(site, acknowledgedFrame + 2, { kind: "policy" }, new Uint8Array([0, 0]));
    expect(await ask(high)).toEqual({ verdict: "expected", acknowledgedFrame });
    const position = { ...site.disk.position, incarnation: 7 };
    const fenced = forged({ ...site, disk: { ...site.disk, position } }, 1, { kind: "policy" });
    expect(await ask(fenced)).toMatchObject({ verdict: "fenced" });
  });

  test("[3.7] are acknowledged after the commit: a hub that dies in between has all or nothing", async () => {
    for (let callsBefore = 0; callsBefore < 14; callsBefore += 1) {
      const { world, site } = await joined(370 + callsBefore);
      reportOnce(world, site, "till");
      let calls = 0;
      world.crashAtHub = () => {
        calls += 1;
        return calls === callsBefore + 1;
      };
      await world.runUntil(world.nowMs + 15_000);
      world.crashAtHub = () => false;
      const acknowledged = site.disk.position.acknowledgedFrame;
      const stored = world.hub.disk.sites.get("prague")?.acknowledgedFrame ?? 0;
      expect(stored).toBeGreaterThanOrEqual(acknowledged);
      expect([...world.hub.disk.inbox.values()].length).toBe(stored);
      await world.converge();
      expectConverged(world);
    }
  });

  test("[3.8, 3.9] that are wrong inside are set aside, and neither this site nor another waits", async () => {
    const world = await World.start(38);
    const bad = await world.addSite("prague");
    const good = await world.addSite("brno");
    await world.converge();
    reportOnce(world, bad, "till");
    let poison = 1;
    world.intercept = async (request, send) => {
      const isPoisoned =
        request.operation === "frame" && readFrame(request.body).header.site === "prague";
      if (!isPoisoned || poison-- <= 0) return send(request);
      const { seq, content } = readFrame(request.body).header;
      const body = forged(bad, seq, content, new Uint8Array([1, 2, 3]));
      const [frame] = bad.disk.outbox;
      if (frame) bad.disk.outbox[0] = { ...frame, bytes: body };
      return send({ ...request, body });
    };
    await world.runUntil(world.nowMs + 11_000);
    reportOnce(world, good, "scanner");
    await world.converge();
    expectConverged(world);
    expect([...world.hub.disk.quarantine.values()]).toMatchObject([
      { site: "prague", reason: expect.stringContaining("status-") },
    ]);
    expect((await bad.link.view()).lastError).toContain("set a status frame aside");
    expect(bad.disk.position.incarnation).toBe(1);
  });

  test("[3.8, 9.1] a site's room in quarantine is bounded: on top, everything but the bytes is kept", async () => {
    const { world, site } = await joined(45);
    const poison = async () => {
      let times = 1;
      world.intercept = async (request, send) => {
        if (request.operation !== "frame" || times-- <= 0) return send(request);
        const { seq, content } = readFrame(request.body).header;
        const body = forged(site, seq, content, new Uint8Array([1, 2, 3]));
        const [frame] = site.disk.outbox;
        if (frame) site.disk.outbox[0] = { ...frame, bytes: body };
        return send({ ...request, body });
      };
      reportOnce(world, site, "till");
      await world.converge();
    };
    await poison();
    const { quarantine } = world.hub.disk;
    const [first] = quarantine.values();
    if (!first) throw new Error("nothing in quarantine");
    expect(first).toMatchObject({ kind: "status", bytes: first.frame.length });
    const room = QUARANTINE_BYTES_PER_SITE_MAX - first.bytes;
    quarantine.set("large", { ...first, id: "large", frame: new Uint8Array(room) });
    await poison();
    const last = [...quarantine.values()].at(-1);
    expect(last).toMatchObject({ kind: "status", reason: first.reason, frame: new Uint8Array() });
    expect(last?.bytes).toBeGreaterThan(0);
    expect(last?.sha256).toHaveLength(64);
    // Another site still has its room.
    expect(await new MemoryHubStore(world.hub.disk).quarantinedBytes("brno" as SiteId)).toBe(0);
    expectConverged(world);
  });

  test("[3.9] after a set-aside journal frame the journal goes on behind it, its bytes are kept", async () => {
    const { world, site } = await joined(39);
    let poison = 1;
    world.intercept = async (request, send) => {
      const isJournal =
        request.operation === "frame" && readFrame(request.body).header.content.kind === "journal";
      if (!isJournal || poison-- <= 0) return send(request);
      const { seq, content } = readFrame(request.body).header;
      return send({ ...request, body: forged(site, seq, content, Buffer.from("[]")) });
    };
    reportOnce(world, site, "till");
    const lost = site.disk.facts.length;
    await world.runUntil(world.nowMs + 30_000);
    reportOnce(world, site, "till");
    await world.converge();
    expect(world.hub.disk.quarantine.size).toBe(1);
    const numbers = [...world.hub.disk.facts.values()].map(({ seq }) => seq);
    expect(Math.min(...numbers)).toBe(lost + 1);
    expect(world.hub.disk.positions.get("prague.1")?.seq).toBe(site.disk.facts.length);
  });

  test("[3.10] a journal frame in quarantine is taken in after all, once the hub can read it", async () => {
    const { world, site } = await joined(39);
    const originals: Uint8Array[] = [];
    world.intercept = async (request, send) => {
      const { content, seq } =
        request.operation === "frame" ? readFrame(request.body).header : { content: {}, seq: 0 };
      if (!("kind" in content) || content.kind !== "journal" || originals.length > 0) {
        return send(request);
      }
      originals.push(request.body);
      return send({ ...request, body: forged(site, seq, content, Buffer.from("[]")) });
    };
    reportOnce(world, site, "till");
    await world.runUntil(world.nowMs + 30_000);
    reportOnce(world, site, "till");
    await world.converge();
    const { facts, quarantine, devices } = world.hub.disk;
    const [kept] = quarantine.values();
    const [frame] = originals;
    if (!kept || !frame) throw new Error("nothing in quarantine");
    expect(facts.size).toBeLessThan(site.disk.facts.length);

    await expect(world.hub.link.takeAgain(kept)).rejects.toMatchObject({ code: "unprocessable" });
    const cut = { ...kept, frame: new Uint8Array() };
    await expect(world.hub.link.takeAgain(cut)).rejects.toMatchObject({ code: "conflict" });
    expect(quarantine.size).toBe(1);

    const before = new Map(devices);
    await world.hub.link.takeAgain({ ...kept, frame });
    expect(quarantine.size).toBe(0);
    expect(facts.size).toBe(site.disk.facts.length);
    for (const [key, device] of before) expect(devices.get(key)).toEqual(device);
    expectConverged(world);
    // Once more changes nothing.
    await world.hub.link.takeAgain({ ...kept, frame });
    expect(facts.size).toBe(site.disk.facts.length);
    expectConverged(world);
  });

  test("[3.9] after a set-aside policy frame the next change travels whole", async () => {
    const { world, site } = await joined(40);
    let poison = 1;
    world.intercept = async (request, send) => {
      if (request.operation !== "frame" || poison-- <= 0) return send(request);
      const { seq, content } = readFrame(request.body).header;
      return send({ ...request, body: forged(site, seq, content, new Uint8Array([9])) });
    };
    await site.book.write(policyOf("own-1"), "anna");
    await world.runUntil(world.nowMs + 60_000);
    expect(world.hub.disk.records.size).toBe(0);
    await site.book.write(policyOf("own-2"), "anna");
    await world.converge();
    expect([...world.hub.disk.records.keys()].sort()).toEqual([
      "distribution/own-1",
      "distribution/own-2",
      "package/own",
      "revision/own-1-r",
      "revision/own-2-r",
    ]);
  });

  test("[4.4] more rows than one frame holds travel in several, the last one carries the time", async () => {
    const { world, site, frames } = await joined(44);
    frames.length = 0;
    fill(site, STATUS_ROWS_MAX + 10);
    await world.converge();
    const contents = frames.map(({ body }) => readFrame(body).header.content);
    const times = contents.flatMap((one) => (one.kind === "status" ? [one.asOfMs] : []));
    expect(times).toHaveLength(2);
    expect(times[0]).toBeNull();
    expect(times[1]).toBeGreaterThan(0);
    expect(world.hub.disk.rows.size).toBe(STATUS_ROWS_MAX + 10);
  });

  test("[4.6] a hub that lost the status document asks for it from its beginning", async () => {
    const { world, site, frames } = await joined(46);
    reportOnce(world, site, "till");
    await world.converge();
    const record = world.hub.disk.sites.get("prague");
    if (!record) throw new Error("no site");
    world.hub.disk.documents.delete(documentNameOf(record));
    await world.hub.start();
    frames.length = 0;
    reportOnce(world, site, "scanner");
    await world.converge();
    expectConverged(world);
    const anew = frames.flatMap(({ body }) => {
      const { content } = readFrame(body).header;
      return content.kind === "status" ? [content.anew] : [];
    });
    expect(anew).toEqual([false, true]);
    expect(world.hub.disk.quarantine.size).toBe(0);
  });

  test("[5.2] a journal frame that does not follow is set aside, and the answer says how far the hub is", async () => {
    const { world, site, frames } = await joined(52);
    reportOnce(world, site, "till");
    await world.converge();
    const [one] = frames;
    if (!one) throw new Error("no frame");
    const seq = site.disk.position.frameSeq + 1;
    const content = { kind: "journal", incarnation: 1, first: 9, count: 1 } as const;
    const body = forged(site, seq, content, Buffer.from("[]"));
    const answer = parseMessage(FRAME_ANSWER, (await world.hub.handle({ ...one, body })).body);
    expect(answer).toMatchObject({
      verdict: "set-aside",
      facts: [{ incarnation: 1, seq: site.disk.facts.length }],
      reason: expect.stringContaining(`from number ${site.disk.facts.length + 1}`),
    });
    expect(world.hub.disk.quarantine.size).toBe(0);
  });

  test("[5.5] a fact is sent only after the row it moved", async () => {
    const { world, site } = await joined(55);
    world.intercept = async (request, send) => {
      if (request.operation === "frame") {
        const { content } = readFrame(request.body).header;
        if (content.kind === "status" && content.asOfMs !== null) reportOnce(world, site, "late");
        if (content.kind === "journal") {
          for (const fact of site.disk.facts.slice(
            content.first - 1,
            content.first - 1 + content.count,
          )) {
            if (fact.distribution === null) continue;
            const row = world.hub.disk.rows.get(`prague.${fact.distribution}.${fact.device}`);
            expect(row?.sequence ?? 0).toBeGreaterThanOrEqual(fact.sequence ?? 0);
          }
        }
        if (site.disk.facts.length > 40) world.intercept = undefined;
      }
      return send(request);
    };
    reportOnce(world, site, "till");
    await world.converge();
    expectConverged(world);
  });
});

async function joined(seed: number) {
  const world = await World.start(seed);
  const site = await world.addSite("prague");
  await world.converge();
  const frames: LinkRequest[] = [];
  world.intercept = (request, send) => {
    if (request.operation === "frame") frames.push(request);
    return send(request);
  };
  return { world, site, frames };
}

function reportOnce(world: World, site: SiteHost, name: string): void {
  const wanderer: Wanderer = { name, isAgent: false, enrolments: 0, sequence: 0 };
  report(site, wanderer, world.random);
}

/** A frame of the site's own, signed with its key, with whatever is wanted in it. */
function forged(
  site: Pick<SiteHost, "disk" | "name">,
  seq: number,
  content: FrameContent,
  raw: Uint8Array = new Uint8Array(zstdCompressSync("")),
): Uint8Array {
  const { incarnation } = site.disk.position;
  const sign = signerFor(site.disk.keyring?.current.signingPrivate ?? "");
  return sealFrame({ site: site.name, incarnation, seq, content }, raw, sign);
}

/** Rows without facts, so many that they do not fit one frame. */
function fill(site: SiteHost, count: number): void {
  const wanderer: Wanderer = { name: "till", isAgent: false, enrolments: 0, sequence: 0 };
  report(site, wanderer, () => 0.5);
  const [device] = [...site.disk.devices.values()];
  if (!device) throw new Error("no device");
  const rows = Array.from({ length: count - 1 }, (_, index) => ({
    ...rowAt(1, 1, index),
    device: device.id,
    distribution: `many-${index}` as DistributionId,
    revision: `many-${index}-r` as RevisionId,
  }));
  commitDevice(site.disk, { device, rows, facts: [] });
}
