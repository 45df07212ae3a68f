import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { AppError } from "../../devices/model/errors.ts";
import type { DeviceTrigger } from "../../devices/ports/device-trigger.ts";
import { NOTIFICATION_PORT } from "../../protocols/oma-dm/notification.ts";
import { wrapPush } from "../../protocols/oma-dm/wap-push.ts";
import { type DeviceAddress, readDeviceAddress } from "./device-address.ts";

/** Sends a notification as one datagram, in the envelope of a WAP push, to where the device listens. */
export const udpTrigger: DeviceTrigger = {
  needsAddress: true,

  async send({ addresses, notification, sessionId }) {
    const datagram = wrapPush(notification, sessionId);
    const targets = addresses.map((address) => {
      const target = readDeviceAddress(address, NOTIFICATION_PORT);
      if (target) return target;
      throw new AppError(
        "conflict",
        `${address} is no address for a datagram: write 10.1.2.3:2948`,
      );
    });
    const sent = await Promise.allSettled(targets.map((target) => sendTo(target, datagram)));
    if (sent.some(({ status }) => status === "fulfilled")) return;
    const [first] = sent;
    const cause = first?.status === "rejected" ? first.reason : undefined;
    const why = cause instanceof Error ? cause.message : "it has no address";
    const where = addresses.join(", ");
    throw new AppError("unavailable", `the device cannot be called at ${where}: ${why}`, { cause });
  },
};

async function sendTo({ host, port }: DeviceAddress, datagram: Uint8Array): Promise<void> {
  const { address, family } = await lookup(host);
  const socket = createSocket(family === 6 ? "udp6" : "udp4");
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.send(datagram, port, address, (error) => (error ? reject(error) : resolve()));
    });
  } finally {
    socket.close();
  }
}
