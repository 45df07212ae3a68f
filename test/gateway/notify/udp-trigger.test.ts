import { describe, expect, test } from "bun:test";
import { createSocket } from "node:dgram";
import type { DeviceId } from "../../../devices/model/ids.ts";
import type { Parcel } from "../../../devices/ports/device-trigger.ts";
import { udpTrigger } from "../../../gateway/notify/udp-trigger.ts";
import { wrapPush } from "../../../protocols/oma-dm/wap-push.ts";

const NOTIFICATION = Uint8Array.from({ length: 40 }, (_, index) => index * 5);
const PUSH = wrapPush(NOTIFICATION, 0x2a);

const parcel = (addresses: readonly string[]): Parcel => ({
  device: "device-1" as DeviceId,
  addresses,
  notification: NOTIFICATION,
  sessionId: 0x2a,
});

/** A device that listens on loopback. */
async function listen() {
  const socket = createSocket("udp4");
  const heard: Buffer[] = [];
  let wake = () => {};
  socket.on("message", (bytes) => {
    heard.push(bytes);
    wake();
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    next: async () => {
      while (heard.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return heard.shift();
    },
    [Symbol.dispose]: () => socket.close(),
  };
}

describe("udp", () => {
  test("brings a push to every place where the device may be", async () => {
    using one = await listen();
    using two = await listen();
    await udpTrigger.send(parcel([one.address, two.address]));
    expect(await one.next()).toEqual(Buffer.from(PUSH));
    expect(await two.next()).toEqual(Buffer.from(PUSH));
  });

  test("is content when one of them can be sent to", async () => {
    using one = await listen();
    await udpTrigger.send(parcel(["no-such-host.invalid", one.address]));
    expect(await one.next()).toEqual(Buffer.from(PUSH));
  });

  test("says why it cannot", () => {
    expect(udpTrigger.send(parcel(["no-such-host.invalid"]))).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("no-such-host.invalid"),
    });
    expect(udpTrigger.send(parcel(["+4312345"]))).rejects.toMatchObject({ code: "conflict" });
  });
});
