import { describe, expect, test } from "bun:test";
import { createSocket } from "node:dgram";
import type { DeviceId } from "../../devices/model/ids.ts";
import type { DeviceTrigger, Parcel } from "../../devices/ports/device-trigger.ts";
import { wrapPush } from "../../protocols/oma-dm/wap-push.ts";

const NOTIFICATION = Uint8Array.from({ length: 40 }, (_, index) => index * 5);
const SESSION = 0x2a;
const PUSH = Buffer.from(wrapPush(NOTIFICATION, SESSION));

const parcel = (addresses: readonly string[]): Parcel => ({
  device: "device-1" as DeviceId,
  addresses,
  notification: NOTIFICATION,
  sessionId: SESSION,
});

/** A device that listens for datagrams on loopback. */
export async function listen() {
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

/**
 * What holds for every trigger, however it brings a notification.
 *
 * @param make a trigger that brings the push to UDP addresses; `nowhere` is one that it cannot reach
 */
export function deviceTriggerContract(
  name: string,
  make: () => { readonly trigger: DeviceTrigger; readonly nowhere: string },
): void {
  describe(`${name} is a trigger`, () => {
    test("that brings the notification, byte for byte, to every place where the device may be", async () => {
      using one = await listen();
      using two = await listen();
      const { trigger } = make();
      expect(trigger.needsAddress).toBe(true);
      await trigger.send(parcel([one.address, two.address]));
      expect(await one.next()).toEqual(PUSH);
      expect(await two.next()).toEqual(PUSH);
    });

    test("that may be asked again: the same comes again", async () => {
      using one = await listen();
      const { trigger } = make();
      await trigger.send(parcel([one.address]));
      await trigger.send(parcel([one.address]));
      expect([await one.next(), await one.next()]).toEqual([PUSH, PUSH]);
    });

    test("that brings several at once", async () => {
      const { trigger } = make();
      using one = await listen();
      const many = Array.from({ length: 6 }, () => trigger.send(parcel([one.address])));
      await Promise.all(many);
      for (let index = 0; index < 6; index++) expect(await one.next()).toEqual(PUSH);
    });

    test("that is content with one place that it reaches", async () => {
      using one = await listen();
      const { trigger, nowhere } = make();
      await trigger.send(parcel([nowhere, one.address]));
      expect(await one.next()).toEqual(PUSH);
    });

    test("that says why it reached none", async () => {
      const { trigger, nowhere } = make();
      expect(trigger.send(parcel([nowhere]))).rejects.toMatchObject({ code: "unavailable" });
    });

    test("that needs to know a place", async () => {
      const { trigger } = make();
      expect(trigger.send(parcel([]))).rejects.toMatchObject({
        code: expect.stringMatching(/^(conflict|unavailable)$/),
      });
    });
  });
}
