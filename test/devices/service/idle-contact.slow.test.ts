import { expect, test } from "bun:test";
import { checkIn } from "../../../devices/service/agent/check-in.ts";
import { CONTACT_NOTE_MS } from "../../../devices/service/contact/contact.ts";
import { holderOfToken } from "../../../devices/service/contact/device-token.ts";
import { registerDevice } from "../../../devices/service/register-device.ts";
import { DdiSite } from "../../harness/ddi-site.ts";
import { MenderSite } from "../../harness/mender-site.ts";
import { SiteCore } from "../../harness/site-core.ts";
import { countStatements } from "../../harness/statements.ts";

/** A device that has work it did not ask for, and a night to come. */
interface Idle extends AsyncDisposable {
  readonly core: SiteCore;
  poll(): Promise<unknown>;
}

async function agent(): Promise<Idle> {
  const core = await SiteCore.open();
  const { context } = core;
  const registered = await registerDevice(
    context,
    { stableId: "box", platform: "Windows", protocol: "agent" },
    "test",
  );
  await core.distributeAgent("1.0", { mode: "automatic" });
  return {
    core,
    poll: async () => {
      const holder = await holderOfToken(context, "agent", registered.token ?? "");
      if (!holder) throw new Error("the token is not known");
      const how = { token: holder.token, baseUrl: () => "http://site.test" };
      return checkIn(context, holder.device.id, {}, how);
    },
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  };
}

async function ddi(): Promise<Idle> {
  const site = await DdiSite.open();
  const box = await site.device("kiosk");
  await site.distribute("1.0", { mode: "automatic" });
  return {
    core: site.core,
    poll: () => box.poll(),
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

async function mender(): Promise<Idle> {
  const site = await MenderSite.open();
  const { box } = await site.device();
  await site.core.distributeMender("1.0", { mode: "automatic" });
  return {
    core: site.core,
    poll: () => box.next(),
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

test.each([
  ["agent", agent],
  ["ddi", ddi],
  ["mender", mender],
])("%s: a poll with nothing to do asks nothing of the database", async (_, open) => {
  await using idle = await open();
  await idle.core.addWindow("2026-11-01T22:00", 120);
  const statements = countStatements(idle.core.database.connection);
  await idle.poll();
  expect(statements.take()).not.toEqual([]); // It was never here before.
  await idle.poll();
  expect(statements.take()).toEqual([]);
  // But that it was here, once a minute.
  idle.core.nowMs += CONTACT_NOTE_MS;
  await idle.poll();
  expect(statements.take()).toEqual([expect.stringMatching(/^INSERT INTO "?devices"? /i)]);
  await idle.poll();
  expect(statements.take()).toEqual([]);
});
