import { expect, test } from "bun:test";
import { requestInstallation } from "../../../devices/service/installations.ts";
import { type PhoneState, phone } from "../../harness/phone.ts";
import { RawDevice } from "../../harness/raw-device.ts";
import { SiteCore } from "../../harness/site-core.ts";

test("a device whose sessions all have one id is asked anew in each of them", async () => {
  await using core = await SiteCore.open();
  const { id, raw } = await core.device("one");
  const constant = new RawDevice({
    ...raw.options,
    fetch: (url, init) => {
      const body = String(init.body).replace(/<SessionID>\d+</, "<SessionID>1<");
      return core.fetch(url, { ...init, body });
    },
  });
  const distribution = await core.distribute("1.0.0.0");
  const key = { site: core.context.site, device: id, distribution };
  await requestInstallation(core.context, key, "test");
  const state: PhoneState = { seen: [], installed: null, download: null };
  await constant.session(phone(state));
  const said: (string | null)[] = [];
  for (const status of [2, 3, 5]) {
    await core.advance(60_000);
    state.download = { status };
    await constant.session(phone(state));
    said.push((await core.row(id, distribution)).nativeValue);
  }
  expect(said).toEqual(["2", "3", "5"]);
});

test("a stranger in between does not make the site forget what it said", async () => {
  await using core = await SiteCore.open();
  const { id, raw } = await core.device("one");
  const distribution = await core.distribute("1.0.0.0");
  const key = { site: core.context.site, device: id, distribution };
  await requestInstallation(core.context, key, "test");
  const state: PhoneState = { seen: [], installed: null, download: null };
  // Credentials come with the first message only: the session itself is trusted after.
  const trusting = new RawDevice({
    ...raw.options,
    fetch: (url, init) => {
      const body = String(init.body);
      const isFirst = body.includes("<MsgID>1<");
      return core.fetch(url, {
        ...init,
        body: isFirst ? body : body.replace(/<Cred>.*<\/Cred>/s, ""),
      });
    },
  });
  let answer = await trusting.open();
  while (!answer.commands.some(({ name }) => name === "Atomic")) {
    answer = await trusting.reply(answer, phone(state));
  }
  const stranger = new RawDevice({
    ...raw.options,
    password: "wrong",
    fetch: (url, init) => {
      const body = String(init.body).replace(/<SessionID>\d+</, "<SessionID>99<");
      return core.fetch(url, { ...init, body });
    },
  });
  expect((await stranger.open()).statuses[0]?.code).toBe(401);
  await trusting.reply(answer, phone(state));
  expect((await core.row(id, distribution)).nativeValue).toBe("accepted");
});
