/** New keys of a site while it works: announced, confirmed, and never so that it is locked out. */
import { describe, expect, test } from "bun:test";
import type { SiteId } from "../../devices/model/ids.ts";
import { newSiteKeys, signerFor } from "../../sync/crypto/keys.ts";
import { readFrame, sealFrame } from "../../sync/frame/envelope.ts";
import { SUCCESSIONS_MAX } from "../../sync/limits.ts";
import { encodeMessage } from "../../sync/messages/messages.ts";
import { readSuccession, type Succession, successionOf } from "../../sync/messages/succession.ts";
import { contact, expectSameKeys, joined, keysAt, PRAGUE } from "./keys-world.ts";
import { expectConverged } from "./simulation/oracle.ts";

describe("a succession", () => {
  const [former, next, other] = [newSiteKeys(), newSiteKeys(), newSiteKeys()];

  test("[1.7] is signed with the key that goes and with the one that comes", () => {
    expect(readSuccession(successionOf(PRAGUE, former, next))).toEqual({
      site: PRAGUE,
      replaces: former.signingPublic,
      signingKey: next.signingPublic,
      sealingKey: next.sealingPublic,
    });
  });

  test.each<[string, (whole: Succession) => Succession]>([
    ["the former key's signature is another's", (one) => ({ ...one, signature: one.proof })],
    ["the new key's signature is another's", (one) => ({ ...one, proof: one.signature })],
    ["it was changed", (one) => ({ ...one, payload: one.payload.replace("prague", "brno") })],
    ["it is cut short", (one) => ({ ...one, payload: one.payload.slice(0, -1) })],
    ["it is of another's key", () => ({ ...successionOf(PRAGUE, other, next), signature: "" })],
    ["it replaces nothing", () => successionOf(PRAGUE, former, former)],
    [
      "what is to be sealed for is no key",
      () => successionOf(PRAGUE, former, { ...next, sealingPublic: next.signingPublic }),
    ],
  ])("[1.7] proves nothing when %s", (_, change) => {
    expect(() => readSuccession(change(successionOf(PRAGUE, former, next)))).toThrow();
  });
});

describe("new keys", () => {
  test("[1.8, 1.9] go ahead of all else, hold when the hub has them, and the site works on", async () => {
    const { world, site, kinds } = await joined(71);
    const former = keysAt(site);
    contact(world, site);
    kinds.length = 0;
    expect(await site.keyring.rotate(PRAGUE, site.now())).toBe("waits");
    expect(keysAt(site)).toBe(former);
    await world.converge();
    expect(kinds[0]).toBe("keys");
    expect(keysAt(site)).not.toBe(former);
    expectSameKeys(world, site);
    expect(world.hub.keysChanged).toEqual([PRAGUE]);
    contact(world, site);
    await world.converge();
    expectConverged(world);
    expect(site.disk.position.incarnation).toBe(1);
  });

  test("[1.8] made while the line is down hold days later; more of them are not made meanwhile", async () => {
    const { world, site } = await joined(72);
    const former = keysAt(site);
    site.link.cut();
    await site.keyring.rotate(PRAGUE, site.now());
    const waiting = site.disk.keyring?.next?.keys.signingPublic;
    for (let day = 0; day < 3; day += 1) {
      contact(world, site);
      await world.runUntil(world.nowMs + 24 * 3_600_000);
      await site.start();
      site.link.cut();
      expect(await site.keyring.rotate(PRAGUE, site.now())).toBe("under-way");
      expect(keysAt(site)).toBe(former);
    }
    site.link.heal();
    await world.converge();
    expect(keysAt(site)).toBe(waiting ?? "none");
    expectSameKeys(world, site);
    expectConverged(world);
  });

  test("[1.8] frames signed with either key are taken until the new one was used", async () => {
    const { world, site } = await joined(74);
    const former = site.keyring.ring.current;
    await site.keyring.rotate(PRAGUE, site.now());
    const sent: string[] = [];
    let isLost = true;
    world.intercept = async (request, send) => {
      // The acknowledgement is lost: the site sends the very frame again, signed with the former key.
      const answer = await send(request);
      if (request.operation !== "frame" || !isLost) return answer;
      sent.push(readFrame(request.body).header.content.kind);
      throw new Error("no answer");
    };
    await world.runUntil(world.nowMs + 10_000);
    const record = world.hub.disk.sites.get(PRAGUE);
    expect(record?.publicKey).toBe(former.signingPublic);
    expect(record?.nextPublicKey).toBe(site.keyring.ring.next?.keys.signingPublic ?? "none");
    isLost = false;
    await world.converge();
    expect(sent.length).toBeGreaterThan(1);
    expect(new Set(sent)).toEqual(new Set(["keys"]));
    expectSameKeys(world, site);
    expect(site.disk.position.incarnation).toBe(1);
  });

  test("[1.9] the former key is worth nothing once the new one was used", async () => {
    const { world, site } = await joined(75);
    const former = site.keyring.ring.current;
    const before = structuredClone(site.disk);
    await site.keyring.rotate(PRAGUE, site.now());
    await world.converge();
    // A thief who has the former keys: with a session of the site's, and on his own.
    let session = "";
    world.intercept = (request, send) => {
      session = request.session;
      return send(request);
    };
    contact(world, site);
    await world.converge();
    const { frameSeq: seq, incarnation } = site.disk.position;
    const header = {
      site: PRAGUE,
      incarnation,
      seq: seq + 1,
      content: { kind: "policy" } as const,
    };
    const forged = sealFrame(header, new Uint8Array([0, 0]), signerFor(former.signingPrivate));
    const answer = await world.hub.handle({
      operation: "frame",
      nonce: "n",
      session,
      body: forged,
    });
    expect(answer.status).toBe(400);
    const thief = await world.clone(site);
    await thief.replaceDisk(before, false);
    await world.runUntil(world.nowMs + 60_000);
    expect((await thief.link.view()).lastError).toContain("does not know prague by this key");
    expect((await site.link.view()).phase).toBe("live");
    world.switchOff(thief);
  });

  test("[1.8] that the hub will not have are dropped, and everything else goes on", async () => {
    const { world, site } = await joined(76);
    const former = keysAt(site);
    await site.keyring.rotate(PRAGUE, site.now());
    let poison = 1;
    world.intercept = async (request, send) => {
      if (request.operation !== "frame" || poison-- <= 0) return send(request);
      const { seq } = readFrame(request.body).header;
      const { incarnation } = site.disk.position;
      const wrong = successionOf("brno" as SiteId, site.keyring.ring.current, newSiteKeys());
      const header = { site: PRAGUE, incarnation, seq, content: { kind: "keys" } as const };
      const sign = (bytes: Uint8Array) => site.keyring.sign(bytes);
      return send({ ...request, body: sealFrame(header, encodeMessage(wrong), sign) });
    };
    contact(world, site);
    await world.converge();
    expect(keysAt(site)).toBe(former);
    expect(site.disk.keyring).toMatchObject({
      next: null,
      problem: expect.stringContaining("it is of another site"),
    });
    expect([...world.hub.disk.quarantine.values()]).toMatchObject([{ kind: "keys" }]);
    expectConverged(world);
    // The next attempt is a new one.
    expect(await site.keyring.rotate(PRAGUE, site.now())).toBe("waits");
    await world.converge();
    expect(site.disk.keyring?.problem).toBeNull();
    expectSameKeys(world, site);
  });

  test("[1.8, 8.4] that the hub cannot read are given up, and the site goes on with those it has", async () => {
    const { world, site } = await joined(77);
    const former = keysAt(site);
    await site.keyring.rotate(PRAGUE, site.now());
    world.intercept = async (request, send) => {
      const isKeys =
        request.operation === "frame" && readFrame(request.body).header.content.kind === "keys";
      return isKeys
        ? {
            status: 400,
            body: encodeMessage({ detail: "no such kind" }),
            signature: "",
            retryAfterMs: 0,
          }
        : send(request);
    };
    contact(world, site);
    await world.converge();
    expect(keysAt(site)).toBe(former);
    expect(site.disk.keyring?.problem).toContain("the hub cannot read new keys");
    expectConverged(world);
  });

  test("[1.10] a hub whose disk went back learns how the key followed from the one that it has", async () => {
    const { world, site } = await joined(78);
    await world.converge();
    const backup = structuredClone(world.hub.disk);
    for (let time = 0; time < SUCCESSIONS_MAX; time += 1) {
      await site.keyring.rotate(PRAGUE, site.now());
      contact(world, site);
      await world.converge();
    }
    world.hub.disk = structuredClone(backup);
    await world.hub.start();
    await world.converge();
    expect(world.joinedAgain).toBe(0);
    expectSameKeys(world, site);
    expectConverged(world);

    // One more than it can tell: only a code helps now.
    await site.keyring.rotate(PRAGUE, site.now());
    await world.converge();
    world.hub.disk = structuredClone(backup);
    await world.hub.start();
    await world.runUntil(world.nowMs + 60_000);
    expect((await site.link.view()).lastError).toContain("does not know prague by this key");
    await world.converge();
    expect(world.joinedAgain).toBe(1);
    expectConverged(world);
  });

  test("[1.10] successions that were made up lead nowhere", async () => {
    const { world, site } = await joined(79);
    await world.converge();
    const thief = await world.clone(site);
    const [mine, forged] = [newSiteKeys(), newSiteKeys()];
    thief.disk.keyring = {
      ...site.keyring.ring,
      current: mine,
      successions: [
        successionOf(PRAGUE, forged, mine),
        { ...successionOf(PRAGUE, site.keyring.ring.current, mine), signature: "AAAA" },
        successionOf("brno" as SiteId, site.keyring.ring.current, mine),
      ],
    };
    await thief.start();
    await world.runUntil(world.nowMs + 60_000);
    expect((await thief.link.view()).lastError).toContain("does not know prague by this key");
    expectSameKeys(world, site);
    world.switchOff(thief);
  });

  test("[1.11] a site restored to when its keys still waited finds that the hub uses them", async () => {
    const { world, site } = await joined(80);
    site.link.cut();
    await site.keyring.rotate(PRAGUE, site.now());
    const backup = structuredClone(site.disk);
    site.link.heal();
    contact(world, site);
    await world.converge();
    expectSameKeys(world, site);
    await site.replaceDisk(backup, true);
    expect(site.keyring.ring.next).not.toBeNull();
    await world.converge();
    expect(world.joinedAgain).toBe(0);
    expect(site.keyring.ring.next).toBeNull();
    expectSameKeys(world, site);
    expectConverged(world);
  });

  test("[1.12] secrets are sealed for the new key, and the former private key goes after that", async () => {
    const { world, site } = await joined(81);
    await world.hub.book.write([{ kind: "setting", id: "enterprise", body: ENTERPRISE }], "hana");
    await world.converge();
    await site.book.write(
      [{ kind: "setting", id: "enterprise", body: { certificateSearchCriteria: "CN%3DPrague" } }],
      "anna",
    );
    await world.converge();
    const former = site.keyring.ring.current.sealingPrivate;
    const readable = () => site.holder.read().enterprise;
    const wanted = { enrollmentToken: "VG9rZW4x", certificateSearchCriteria: "CN%3DPrague" };
    expect(readable()).toMatchObject(wanted);
    await site.keyring.rotate(PRAGUE, site.now());
    await world.converge();
    expect(site.keyring.ring.current.sealingPrivate).not.toBe(former);
    expect(site.disk.keyring?.formerSealing).toEqual([]);
    expect(readable()).toMatchObject(wanted);
    await site.start(); // And from disk, with the new key alone.
    expect(readable()).toMatchObject(wanted);
    expectConverged(world);
  });

  test("[1.12] without a hub they hold at once, and what the site has sealed with them", async () => {
    const { world, site } = await joined(82);
    await site.book.write([{ kind: "setting", id: "enterprise", body: ENTERPRISE }], "anna");
    expect(await site.keyring.rotate(undefined, site.now())).toBe("done");
    await site.book.resealSecrets();
    expect(site.book.needsFormerKeys).toBe(false);
    await site.keyring.forgetFormer();
    await site.start();
    expect(site.holder.read().enterprise.enrollmentToken).toBe("VG9rZW4x");
    expect(world.hub.disk.quarantine.size).toBe(0);
  });

  test("[1.13] a site restored from before its last new keys is turned away, and joins again as itself", async () => {
    const { world, site } = await joined(83);
    contact(world, site);
    await world.converge();
    const backup = structuredClone(site.disk);
    await site.keyring.rotate(PRAGUE, site.now());
    contact(world, site);
    await world.converge();
    await site.replaceDisk(backup, true);
    contact(world, site);
    await world.runUntil(world.nowMs + 60_000);
    const view = await site.link.view();
    expect(view.lastError).toContain("does not know prague by this key; join it with a new code");
    expect(site.turnedAway).toBeGreaterThan(0);
    await world.converge();
    expect(world.joinedAgain).toBe(1);
    expectSameKeys(world, site);
    expectConverged(world);
  });
});

const ENTERPRISE = { enterpriseId: "4000000001", enrollmentToken: "VG9rZW4x" };
