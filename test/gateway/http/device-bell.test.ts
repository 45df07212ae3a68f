import { expect, test } from "bun:test";
import { parseDeviceId } from "../../../devices/model/ids.ts";
import { DeviceBell } from "../../../gateway/http/device-bell.ts";

const HOUR_MS = 3_600_000;

function id(digit: string) {
  const device = parseDeviceId(digit.repeat(32));
  if (!device) throw new Error("no device id");
  return device;
}
const [A, B] = [id("a"), id("b")];

/** Whether it is over without time having passed. */
async function isOver(waiting: Promise<void>): Promise<boolean> {
  const later = new Promise<boolean>((resolve) => setImmediate(() => resolve(false)));
  return await Promise.race([waiting.then(() => true), later]);
}

test("a ring wakes who waits for that device, and nobody else", async () => {
  const bell = new DeviceBell();
  using one = bell.listen(A);
  using other = bell.listen(B);
  const [waits, otherWaits] = [one.wait(HOUR_MS), other.wait(HOUR_MS)];
  bell.ring(A);
  expect([await isOver(waits), await isOver(otherWaits)]).toEqual([true, false]);
  expect(one.hasEnded).toBe(false);
  // What rang is heard once.
  expect(await isOver(one.wait(HOUR_MS))).toBe(false);
});

test("what rings between listening and waiting is not missed, what rang before is not heard", async () => {
  const bell = new DeviceBell();
  bell.ring(A);
  using waiter = bell.listen(A);
  expect(await isOver(waiter.wait(HOUR_MS))).toBe(false);
  using next = bell.listen(A);
  bell.ring(A);
  bell.ring(A);
  expect(await isOver(next.wait(HOUR_MS))).toBe(true);
  expect(await isOver(next.wait(HOUR_MS))).toBe(false);
});

test("a later one takes the place of who waits, and the former's end does not end it", async () => {
  const bell = new DeviceBell();
  const former = bell.listen(A);
  const waits = former.wait(HOUR_MS);
  using latter = bell.listen(A);
  expect([await isOver(waits), former.hasEnded, latter.hasEnded]).toEqual([true, true, false]);
  former[Symbol.dispose]();
  const latterWaits = latter.wait(HOUR_MS);
  bell.ring(A);
  expect(await isOver(latterWaits)).toBe(true);
});

test("time runs out without a ring, and nothing has ended by that", async () => {
  using waiter = new DeviceBell().listen(A);
  await waiter.wait(1);
  expect(waiter.hasEnded).toBe(false);
});

test("when the gateway stops all are let go, and who comes later does not wait", async () => {
  const bell = new DeviceBell();
  const waiters = [bell.listen(A), bell.listen(B)];
  const waits = waiters.map((one) => one.wait(HOUR_MS));
  bell.close();
  for (const one of waits) expect(await isOver(one)).toBe(true);
  expect(waiters.every(({ hasEnded }) => hasEnded)).toBe(true);
  using late = bell.listen(A);
  expect([late.hasEnded, await isOver(late.wait(HOUR_MS))]).toEqual([true, true]);
});
