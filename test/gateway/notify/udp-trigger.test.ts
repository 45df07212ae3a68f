import { expect, test } from "bun:test";
import type { DeviceId } from "../../../devices/model/ids.ts";
import { udpTrigger } from "../../../gateway/notify/udp-trigger.ts";
import { deviceTriggerContract } from "../../contracts/device-trigger.contract.ts";

deviceTriggerContract("a datagram", () => ({
  trigger: udpTrigger,
  nowhere: "no-such-host.invalid",
}));

test("what is no address for a datagram is said to be none", () => {
  const parcel = {
    device: "device-1" as DeviceId,
    addresses: ["+4312345"],
    notification: new Uint8Array(40),
    sessionId: 1,
  };
  expect(udpTrigger.send(parcel)).rejects.toMatchObject({
    code: "conflict",
    message: expect.stringContaining("+4312345"),
  });
});
