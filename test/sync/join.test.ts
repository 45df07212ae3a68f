import { describe, expect, test } from "bun:test";
import { AppError } from "../../devices/model/errors.ts";
import type { SiteId } from "../../devices/model/ids.ts";
import { newSiteKeys, signerFor } from "../../sync/crypto/keys.ts";
import { hashOfCode } from "../../sync/hub/join-code.ts";
import { JOIN_CODE_MS_MAX } from "../../sync/limits.ts";
import type { Transport } from "../../sync/link/exchange.ts";
import { joinHub } from "../../sync/link/join-hub.ts";
import { Keyring } from "../../sync/link/keyring.ts";
import { encodeMessage, signedBytes } from "../../sync/messages/messages.ts";
import { deviceNamed, factOf } from "../contracts/site-rows.ts";
import {
  commitDevice,
  emptySiteDisk,
  MemorySiteLinkStore,
  type SiteDisk,
} from "./simulation/memory-site.ts";
import { World } from "./simulation/world.ts";

describe("joining", () => {
  test("[1.1] the hub keeps only a hash of the code, and it can be typed with blanks and capitals", async () => {
    const { world, code } = await withCode();
    expect(JSON.stringify([...world.hub.disk.joinCodes])).not.toContain(code.slice(0, 10));
    const typed = ` ${code.toUpperCase().replaceAll("-", " ")} `;
    expect(await join(world, emptySiteDisk(), typed)).toMatchObject({ site: "prague" });
  });

  test("[1.2] the keys are on disk before the code is used, and the request is signed with them", async () => {
    const { world, code } = await withCode();
    const disk = emptySiteDisk();
    const lost: Transport = async () => {
      expect(disk.keyring?.current).toBeDefined();
      throw new Error("no line");
    };
    await expect(join(world, disk, code, lost)).rejects.toThrow("cannot be reached");
    const keys = disk.keyring?.current;
    await join(world, disk, code);
    expect(disk.keyring?.current).toEqual(keys);
    expect(world.hub.disk.sites.get("prague")?.publicKey).toBe(keys?.signingPublic ?? "");
  });

  test("[1.2] a request signed with another key than it brings is refused", async () => {
    const { world, code } = await withCode();
    const [mine, other] = [newSiteKeys(), newSiteKeys()];
    const payload = JSON.stringify({
      version: 1,
      code,
      name: null,
      timeZone: "UTC",
      signingKey: mine.signingPublic,
      sealingKey: mine.sealingPublic,
      timeMs: 0,
    });
    const proof = signerFor(other.signingPrivate)(signedBytes("join", payload));
    const body = encodeMessage({ payload, signature: Buffer.from(proof).toString("base64") });
    const request = { operation: "join", nonce: "n", session: "", body } as const;
    await expect(world.hub.link.answer(request)).rejects.toThrow("not signed with the key");
  });

  test("[1.3] a new site gets its names and the hub's key, and starts in incarnation 1", async () => {
    const { world, code } = await withCode();
    const disk = emptySiteDisk();
    const identity = await join(world, disk, code);
    expect(identity).toMatchObject({ site: "prague", name: "Prague", organisation: "org-1" });
    expect(identity.hubPublicKey).toBe(world.hub.disk.identity?.signingPublic ?? "");
    expect(disk.position).toMatchObject({ incarnation: 1, mustAdopt: false });
  });

  test("[1.3] what a site did before it joined is its own afterwards, under the new name", async () => {
    const { world, code } = await withCode();
    const disk = emptySiteDisk();
    commitDevice(disk, { device: deviceNamed("till"), rows: [], facts: [factOf("till", "6")] });
    await join(world, disk, code);
    expect(disk.facts).toMatchObject([{ site: "prague", siteIncarnation: 1, seq: 1 }]);
    expect([...disk.devices.values()]).toMatchObject([{ site: "prague" }]);
  });

  test("[1.4] a code for a site that exists replaces its box: the old one is not heard any more", async () => {
    const world = await World.start(14);
    const old = await world.addSite("prague");
    await world.converge();
    const { code } = await makeCode(world);
    const disk = emptySiteDisk();
    await join(world, disk, code);
    expect(disk.position.incarnation).toBeGreaterThan(1);
    expect(disk.position.mustAdopt).toBe(true);
    await old.step();
    await world.runUntil(world.nowMs + 120_000);
    const view = await old.link.view();
    expect(view.phase).toBe("waiting");
    expect(view.lastError).toContain("join it with a new code");
  });

  test("[1.5] unknown, expired and used codes are refused, each in its own words", async () => {
    const { world, code } = await withCode();
    const [, fingerprint = ""] = code.split(".");
    await expect(
      join(world, emptySiteDisk(), `aaaaa-bbbbb-ccccc-ddddd.${fingerprint}`),
    ).rejects.toThrow("not known");
    await join(world, emptySiteDisk(), code);
    const again = join(world, emptySiteDisk(), code);
    await expect(again).rejects.toThrow("used already");
    await expect(again).rejects.toBeInstanceOf(AppError);

    const { code: short } = await makeCode(world, 1000);
    world.nowMs += 1000;
    await expect(join(world, emptySiteDisk(), short)).rejects.toThrow("expired");
    world.nowMs -= 1;
    expect(await join(world, emptySiteDisk(), short)).toMatchObject({ site: "prague" });
  });

  test("[1.5] the same box may repeat its request, because the answer may be lost", async () => {
    const { world, code } = await withCode();
    const disk = emptySiteDisk();
    const answerLost: Transport = async (request) => {
      await world.hub.handle(request);
      throw new Error("connection reset");
    };
    await expect(join(world, disk, code, answerLost)).rejects.toThrow("cannot be reached");
    expect(await join(world, disk, code)).toMatchObject({ site: "prague" });
    expect(world.hub.disk.sites.get("prague")?.incarnation).toBe(1);
    expect(await join(world, disk, code)).toMatchObject({ site: "prague" });
    expect(disk.position.incarnation).toBe(1);
  });

  test("[1.5] a code is good for at most its limit", async () => {
    const world = await World.start(15);
    const { expiresAtMs } = await makeCode(world, 10 * JOIN_CODE_MS_MAX);
    expect(expiresAtMs).toBe(world.nowMs + JOIN_CODE_MS_MAX);
  });

  test("[1.6] another hub that answers in its place is not joined", async () => {
    const { code } = await withCode();
    const stranger = await World.start(99);
    const { code: strangersCode } = await makeCode(stranger);
    const inBetween: Transport = (request) => {
      const body = Buffer.from(request.body).toString("utf8").replace(code, strangersCode);
      return stranger.hub.handle({ ...request, body: new Uint8Array(Buffer.from(body)) });
    };
    await expect(join(stranger, emptySiteDisk(), code, inBetween)).rejects.toThrow();
    const disk = emptySiteDisk();
    const [secret] = strangersCode.split(".");
    const [, fingerprint] = code.split(".");
    const known = [...stranger.hub.disk.joinCodes.values()][0];
    if (!known) throw new Error("no code");
    const forged = `${secret}.${fingerprint}`;
    const record = { ...known, codeHash: hashOfCode(forged) };
    stranger.hub.disk.joinCodes.set(record.codeHash, record);
    await expect(join(stranger, disk, forged)).rejects.toThrow("another hub answered");
    expect(disk.identity).toBeUndefined();
  });
});

async function withCode(): Promise<{ world: World; code: string }> {
  const world = await World.start(11);
  return { world, code: (await makeCode(world)).code };
}

function makeCode(world: World, validMs = 60_000) {
  const site = "prague" as SiteId;
  return world.hub.link.makeJoinCode({ site, name: "Prague", by: "admin", validMs });
}

async function join(world: World, disk: SiteDisk, code: string, transport?: Transport) {
  const store = new MemorySiteLinkStore(disk);
  return joinHub(
    {
      store,
      keyring: await Keyring.open(store),
      transport: transport ?? ((request) => world.hub.handle(request)),
      now: () => world.nowMs,
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    },
    { hubUrl: "http://hub.test", code, name: null, timeZone: "UTC" },
  );
}
