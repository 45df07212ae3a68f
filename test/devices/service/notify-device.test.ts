import { describe, expect, test } from "bun:test";
import { AppError } from "../../../devices/model/errors.ts";
import type { DeviceId } from "../../../devices/model/ids.ts";
import type { DeviceTrigger, Parcel } from "../../../devices/ports/device-trigger.ts";
import { removeDevice, requestEnrolment } from "../../../devices/service/change-device.ts";
import { changeDmAccount, readDmAccount } from "../../../devices/service/dm-account.ts";
import { QUESTION_SECONDS_MAX } from "../../../devices/service/enterprise-app/consent.ts";
import { requestInstallation } from "../../../devices/service/installations.ts";
import {
  NOTIFICATION_LIFE_MS,
  NOTIFIES_EVERY_MS,
  notifyDevice,
} from "../../../devices/service/notify-device.ts";
import { secretHashOf } from "../../../protocols/oma-dm/credentials.ts";
import {
  decodeNotification,
  FALLBACK_NONCE,
  isAuthentic,
} from "../../../protocols/oma-dm/notification.ts";
import { phone } from "../../harness/phone.ts";
import { SiteCore } from "../../harness/site-core.ts";

class FakeTrigger implements DeviceTrigger {
  readonly needsAddress = true;
  readonly sent: Parcel[] = [];
  problem: AppError | undefined;

  async send(parcel: Parcel): Promise<void> {
    if (this.problem) throw this.problem;
    this.sent.push(parcel);
  }
}

/** A device that knows this server, and has been here. */
async function world() {
  const core = await SiteCore.open();
  const trigger = new FakeTrigger();
  core.trigger = trigger;
  const made = await core.device("one", { mutual: true });
  const { server, id } = made;
  if (!server) throw new Error("no server password");
  const secretHash = secretHashOf(server.serverId, server.password);
  await made.raw.session(phone({ seen: [] }));
  core.nowMs += 2 * NOTIFIES_EVERY_MS;
  return { core, trigger, secretHash, ...made, id };
}

const last = (trigger: FakeTrigger) => {
  const parcel = trigger.sent.at(-1);
  if (!parcel) throw new Error("nothing was sent");
  return { parcel, received: decodeNotification(parcel.notification) };
};

async function giveNonce(core: SiteCore, id: DeviceId, serverNonce: string): Promise<void> {
  const credential = await core.context.store.credential(id);
  if (!credential) throw new Error("no credential");
  await core.context.store.commit([{ device: id, credential: { ...credential, serverNonce } }]);
}

describe("calling a device", () => {
  test("sends where it was last, signed with the nonce that it gave", async () => {
    const { core, trigger, secretHash, id } = await world();
    await using _ = core;
    const nonce = Buffer.from("the last one").toString("base64");
    await giveNonce(core, id, nonce);
    const notified = await notifyDevice(core.context, id);
    const { parcel, received } = last(trigger);
    expect(notified).toEqual({
      sessionId: parcel.sessionId.toString(16).toUpperCase(),
      addresses: ["192.168.1.20"],
      atMs: core.nowMs,
    });
    expect(parcel).toMatchObject({ device: id, addresses: ["192.168.1.20"] });
    expect(received.notification).toMatchObject({
      serverId: "outpost",
      sessionId: parcel.sessionId,
      uiMode: "background",
      initiator: "server",
    });
    expect(isAuthentic(received, { secretHash, nonce })).toBe(true);
  });

  test("again asks for the same session with the nonce of last resort, until it has come", async () => {
    const { core, trigger, secretHash, id, raw } = await world();
    await using _ = core;
    const first = await notifyDevice(core.context, id);
    core.restart();
    const second = await notifyDevice(core.context, id);
    expect(second.sessionId).toBe(first.sessionId);
    expect(isAuthentic(last(trigger).received, { secretHash, nonce: FALLBACK_NONCE })).toBe(true);
    expect((await readDmAccount(core.context, id))?.notifiedSession).toBe(first.sessionId);

    await raw.session(phone({ seen: [] }));
    expect((await readDmAccount(core.context, id))?.notifiedSession).toBeNull();
    const third = await notifyDevice(core.context, id);
    expect(third.sessionId).not.toBe(first.sessionId);
    expect(isAuthentic(last(trigger).received, { secretHash, nonce: "" })).toBe(true);

    core.nowMs += NOTIFICATION_LIFE_MS;
    expect((await readDmAccount(core.context, id))?.notifiedSession).toBeNull();
    expect((await notifyDevice(core.context, id)).sessionId).not.toBe(third.sessionId);
  });

  test("goes where the device is said to listen", async () => {
    const { core, trigger, id } = await world();
    await using _ = core;
    await changeDmAccount(core.context, id, { notifyAddress: " 10.1.2.3:4000 " });
    await notifyDevice(core.context, id);
    expect(last(trigger).parcel.addresses).toEqual(["10.1.2.3:4000"]);
    await changeDmAccount(core.context, id, { notifyAddress: null });
    await notifyDevice(core.context, id);
    expect(last(trigger).parcel.addresses).toEqual(["192.168.1.20"]);
  });

  test.each([
    "",
    "-v",
    "--config=/etc/passwd",
    "a b",
    "a;b",
    "$(id)",
    "a'b",
    "a\nb",
    "x".repeat(256),
  ])("takes no address such as %p", async (notifyAddress) => {
    const { core, id } = await world();
    await using _ = core;
    expect(changeDmAccount(core.context, id, { notifyAddress })).rejects.toMatchObject({
      code: "unprocessable",
      fields: [{ pointer: "/notifyAddress" }],
    });
  });

  test("says what is missing", async () => {
    const { core, id } = await world();
    await using _ = core;
    const { context } = core;
    const problem = (device: DeviceId) => notifyDevice(context, device).then(() => "", String);
    const stranger = await core.device("two", { mutual: true });
    expect(await problem(stranger.id)).toContain("write its address down");
    const plain = await core.device("three");
    expect(await problem(plain.id)).toContain("no password of this server");
    expect(notifyDevice(context, "nobody" as DeviceId)).rejects.toMatchObject({
      code: "not-found",
    });
    await removeDevice(context, id);
    expect(await problem(id)).toContain("was removed");
    core.trigger = undefined;
    expect(await problem(stranger.id)).toContain("OUTPOST_NOTIFY_BY");
    expect((await readDmAccount(context, stranger.id))?.reach.problem).toContain("not configured");
  });

  test("tells when it could not be sent", async () => {
    const { core, trigger, id } = await world();
    await using _ = core;
    trigger.problem = new AppError("unavailable", "no route");
    expect(notifyDevice(core.context, id)).rejects.toThrow("no route");
  });
});

describe("work that is asked for", () => {
  test("calls its device, once for all that comes in a row", async () => {
    const { core, trigger, id } = await world();
    await using _ = core;
    const distribution = await core.distribute("1.0");
    const key = { site: core.context.site, device: id, distribution };
    await requestInstallation(core.context, key, "test");
    expect(trigger.sent).toHaveLength(1);
    await requestInstallation(core.context, key, "test");
    await requestEnrolment(core.context, id, "admin");
    expect(trigger.sent).toHaveLength(1);
    core.nowMs += NOTIFIES_EVERY_MS;
    await requestEnrolment(core.context, id, "admin");
    expect(trigger.sent).toHaveLength(2);
    expect(trigger.sent[1]?.sessionId).toBe(trigger.sent[0]?.sessionId);
  });

  test("does not call a device that is in a session", async () => {
    const { core, trigger, id, raw } = await world();
    await using _ = core;
    await raw.open();
    await requestEnrolment(core.context, id, "admin");
    expect(trigger.sent).toHaveLength(0);
    core.nowMs += NOTIFIES_EVERY_MS;
    await requestEnrolment(core.context, id, "admin");
    expect(trigger.sent).toHaveLength(1);
  });

  test("does not call a device whose user is reading a question", async () => {
    const { core, trigger, id, raw } = await world();
    await using _ = core;
    const distribution = await core.distribute("1.0", { question: "Install it now?" });
    const key = { site: core.context.site, device: id, distribution };
    await requestInstallation(core.context, key, "test");
    const called = trigger.sent.length;
    let answer = await raw.open();
    while (!answer.commands.some(({ name }) => name === "Alert")) {
      answer = await raw.reply(answer, phone({ seen: [] }));
    }
    core.nowMs += QUESTION_SECONDS_MAX * 1000;
    await requestEnrolment(core.context, id, "admin");
    expect(trigger.sent).toHaveLength(called);
    core.nowMs += NOTIFIES_EVERY_MS;
    await requestEnrolment(core.context, id, "admin");
    expect(trigger.sent).toHaveLength(called + 1);
  });

  test("is taken all the same where the device cannot be called", async () => {
    const { core, trigger, id } = await world();
    await using _ = core;
    const distribution = await core.distribute("1.0");
    trigger.problem = new AppError("unavailable", "no route");
    const key = { site: core.context.site, device: id, distribution };
    expect((await requestInstallation(core.context, key, "test")).requestedAtMs).toBe(core.nowMs);
    const plain = await core.device("three");
    await requestEnrolment(core.context, plain.id, "admin");
    expect(trigger.sent).toHaveLength(0);
  });
});
