import { describe, expect, test } from "bun:test";
import { parseDeviceId } from "../../../devices/model/ids.ts";
import {
  DeviceUrls,
  LINK_KEY_BYTES_MIN,
  LINK_LIFE_MS,
} from "../../../gateway/content/device-urls.ts";
import { fileOf, oneLinkKey, sha256Of } from "./content-harness.ts";

const device = parseDeviceId("0123456789abcdef".repeat(2));
if (!device) throw new Error("not a device");
const file = fileOf("Größe 1 & 2.cab", new Uint8Array(1));
const clock = { nowMs: Date.UTC(2026, 10, 21, 10, 20) };
const urls = new DeviceUrls(oneLinkKey(new Uint8Array(32).fill(9)), () => clock.nowMs);

describe("DeviceUrls", () => {
  test("a link names the file, the device, an expiry in seconds and a signature", () => {
    const url = urls.urlFor(file, device, 0, "https://site.example/");
    expect(url).toMatch(
      new RegExp(
        `^https://site\\.example/content/${file.sha256}/Gr%C3%B6%C3%9Fe%201%20%26%202\\.cab` +
          `\\?device=${device}&exp=\\d{10}&sig=[A-Za-z0-9_-]{43}$`,
      ),
    );
  });

  test.each([
    ["at least a day", 0, Date.UTC(2026, 10, 22, 11)],
    [
      "until the occurrence's end when that is later",
      Date.UTC(2026, 10, 25, 3, 30),
      Date.UTC(2026, 10, 25, 4),
    ],
    ["no longer when the end is a full hour", Date.UTC(2026, 10, 25, 3), Date.UTC(2026, 10, 25, 3)],
  ])("lives %s", (_, untilMs, expiresAtMs) => {
    expect(Number(query(untilMs).exp) * 1000).toBe(expiresAtMs);
    expect(expiresAtMs).toBeGreaterThanOrEqual(Math.max(untilMs, clock.nowMs + LINK_LIFE_MS));
  });

  test("is the same when asked for again within the hour", () => {
    const before = urls.urlFor(file, device, 0, "http://a");
    clock.nowMs += 39 * 60_000;
    expect(urls.urlFor(file, device, 0, "http://a")).toBe(before);
    clock.nowMs -= 39 * 60_000;
  });

  test("is good until its last millisecond, and then says that it expired", () => {
    const good = query(0);
    const nowMs = clock.nowMs;
    clock.nowMs = Number(good.exp) * 1000 - 1;
    expect(urls.check(file.sha256, good)).toBe(device);
    clock.nowMs += 1;
    expect(() => urls.check(file.sha256, good)).toThrow("expired at 2026-11-22T11:00:00.000Z");
    clock.nowMs = nowMs;
  });

  test.each([
    ["another file", sha256Of("other"), {}],
    ["another device", file.sha256, { device: "f".repeat(32) }],
    ["a later expiry", file.sha256, { exp: "9999999999" }],
    ["an expiry that is no number", file.sha256, { exp: "Infinity" }],
    ["no signature", file.sha256, { sig: "" }],
    ["a short signature", file.sha256, { sig: "A" }],
    ["a changed signature", file.sha256, { sig: `${query(0).sig.slice(0, 42)}*` }],
    ["a padded signature", file.sha256, { sig: `${query(0).sig}=` }],
    ["nothing", file.sha256, { device: "", exp: "", sig: "" }],
  ])("refuses %s", (_, sha256, changed) => {
    expect(() => urls.check(sha256, { ...query(0), ...changed })).toThrow(
      "not made by this gateway",
    );
  });

  test("refuses a link of another site's key, and a key that is too short", () => {
    const other = new DeviceUrls(oneLinkKey(new Uint8Array(32).fill(8)), () => clock.nowMs);
    expect(() => other.check(file.sha256, query(0))).toThrow("not made by this gateway");
    expect(
      () => new DeviceUrls(oneLinkKey(new Uint8Array(LINK_KEY_BYTES_MIN - 1)), () => 0),
    ).toThrow("32 bytes");
  });
});

function query(untilMs: number) {
  const { searchParams } = new URL(urls.urlFor(file, device as never, untilMs, "http://a"));
  const read = (name: string) => searchParams.get(name) ?? "";
  return { device: read("device"), exp: read("exp"), sig: read("sig") };
}
