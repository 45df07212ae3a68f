import { expect, test } from "bun:test";
import { isEmpty, Ledger } from "../../../devices/service/ledger.ts";
import { replan } from "../../../devices/service/replan.ts";
import { type PhoneState, phone } from "../../harness/phone.ts";
import { SiteCore } from "../../harness/site-core.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

test("after each message of an update, planning again changes nothing", async () => {
  await using core = await SiteCore.open();
  const { id, raw } = await core.device("one");
  await core.addWindow("2026-11-21T22:00", 120);
  await core.distribute("1.0.0.0", { mode: "automatic" });
  const state: PhoneState = { seen: [], installed: null, download: null };
  let messages = 0;
  const isPlanned = async () => {
    messages++;
    const view = await core.context.store.view(id);
    if (!view) throw new Error("the device is gone");
    const ledger = new Ledger(view, () => core.context.hlc.next());
    replan(core.context, ledger, { contact: false });
    const changes = ledger.changes(core.policy, core.nowMs);
    expect([messages, isEmpty(changes), changes]).toEqual([messages, true, { device: id }]);
  };
  const session = async () => {
    let answer = await raw.open();
    await isPlanned();
    while (answer.commands.length > 0) {
      answer = await raw.reply(answer, phone(state));
      await isPlanned();
    }
  };

  await session(); // Before the window.
  await core.advance(Date.parse("2026-11-21T22:59:59.999Z") - core.nowMs); // Its last moment.
  await session(); // Sent.
  for (const status of [2, 5]) {
    state.download = { status };
    await core.advance(MINUTE_MS);
    await session();
  }
  // Removed by its user, and put back in the next night.
  await core.advance(DAY_MS - 3 * MINUTE_MS);
  await session();
  expect(state.seen.filter((command) => command.name === "Atomic")).toHaveLength(2);
  expect(messages).toBeGreaterThan(12);
});
