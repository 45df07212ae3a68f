import { describe, expect, test } from "bun:test";
import type { DeviceId } from "../../../devices/model/ids.ts";
import { sha256Hex } from "../../../devices/model/sha256.ts";
import { removeDevice } from "../../../devices/service/change-device.ts";
import {
  KNOCK_NOTE_MS,
  KNOCKS_AT_ONCE,
  LEAK_MS,
  LET_IN_AT_ONCE,
  STRANGERS_REMEMBERED_MAX,
  StrangerGuard,
} from "../../../devices/service/contact/stranger-guard.ts";
import { registerDevice } from "../../../devices/service/register-device.ts";
import { siteUseCases } from "../../../gateway/roles/site-use-cases.ts";
import { AgentDoor } from "../../harness/agent-door.ts";
import { MenderDevice } from "../../harness/mender-device.ts";
import { MenderSite } from "../../harness/mender-site.ts";

const HERE = "192.168.1.20";
const NOW = Date.parse("2026-11-21T12:00:00Z");

describe("StrangerGuard", () => {
  test("writes the same knock down once a minute, and another word of the same device at once", () => {
    const guard = new StrangerGuard();
    expect(guard.knock("agent a", "1", HERE, NOW)).toBe(0);
    expect(guard.knock("agent a", "1", HERE, NOW + KNOCK_NOTE_MS - 1)).toBe("again");
    expect(guard.knock("agent a", "2", HERE, NOW + 1)).toBe(0);
    expect(guard.knock("agent a", "2", HERE, NOW + KNOCK_NOTE_MS + 1)).toBe(0);
  });

  test("an address makes up so many names and no more, until one has leaked", () => {
    const guard = new StrangerGuard();
    for (let n = 0; n < KNOCKS_AT_ONCE; n++) {
      expect(guard.knock(`agent ${n}`, "", HERE, NOW)).toBe(0);
    }
    expect(guard.knock("agent more", "", HERE, NOW)).toBe(LEAK_MS);
    expect(guard.knock("agent more", "", "192.168.1.21", NOW)).toBe(0);
    // Who is in the list stays in it, and costs nobody a place.
    expect(guard.knock("agent 7", "", HERE, NOW + KNOCK_NOTE_MS - 1)).toBe("again");
    expect(guard.knock("agent one", "", HERE, NOW + LEAK_MS)).toBe(0);
    expect(guard.knock("agent two", "", HERE, NOW + LEAK_MS)).toBe(LEAK_MS);
  });

  test("of IPv6 the network counts", () => {
    const guard = new StrangerGuard();
    for (let n = 0; n < KNOCKS_AT_ONCE; n++) {
      guard.knock(`agent ${n}`, "", `2001:db8::${n.toString(16)}`, NOW);
    }
    expect(guard.knock("agent more", "", "2001:db8::ffff", NOW)).toBe(LEAK_MS);
    expect(guard.knock("agent more", "", "2001:db8:0:1::1", NOW)).toBe(0);
  });

  test("a clock that is set back holds nobody up", () => {
    const guard = new StrangerGuard();
    for (let n = 0; n < KNOCKS_AT_ONCE; n++) guard.knock(`agent ${n}`, "", HERE, NOW);
    expect(guard.knock("agent 0", "", HERE, NOW - 1)).toBe(0);
    expect(guard.knock("agent more", "", HERE, NOW - 1)).toBe(0);
  });

  test("remembers so many and no more: the oldest is forgotten", () => {
    const guard = new StrangerGuard();
    for (let n = 0; n <= STRANGERS_REMEMBERED_MAX; n++) guard.knock(`agent ${n}`, "", `a${n}`, NOW);
    expect(guard.knock("agent 1", "", "a1", NOW)).toBe("again");
    expect(guard.knock("agent 0", "", "a0", NOW)).toBe(0);
  });
});

describe("agents that nobody knows", () => {
  test("are in the list once, however often they come, with the token of their last knock", async () => {
    await using door = await AgentDoor.open();
    const box = door.agent("box-1");
    for (let times = 0; times < 5; times++) expect(await box.enrol()).toBe(202);
    expect(await door.knocks()).toMatchObject([{ externalId: "box-1", count: 1 }]);
    box.token = "another-".padEnd(40, "t");
    expect(await box.enrol()).toBe(202);
    const digest = sha256Hex(box.token);
    expect(await door.knocks()).toMatchObject([{ count: 2, tokenDigest: digest }]);
    await door.core.advance(KNOCK_NOTE_MS);
    await box.enrol();
    expect(await door.knocks()).toMatchObject([{ count: 3, lastAtMs: door.core.nowMs }]);
  });

  test("are told to wait where too many come from one address", async () => {
    await using door = await AgentDoor.open();
    for (let n = 0; n < KNOCKS_AT_ONCE; n++) {
      door.core.context.strangers.knock(`agent ${n}`, "", door.address, door.core.nowMs);
    }
    const box = door.agent("box-1");
    const refused = await box.send("enrol", {
      ...{ versions: [1], platform: "Windows", stableId: "box-1", token: box.token },
    });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "6"]);
    expect(await door.knocks()).toEqual([]);
    door.address = "192.168.1.99";
    expect(await box.enrol()).toBe(202);
  });

  test("are let in where that is switched on, and get the same answer again", async () => {
    await using door = await AgentDoor.open();
    door.settings = { plugAndPlay: true };
    const box = door.agent("box-1");
    const [one, two] = await Promise.all([box.enrol(undefined, { cpu: "ARM" }), box.enrol()]);
    expect([one, two]).toEqual([200, 200]);
    expect((await box.poll()).work).toEqual([]);
    expect(await door.core.context.store.find(box.id as DeviceId)).toMatchObject({
      stableId: "box-1",
      protocol: "agent",
    });
    expect(await door.knocks()).toEqual([]);
  });

  test("one that was removed, shows another token or is served otherwise waits for a person", async () => {
    await using door = await AgentDoor.open();
    door.settings = { plugAndPlay: true };
    const { context } = door.core;
    const box = door.agent("box-1");
    await box.enrol();
    const other = door.agent("box-1", "other-".padEnd(40, "t"));
    expect(await other.enrol()).toBe(202);
    expect(await door.knocks()).toMatchObject([{ note: "it is known with another key or token" }]);
    expect((await box.poll()).work).toEqual([]);
    const [knock] = await door.knocks();
    if (!knock) throw new Error("it is not in the list");
    const listed = { ...knock, details: JSON.stringify(knock) };
    await siteUseCases(context).approveKnock(listed, {}, "admin");
    expect(await other.enrol()).toBe(200);
    expect((await box.send(`${box.id}/poll`)).status).toBe(401);

    await removeDevice(context, other.id as DeviceId);
    expect(await other.enrol()).toBe(202);
    expect(await door.knocks()).toMatchObject([{ note: "it was removed" }]);

    await registerDevice(
      context,
      { stableId: "box-2", protocol: "ddi", platform: "Windows" },
      "admin",
    );
    expect(await door.agent("box-2").enrol()).toBe(202);
    expect((await door.knocks()).map(({ note }) => note)).toContain("it is served by ddi");
  });

  test("so many are let in at once, and the next waits until there is room", async () => {
    await using door = await AgentDoor.open();
    door.settings = { plugAndPlay: true };
    const { strangers } = door.core.context;
    for (let n = 0; n < LET_IN_AT_ONCE; n++) strangers.letsIn(door.address, door.core.nowMs);
    const box = door.agent("box-1");
    expect(await box.enrol()).toBe(202);
    const note = "many new devices came from its address at once";
    expect(await door.knocks()).toMatchObject([{ note }]);
    await door.core.advance(LEAK_MS);
    expect(await box.enrol()).toBe(200);
  });
});

test("Mender's clients are held off by the same rules", async () => {
  await using site = await MenderSite.open();
  site.settings.autoAccept = true;
  const { context } = site.core;
  for (let n = 0; n < LET_IN_AT_ONCE; n++) context.strangers.letsIn("", site.core.nowMs);
  const box = new MenderDevice(site.fetch, {});
  expect([await box.authenticate(), await box.authenticate()]).toEqual([401, 401]);
  const note = "many new devices came from its address at once";
  expect(await site.knocks()).toMatchObject([{ note }]);
  await site.core.advance(LEAK_MS);
  expect(await box.authenticate()).toBe(200);
});
