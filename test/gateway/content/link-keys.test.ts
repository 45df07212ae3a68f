import { describe, expect, test } from "bun:test";
import { parseDeviceId } from "../../../devices/model/ids.ts";
import { DeviceUrls } from "../../../gateway/content/device-urls.ts";
import {
  FORMER_KEY_MS_MAX,
  FORMER_KEYS_MAX,
  LinkKeys,
} from "../../../gateway/content/link-keys.ts";
import { fileOf, oneLinkKey } from "./content-harness.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 10, 21, 10, 20);
const device = parseDeviceId("0123456789abcdef".repeat(2));
if (!device) throw new Error("not a device");
const file = fileOf("pos.xap", new Uint8Array(1));

/** A site's values, its links and its clock; `open` is a new process over the same disk. */
async function site(kept: readonly (readonly [string, string])[] = []) {
  const disk = new Map(kept);
  const values = {
    get: (name: string) => disk.get(name),
    put: async (name: string, value: string | null) => {
      if (value === null) disk.delete(name);
      else disk.set(name, value);
    },
  };
  const clock = { nowMs: START_MS };
  const now = () => clock.nowMs;
  const open = () => LinkKeys.open(values, now);
  const link = (keys: LinkKeys, untilMs = 0) =>
    new URL(new DeviceUrls(keys, now).urlFor(file, device as never, untilMs, "http://site"));
  const isGood = (keys: LinkKeys, url: URL) => {
    const of = (name: string) => url.searchParams.get(name) ?? "";
    try {
      const query = { device: of("device"), exp: of("exp"), sig: of("sig") };
      return new DeviceUrls(keys, now).check(file.sha256, query) === device;
    } catch {
      return false;
    }
  };
  return { disk, clock, open, link, isGood };
}

describe("LinkKeys", () => {
  test("are made once, and are the same after a restart", async () => {
    const { open, link, isGood } = await site();
    const first = await open();
    const url = link(first);
    const again = await open();
    expect(isGood(again, url)).toBe(true);
    expect(link(again).href).toBe(url.href);
    expect(again.view()).toEqual({ sinceMs: null, former: [] });
  });

  test("a database from before goes on with the key that it has", async () => {
    const key = new Uint8Array(32).fill(5);
    const { disk, open, link } = await site([
      ["identity/link-key", Buffer.from(key).toString("base64")],
    ]);
    const old = new DeviceUrls(oneLinkKey(key), () => START_MS);
    expect(link(await open()).href).toBe(old.urlFor(file, device as never, 0, "http://site"));
    expect([...disk.keys()]).toEqual(["identity/link-keys"]);
  });

  test("after a change a new key signs; former links are good until they expire, also after a restart", async () => {
    const { clock, open, link, isGood } = await site();
    const keys = await open();
    const url = link(keys);
    await keys.rotate(FORMER_KEY_MS_MAX);
    expect(link(keys).href).not.toBe(url.href);
    for (const one of [keys, await open()]) {
      expect(isGood(one, url)).toBe(true);
      expect(isGood(one, link(one))).toBe(true);
      expect(one.view()).toEqual({
        sinceMs: START_MS,
        former: [{ untilMs: START_MS + FORMER_KEY_MS_MAX }],
      });
    }
    clock.nowMs = Number(url.searchParams.get("exp")) * 1000;
    expect(isGood(keys, url)).toBe(false);
  });

  test("no former link is good for longer than the time that was named, however late it expires", async () => {
    const { clock, open, link, isGood } = await site();
    const keys = await open();
    const url = link(keys, START_MS + 30 * 24 * HOUR_MS);
    await keys.rotate(2 * HOUR_MS);
    clock.nowMs += 2 * HOUR_MS - 1;
    expect(isGood(keys, url)).toBe(true);
    clock.nowMs += 1;
    expect(isGood(keys, url)).toBe(false);
    expect(keys.view().former).toEqual([]);

    const late = link(keys, clock.nowMs + 30 * 24 * HOUR_MS);
    await keys.rotate(100 * FORMER_KEY_MS_MAX);
    clock.nowMs += FORMER_KEY_MS_MAX;
    expect(isGood(keys, late)).toBe(false);
  });

  test("0 ends all former links at once, also those of earlier keys", async () => {
    const { open, link, isGood } = await site();
    const keys = await open();
    const urls = [link(keys)];
    await keys.rotate(FORMER_KEY_MS_MAX);
    urls.push(link(keys));
    expect(urls.map((url) => isGood(keys, url))).toEqual([true, true]);
    await keys.rotate(0);
    expect(urls.map((url) => isGood(keys, url))).toEqual([false, false]);
    expect(isGood(keys, link(keys))).toBe(true);
  });

  test(`at most ${FORMER_KEYS_MAX} former keys are good at once; then only ending them helps`, async () => {
    const { open, link, isGood } = await site();
    const keys = await open();
    const first = link(keys);
    for (let time = 0; time < FORMER_KEYS_MAX; time++) await keys.rotate(FORMER_KEY_MS_MAX);
    expect(isGood(keys, first)).toBe(true);
    await expect(keys.rotate(FORMER_KEY_MS_MAX)).rejects.toMatchObject({ code: "conflict" });
    expect(isGood(keys, first)).toBe(true);
    await keys.rotate(0);
    expect(isGood(keys, first)).toBe(false);
  });
});
