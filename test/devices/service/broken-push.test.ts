import { describe, expect, test } from "bun:test";
import type { DeviceId, DistributionId } from "../../../devices/model/ids.ts";
import { requestInstallation } from "../../../devices/service/installations.ts";
import { type PhoneState, phone } from "../../harness/phone.ts";
import type { RawCommand, RawDevice, RawReply } from "../../harness/raw-device.ts";
import { P1_DOWNLOAD, SiteCore } from "../../harness/site-core.ts";

const MINUTE_MS = 60_000;

/** A device that keeps what is written to its download node, as real ones do. */
class NodePhone {
  readonly state: PhoneState = { seen: [], installed: null, say: (command) => this.#say(command) };
  /** The download node; null: there is none. */
  node: { version: string; status: number } | null = null;
  /** Versions whose download was started by Exec. */
  readonly started: string[] = [];
  readonly #hasAtomic: boolean;

  constructor(hasAtomic: boolean) {
    this.#hasAtomic = hasAtomic;
  }

  get handler() {
    return phone(this.state);
  }

  /** The running download ends. */
  finish(): void {
    if (!this.node) throw new Error("nothing runs");
    this.node.status = 5;
    this.state.installed = this.node.version;
  }

  #say(command: RawCommand): RawReply | undefined {
    if (command.name === "Atomic") {
      if (!this.#hasAtomic) return { code: 501 };
      const members = command.children.map((child) => this.#say(child) ?? { code: 200 });
      const failed = members.some(({ code }) => code >= 300);
      return { code: failed ? 507 : 200, members };
    }
    const uri = command.items[0]?.uri ?? "";
    if (!uri.startsWith(P1_DOWNLOAD)) return undefined;
    if (command.name === "Add" && this.node) return { code: 418 };
    if (command.name === "Replace" && !this.node) return { code: 404 };
    if (command.name === "Add" || command.name === "Replace") {
      const version = command.items.find((item) => item.uri.endsWith("/Version"))?.data ?? "";
      this.node = { version, status: this.node?.status ?? 1 };
      return { code: 200 };
    }
    if (command.name === "Exec") {
      if (!this.node) return { code: 404 };
      this.node.status = 2;
      this.started.push(this.node.version);
      return { code: 202 };
    }
    if (!this.node) return { code: 404 };
    const data = { Status: String(this.node.status), Version: this.node.version }[
      uri.split("/").at(-1) ?? ""
    ];
    return { code: 200, results: [{ uri, data: data ?? "" }] };
  }
}

async function ask(core: SiteCore, device: DeviceId, distribution: DistributionId) {
  const key = { site: core.context.site, distribution, device };
  await requestInstallation(core.context, key, "test");
}

/** A session that breaks off when a command of this name has come; `hears` it or not. */
async function breakAt(
  raw: RawDevice,
  device: NodePhone,
  name: string,
  { hears }: { readonly hears: boolean },
): Promise<void> {
  let answer = await raw.open();
  while (!answer.commands.some((command) => command.name === name)) {
    if (answer.commands.length === 0) throw new Error(`no ${name} came`);
    answer = await raw.reply(answer, device.handler);
  }
  if (hears) for (const command of answer.commands) device.handler(command);
}

/** A device that has version 1.0 by us, so that a node of an earlier update is there: 5, installed. */
async function updated(hasAtomic: boolean) {
  const core = await SiteCore.open();
  const { id, raw } = await core.device("one");
  const device = new NodePhone(hasAtomic);
  const first = await core.distribute("1.0.0.0");
  await ask(core, id, first);
  await raw.session(device.handler);
  await core.advance(MINUTE_MS);
  device.finish();
  await raw.session(device.handler);
  await core.advance(MINUTE_MS);
  await raw.session(device.handler);
  expect(await core.row(id, first)).toMatchObject({ status: "installed", version: "1.0.0.0" });
  device.started.length = 0;
  return { core, id, raw, device, first };
}

describe("without Atomic, a session that breaks between the writes and the Exec", () => {
  for (const [when, name, hears] of [
    ["when the writes were sent, and did not arrive", "Replace", false],
    ["when the writes arrived", "Replace", true],
    ["when the Exec was sent, and did not arrive", "Exec", false],
  ] as const) {
    test(`${when}: the work is done again, and a former success is not taken for it`, async () => {
      const { core, id, raw, device } = await updated(false);
      await using _ = core;
      const distribution = await core.distribute("2.0.0.0");
      await ask(core, id, distribution);
      await breakAt(raw, device, name, { hears });
      await core.advance(MINUTE_MS);
      await raw.session(device.handler);
      expect(device.started).toEqual(["2.0.0.0"]);
      const sent = await core.row(id, distribution);
      expect(sent).toMatchObject({ status: "pending_update", nativeValue: "accepted", attempt: 1 });
      device.finish();
      await core.advance(MINUTE_MS);
      await raw.session(device.handler);
      expect(await core.row(id, distribution)).toMatchObject({
        status: "installed",
        version: "2.0.0.0",
      });
    });
  }

  test("on a device that has no node yet, the Exec is made up for", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const device = new NodePhone(false);
    const distribution = await core.distribute("1.0.0.0");
    await ask(core, id, distribution);
    await breakAt(raw, device, "Exec", { hears: false });
    expect(device.node).toEqual({ version: "1.0.0.0", status: 1 });
    await core.advance(MINUTE_MS);
    await raw.session(device.handler);
    expect(device.started).toEqual(["1.0.0.0"]);
  });

  test("when the Exec arrived and its answer was lost: it is left to run, and the inventory decides", async () => {
    const { core, id, raw, device } = await updated(false);
    await using _ = core;
    const distribution = await core.distribute("2.0.0.0");
    await ask(core, id, distribution);
    await breakAt(raw, device, "Exec", { hears: true });
    await core.advance(MINUTE_MS);
    await raw.session(device.handler);
    expect(device.started).toEqual(["2.0.0.0"]);
    expect((await core.row(id, distribution)).status).not.toBe("installed");
    device.finish();
    await core.advance(MINUTE_MS);
    await raw.session(device.handler);
    expect(device.started).toEqual(["2.0.0.0"]);
    expect(await core.row(id, distribution)).toMatchObject({
      status: "installed",
      version: "2.0.0.0",
      attempt: 1,
    });
  });

  test("goes on in the same session where it stopped, also when the gateway was restarted", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const device = new NodePhone(false);
    const distribution = await core.distribute("1.0.0.0");
    await ask(core, id, distribution);
    let answer = await raw.open();
    while (!answer.commands.some(({ name }) => name === "Add" && device.node === null)) {
      answer = await raw.reply(answer, device.handler);
      if (answer.commands.some(({ items }) => items[0]?.uri.startsWith(P1_DOWNLOAD))) break;
    }
    core.restart();
    while (answer.commands.length > 0) answer = await raw.reply(answer, device.handler);
    expect(device.started).toEqual(["1.0.0.0"]);
    expect((await core.row(id, distribution)).nativeValue).toBe("accepted");
  });

  test("stopped meanwhile, it is not executed", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const device = new NodePhone(false);
    const distribution = await core.distribute("1.0.0.0");
    await ask(core, id, distribution);
    await breakAt(raw, device, "Exec", { hears: false });
    await core.change({
      distributions: core.policy.distributions.map((one) => ({ ...one, stoppedAtMs: core.nowMs })),
    });
    await core.advance(MINUTE_MS);
    await raw.session(device.handler);
    await raw.session(device.handler);
    expect(device.started).toEqual([]);
    expect(await core.row(id, distribution)).toMatchObject({
      status: "pending_install",
      counted: false,
      offeredAtMs: null,
    });
  });
});

describe("with Atomic", () => {
  test("an app that is put back is not said to be there by the node of its first install", async () => {
    const { core, id, raw, device, first } = await updated(true);
    await using _ = core;
    // The user removes it; asked for again, it is the same version under the same node.
    device.state.installed = null;
    await core.advance(25 * 60 * MINUTE_MS);
    await raw.session(device.handler);
    expect((await core.row(id, first)).status).toBe("removed_after_installation");
    await ask(core, id, first);
    await breakAt(raw, device, "Atomic", { hears: false });
    await core.advance(MINUTE_MS);
    await raw.session(device.handler);
    expect(device.started).toEqual(["1.0.0.0"]);
    expect(await core.row(id, first)).toMatchObject({ status: "pending_install", attempt: 2 });
  });

  test("when only the acceptance was lost, the work is not sent twice", async () => {
    const { core, id, raw, device } = await updated(true);
    await using _ = core;
    const distribution = await core.distribute("2.0.0.0");
    await ask(core, id, distribution);
    await breakAt(raw, device, "Atomic", { hears: true });
    await core.advance(MINUTE_MS);
    await raw.session(device.handler);
    expect(device.started).toEqual(["2.0.0.0"]);
    expect((await core.row(id, distribution)).status).toBe("updating");
  });
});
