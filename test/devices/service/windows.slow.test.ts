import { expect, test } from "bun:test";
import type { DeviceId } from "../../../devices/model/ids.ts";
import { type PhoneState, phone } from "../../harness/phone.ts";
import type { RawDevice } from "../../harness/raw-device.ts";
import { SiteCore } from "../../harness/site-core.ts";
import { at, MINUTE_MS, moveTo, NOON, newPhone, poll } from "./window-night.ts";

test("S-25 each device is evaluated once, at its own instant, also after a restart", async () => {
  await using core = await SiteCore.open({ nowMs: NOON, seed: 7 });
  await core.addWindow("2026-01-01T22:00", 120);
  const devices: { id: DeviceId; raw: RawDevice; state: PhoneState }[] = [];
  for (let n = 0; n < 40; n++) {
    devices.push({ ...(await core.device(`d${n}`)), state: newPhone() });
  }
  await core.distribute("1.0.0.0", { mode: "automatic" });
  for (const { raw, state } of devices) await raw.session(phone(state)); // Enrolled before the window.
  const offered = new Map<DeviceId, number[]>();
  const polls = [at("24:00") - 1];
  for (let ms = at("21:50"); ms <= at("24:10"); ms += 5 * MINUTE_MS) polls.push(ms);
  for (const ms of polls.sort((one, other) => one - other)) {
    await moveTo(core, ms);
    for (const { id, raw, state } of devices) {
      const sent = await poll(raw, state);
      if (sent.length > 0) offered.set(id, [...(offered.get(id) ?? []), ms]);
    }
  }
  const all = [...offered.values()].flat();
  expect(all).toHaveLength(40);
  expect(offered.size).toBe(40);
  expect(Math.min(...all)).toBeGreaterThanOrEqual(at("22:00"));
  expect(Math.max(...all)).toBeLessThan(at("24:00"));
  const quarters = [0, 1, 2, 3].map(
    (q) => all.filter((ms) => Math.floor((ms - at("22:00")) / (30 * MINUTE_MS)) === q).length,
  );
  expect(Math.min(...quarters)).toBeGreaterThan(2);
});
