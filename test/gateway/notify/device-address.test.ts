import { expect, test } from "bun:test";
import { readDeviceAddress } from "../../../gateway/notify/device-address.ts";

test.each([
  ["10.1.2.3", "10.1.2.3", 2948],
  ["10.1.2.3:65535", "10.1.2.3", 65_535],
  ["till-7.lan", "till-7.lan", 2948],
  ["till-7.lan:1", "till-7.lan", 1],
  ["fd00::7", "fd00::7", 2948],
  ["[fd00::7]:4000", "fd00::7", 4000],
  ["[fd00::7]", "fd00::7", 2948],
])("%s is read", (text, host, port) => {
  expect(readDeviceAddress(text, 2948)).toEqual({ host, port });
});

test.each([
  "",
  ":2948",
  "10.1.2.3:",
  "10.1.2.3:0",
  "10.1.2.3:65536",
  "10.1.2.3:x",
  "[10.1.2.3]:7",
  "[fd00::7",
  "fd00::7:x",
  "+431234",
  "a@b",
])("%p is not an address for a datagram", (text) => {
  expect(readDeviceAddress(text, 2948)).toBeUndefined();
});
