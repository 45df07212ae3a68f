import { describe, expect, test } from "bun:test";
import { FAILURES_MAX, STRANGE_FAILURES_MAX } from "../../../devices/service/login-guard.ts";
import { rotateSecret } from "../../../devices/service/register-device.ts";
import { phone } from "../../harness/phone.ts";
import { RawDevice } from "../../harness/raw-device.ts";
import { SiteCore } from "../../harness/site-core.ts";

const HOME = "192.168.1.20";
const THIEF = "192.168.1.66";

/** A device that has logged in from HOME, and somebody who guesses its secret. */
async function deviceAndThief(core: SiteCore) {
  const { id, raw } = await core.device("one");
  await raw.session(phone({ seen: [] }));
  const thief = new RawDevice({ ...raw.options, password: "not the password" });
  return { id, raw, thief };
}

async function from<T>(core: SiteCore, address: string, work: () => Promise<T>): Promise<T> {
  const before = core.address;
  core.address = address;
  try {
    return await work();
  } finally {
    core.address = before;
  }
}

describe("guessing a device's secret", () => {
  test("from elsewhere blocks the guesser, and never the device", async () => {
    await using core = await SiteCore.open();
    const { raw, thief } = await deviceAndThief(core);
    await from(core, THIEF, async () => {
      for (let guess = 0; guess < FAILURES_MAX; guess++) {
        expect((await thief.open()).statuses[0]?.code).toBe(401);
      }
      await expect(thief.open()).rejects.toThrow("HTTP 429");
      // Not even with the right password: a block that the right guess passes would tell which it is.
      await expect(raw.open()).rejects.toThrow("HTTP 429");
    });
    expect((await raw.open()).statuses[0]?.code).toBe(212);
  });

  test("does not break the session that the device is in, from the same address neither", async () => {
    await using core = await SiteCore.open();
    const { id, raw, thief } = await deviceAndThief(core);
    const device = new RawDevice({ ...raw.options, showsOnce: true });
    await core.advance(25 * 60 * 60_000); // The inventory is due: there is something to say.
    let answer = await device.open();
    expect(answer.commands.length).toBeGreaterThan(0);
    for (let guess = 0; guess < FAILURES_MAX; guess++) await thief.open();
    await expect(thief.open()).rejects.toThrow("HTTP 429");
    while (answer.commands.length > 0) answer = await device.reply(answer, phone({ seen: [] }));
    expect(answer.statuses[0]?.code).toBe(200);
    expect((await core.context.store.find(id))?.inventoryAtMs).toBe(core.nowMs);
  });

  test("from everywhere slows down whoever comes from elsewhere, and never the device at home", async () => {
    await using core = await SiteCore.open();
    const { raw, thief } = await deviceAndThief(core);
    for (let guess = 0; guess < STRANGE_FAILURES_MAX; guess++) {
      await from(core, `10.0.0.${guess}`, () => thief.open());
    }
    await from(core, "10.0.1.1", async () => {
      await expect(thief.open()).rejects.toThrow("HTTP 429");
    });
    expect((await raw.open()).statuses[0]?.code).toBe(212);
    core.nowMs += 60_000;
    await from(core, "10.0.1.1", async () => {
      expect((await raw.open()).statuses[0]?.code).toBe(212);
    });
    // Now it comes from there as well.
    await from(core, "10.0.1.2", async () => {
      expect((await thief.open()).statuses[0]?.code).toBe(401);
    });
    await from(core, "10.0.1.1", async () => {
      expect((await raw.open()).statuses[0]?.code).toBe(212);
    });
  });

  test("a restart gives no guesses back, and forgets no home", async () => {
    await using core = await SiteCore.open();
    const { raw, thief } = await deviceAndThief(core);
    await from(core, THIEF, async () => {
      for (let guess = 0; guess < FAILURES_MAX; guess++) await thief.open();
    });
    core.restart();
    await from(core, THIEF, async () => {
      await expect(thief.open()).rejects.toThrow("HTTP 429");
    });
    expect((await raw.open()).statuses[0]?.code).toBe(212);
  });

  test("a new password forgives the failures of the old one, and keeps the home", async () => {
    await using core = await SiteCore.open();
    const { id, thief } = await deviceAndThief(core);
    for (let guess = 0; guess < FAILURES_MAX; guess++) await thief.open();
    await expect(thief.open()).rejects.toThrow("HTTP 429");
    await rotateSecret(core.context, id);
    expect((await core.context.store.credential(id))?.guard).toMatchObject({
      usual: [HOME],
      failures: [],
    });
  });

  test("a digest that is wrong counts, a message that shows nothing does not", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await deviceAndThief(core);
    const guesser = new RawDevice({ ...raw.options, auth: "md5", password: "wrong" });
    await from(core, THIEF, () => guesser.open());
    const counted = (await core.context.store.credential(id))?.guard.failures;
    expect(counted).toMatchObject([{ address: THIEF }]);
    await from(core, THIEF, async () => {
      await guesser.send(guesser.envelope("<Final/>").replace(/<Cred>.*<\/Cred>/, ""));
    });
    expect((await core.context.store.credential(id))?.guard.failures).toEqual(counted ?? []);
  });
});
