import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { ENCODINGS, type Encoding } from "../../protocols/syncml/encoding.ts";
import { type PhoneState, phone, shapes } from "../harness/phone.ts";
import type { RawCommand } from "../harness/raw-device.ts";
import { Loose, type Row, Scenario } from "../harness/scenario.ts";
import { settled } from "../harness/settled.ts";
import { EAM, P1, P1_DOWNLOAD } from "../harness/site-core.ts";

const DAY_MS = 24 * 60 * 60_000;
const HOUR_MS = 60 * 60_000;
const MINUTE_MS = 60_000;
const SETTLE_MS = 30_000;
const Inventory = z.looseObject({
  inventory: z.array(z.looseObject({ productId: z.string() })),
});
const DeviceEvent = z.looseObject({ what: z.string() });
const newPhone = (change: Partial<PhoneState> = {}): PhoneState => ({
  seen: [],
  installed: null,
  download: null,
  ...change,
});

/** Bodies, as characters up to U+00FF, and the rule that each of them breaks. */
const BAD: Readonly<Record<Encoding, readonly (readonly [string, string])[]>> = {
  xml: [
    ["", "xml-malformed"],
    ["<SyncML", "xml-malformed"],
    ['<!DOCTYPE x [<!ENTITY a "b">]><SyncML/>', "xml-doctype"],
    ["<SyncML xmlns='SYNCML:SYNCML1.2'><SyncBody><Final/></SyncBody></SyncML>", "syncml-no-header"],
    ["\x02\xa4\x01\x6a\0\x2d", "syncml-encoding"],
  ],
  wbxml: [
    ["", "wbxml-truncated"],
    ["\x02\xa4\x01\x6a\0\x6d", "wbxml-truncated"],
    ["\x02\x04\x6a\0\x2d", "wbxml-public-id"],
    ["\x02\xa4\x01\x6a\0\x6d\x6b\x12\x01\x01", "syncml-no-header"],
    ["<SyncML/>", "syncml-encoding"],
  ],
};

/** Scenarios of section C, over HTTP against one started site per encoding, with its hub; each has its own device. */
describe.each(ENCODINGS)("SyncML scenarios in %s", (encoding) => {
  let site: Scenario;
  let hub: Scenario;
  beforeAll(async () => {
    site = await Scenario.start({ role: "both", settings: { timeZone: "UTC" } });
    await site.prepare();
    hub = site.at(await site.gateway.signIn("/hub"));
  }, 60_000);
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
  });

  const newDevice = (name: string) => site.device(name, {}, { encoding });
  const only = (device: string) => ({ target: { kind: "device", device } });

  test("S-31 session and enrolment", async () => {
    const { raw } = await newDevice("s31");
    const answer = await raw.open();
    expect(answer.statuses.map(({ cmd, msgRef, cmdRef }) => [cmd, msgRef, cmdRef])).toEqual([
      ["SyncHdr", "1", "0"],
      ["Alert", "1", "1"],
      ["Replace", "1", "2"],
    ]);
    expect(answer.commands).toHaveLength(1);
    expect(answer.commands[0]).toMatchObject({
      name: "Add",
      items: [
        { uri: `${EAM}/EnrollmentToken`, format: "chr" },
        { uri: `${EAM}/CertificateSearchCriteria`, format: "chr" },
      ],
    });
    expect(answer.final).toBe(true);
    const next = await raw.reply(answer, phone(newPhone()));
    expect(next.msgId).toBe(answer.msgId + 1);
  });

  test("S-36 the source document's inventory answer as printed, with its oddities", async () => {
    const { id, raw } = await newDevice("s36");
    const printed = await Bun.file("test/fixtures/syncml/fragments/results-inventory.xml").text();
    const state = newPhone({
      say: ({ items }) =>
        items[0]?.uri.includes("StructData") ? { code: 200, printed } : undefined,
    });
    await raw.session(phone(state));
    const { inventory } = await site.api.request(`/api/v1/devices/${id}`, Inventory);
    expect(inventory).toHaveLength(2);
    expect(inventory.find(({ productId }) => productId === P1)).toMatchObject({
      version: null,
      title: null,
      publisher: null,
      installDate: null,
    });
    const second = "B0322158-C3C2-44EB-8A31-D14A9FEC450E";
    expect(inventory.find(({ productId }) => productId === `{${second}}`)).toMatchObject({
      version: "1.0.0.0",
      title: "Sample2",
      publisher: "Contoso",
      installDate: "2012-10-31T21:23:31Z",
    });
    const twice = ["Version", "Title", "Publisher", "InstallDate"].map(
      (leaf) => `${EAM}/EnterpriseApps/Inventory/%7B${second}%7D/${leaf}`,
    );
    const warning = `its list of apps is odd: the device sent these twice, the last value counts: ${twice.join(", ")}`;
    const warned = async () => {
      const told = await site.api.request(`/api/v1/devices/${id}/history`, z.array(DeviceEvent));
      return told.map(({ what }) => what).filter((what) => what.startsWith("its list"));
    };
    expect(await warned()).toEqual([warning]);
    // It says so at each contact, and once is enough for whoever reads it.
    await raw.session(phone(state));
    expect(await warned()).toEqual([warning]);
  });

  test("S-37 an inventory walked node by node, where StructData is refused", async () => {
    const { id, raw } = await newDevice("s37");
    const state = newPhone({
      say: (command) => {
        const uri = command.items[0]?.uri ?? "";
        if (uri.includes("?list=")) return { code: 406 };
        if (uri === `${EAM}/EnterpriseApps/Inventory`) {
          const data = "%7Bb316008a-141d-4a79-810f-8b764c4cfdfb%7D";
          return { code: 200, results: [{ uri, data, format: "node" }] };
        }
        if (uri.endsWith("/Version")) return { code: 200, results: [{ uri, data: "1.2.0.0" }] };
        return undefined;
      },
    });
    await raw.session(phone(state));
    const device = await site.api.request(`/api/v1/devices/${id}`, Loose);
    expect(device.inventory).toMatchObject([
      { productId: "{B316008A-141D-4A79-810F-8B764C4CFDFB}", version: "1.2.0.0" },
    ]);
  });

  test("S-39 update happy path, and the hub shows the same", async () => {
    const { id, raw } = await newDevice("s39");
    const state = newPhone({
      installed: "1.0.0.0",
      say: ({ name }) =>
        name === "Atomic" ? { code: 200, members: [{ code: 200 }, { code: 202 }] } : undefined,
    });
    await raw.session(phone(state));
    const distribution = await site.distribute("2.0.0.0", only(id));
    await site.request(id, distribution);
    const commands = await raw.session(phone(state));
    const atomics = commands.filter(({ name }) => name === "Atomic");
    expect(shapes(atomics)).toEqual([
      "Atomic(Add Name+URL+Version+DownloadInstall, Exec DownloadInstall)",
    ]);
    const [add, exec] = atomics[0]?.children ?? [];
    const product = `${EAM}/EnterpriseApps/Download/%7BB316008A-141D-4A79-810F-8B764C4CFDFB%7D`;
    expect(add?.items).toEqual([
      { uri: `${product}/Name`, data: "ContosoApp1", format: "chr" },
      {
        uri: `${product}/URL`,
        data: expect.stringMatching(new RegExp(`^${site.url}/content/.*/ContosoApp1[.]xap`)),
        format: "chr",
      },
      { uri: `${product}/Version`, data: "2.0.0.0", format: "chr" },
      { uri: `${product}/DownloadInstall`, data: "1", format: undefined },
    ]);
    expect(exec?.items).toEqual([{ uri: `${product}/DownloadInstall`, data: "0", format: "int" }]);

    const statuses: string[] = [];
    for (const status of [1, 2, 3, 4, 5]) {
      await site.gateway.advance(MINUTE_MS);
      state.download = { status };
      if (status === 5) state.installed = "2.0.0.0";
      await raw.session(phone(state));
      const row = await site.row(id, distribution);
      statuses.push(row.statusLabel);
      await settled(`the hub shows ${row.statusLabel} of ${row.observed}`, SETTLE_MS, async () => {
        const [copy] = await hub.rows(`device:${id} distribution:${distribution}`);
        return copy && isDeepStrictEqual(shown(copy), shown(row)) ? copy : undefined;
      });
    }
    expect(statuses).toEqual(["Pending Update", "Updating", "Updating", "Updating", "Installed"]);
    await settled("the hub has the same history", SETTLE_MS, async () => {
      const here = await site.history(id, distribution);
      const there = await hub.history(id, distribution);
      return isDeepStrictEqual(there, here) ? there : undefined;
    });
  }, 60_000);

  test("S-40 418 leads to Replace, and the ping-pong ends", async () => {
    const { id, raw } = await newDevice("s40");
    const distribution = await site.distribute("2.0.0.0", only(id));
    await site.request(id, distribution);
    const state = newPhone({
      say: (command) => {
        if (command.name !== "Atomic") return undefined;
        const write = command.children[0];
        if (write?.name === "Replace") return { code: 200 };
        const itemCodes = write?.items.map((_, index) => (index === 0 ? 418 : 216)) ?? [];
        return { code: 507, members: [{ code: 418, itemCodes }, { code: 216 }] };
      },
    });
    const commands = await raw.session(phone(state));
    expect(shapes(commands).slice(-2)).toEqual([
      "Atomic(Add Name+URL+Version+DownloadInstall, Exec DownloadInstall)",
      "Atomic(Replace Name+URL+Version, Exec DownloadInstall)",
    ]);
    state.download = { status: 2 };
    await raw.session(phone(state));
    expect((await site.row(id, distribution)).status).toBe("installing");

    const stubborn = await newDevice("s40b");
    const second = await site.distribute("2.0.0.0", only(stubborn.id));
    await site.request(stubborn.id, second);
    await stubborn.raw.session(
      phone(
        newPhone({
          say: (command) =>
            command.name === "Atomic"
              ? {
                  code: 507,
                  members: [
                    { code: command.children[0]?.name === "Add" ? 418 : 404 },
                    { code: 216 },
                  ],
                }
              : undefined,
        }),
      ),
    );
    expect(await site.row(stubborn.id, second)).toMatchObject({
      status: "failed",
      state: "Installation failed",
      lastErrorText: expect.stringContaining("418, then 404, then 418"),
    });
  });

  test("S-41 seven days", async () => {
    for (const [name, ageMs, form] of [
      ["s41a", 7 * DAY_MS - MINUTE_MS, "Replace"],
      ["s41b", 7 * DAY_MS, "Add"],
    ] as const) {
      const { id, raw } = await newDevice(name);
      const first = await site.distribute("1.0.0.0", only(id));
      await site.request(id, first);
      const state = newPhone();
      await raw.session(phone(state));
      state.download = { status: 5 };
      state.installed = "1.0.0.0";
      await raw.session(phone(state));
      await site.gateway.advance(ageMs);
      const second = await site.distribute("2.0.0.0", only(id));
      await raw.session(phone(state));
      await site.request(id, second);
      const commands = await raw.session(phone(state));
      const atomic = commands.find((command) => command.name === "Atomic");
      expect(atomic?.children[0]?.name).toBe(form);
    }
  }, 30_000);

  test("S-41 an early expiry: Replace answered 404 falls back to Add in the same session", async () => {
    const { id, raw } = await newDevice("s41c");
    const first = await site.distribute("1.0.0.0", only(id));
    await site.request(id, first);
    const state = newPhone();
    await raw.session(phone(state));
    state.download = { status: 5 };
    state.installed = "1.0.0.0";
    await raw.session(phone(state));
    await site.gateway.advance(2 * DAY_MS);
    await raw.session(phone(state));
    const second = await site.distribute("2.0.0.0", only(id));
    await site.request(id, second);
    state.say = (command) =>
      command.name === "Atomic" && command.children[0]?.name === "Replace"
        ? { code: 507, members: [{ code: 404 }, { code: 216 }] }
        : undefined;
    const commands = await raw.session(phone(state));
    const forms = commands
      .filter((command) => command.name === "Atomic")
      .map((command) => command.children[0]?.name);
    expect(forms).toEqual(["Replace", "Add"]);
  });

  test("S-43 a status that was lost is decided by the inventory", async () => {
    await site.addWindow("2026-03-01T02:00", 60);
    const lost = async (name: string, options: Readonly<Record<string, unknown>>) => {
      const { id, raw } = await newDevice(name);
      const distribution = await site.distribute("2.0.0.0", { ...only(id), ...options });
      const state = newPhone();
      if (options.mode === "automatic") await raw.session(phone(state));
      else await site.request(id, distribution);
      return { id, raw, distribution, state };
    };
    const present = await lost("s43a", {});
    const absent = await lost("s43b", {});
    const waiting = await lost("s43c", { mode: "automatic" });
    const all = [present, absent, waiting];
    await site.gateway.setClock(endOfNextWindow(site.gateway.nowMs));
    for (const { raw, state } of all) {
      expect(execsOf(await raw.session(phone(state)))).toHaveLength(1);
    }
    await site.gateway.advance(MINUTE_MS);
    for (const { id, raw, distribution, state } of all) {
      state.download = { status: 2 };
      await raw.session(phone(state));
      expect((await site.row(id, distribution)).status).toBe("installing");
    }

    // Nine days later, and outside the window, the node is gone.
    await site.gateway.advance(9 * DAY_MS + 6 * HOUR_MS);
    const sent = [];
    for (const { raw, state, ...one } of all) {
      state.download = null;
      state.installed = one.id === present.id ? "2.0.0.0" : null;
      state.seen = [];
      sent.push(execsOf(await raw.session(phone(state))).length);
      const asked = shapes(state.seen).filter((shape) => /(Download.*[/]Status|Data)$/.test(shape));
      expect(asked).toEqual([
        `Get ${P1_DOWNLOAD.replace(EAM, "")}/Status`,
        "Get /EnterpriseApps/Inventory?list=StructData",
      ]);
    }
    // On demand it is sent again at once; an Automatic one waits for its window.
    expect(sent).toEqual([0, 1, 0]);
    expect(await site.row(present.id, present.distribution)).toMatchObject({
      status: "installed",
      version: "2.0.0.0",
      stale: false,
      attempt: 1,
    });
    expect((await site.row(absent.id, absent.distribution)).attempt).toBe(2);
    for (const { id, distribution } of [absent, waiting]) {
      const history = await site.history(id, distribution);
      expect(history.filter(({ value }) => value === "status-lost")).toHaveLength(1);
    }
    expect(await site.row(waiting.id, waiting.distribution)).toMatchObject({
      status: "installing",
      state: "App is being installed",
      stale: true,
      attempt: 1,
    });
    expect((await site.rows("stale:true")).map(({ device }) => device)).toEqual([waiting.id]);

    await site.gateway.setClock(endOfNextWindow(site.gateway.nowMs));
    expect(execsOf(await waiting.raw.session(phone(waiting.state)))).toHaveLength(1);
    expect(await site.row(waiting.id, waiting.distribution)).toMatchObject({
      stale: false,
      attempt: 2,
    });
  }, 60_000);

  test("S-44 failure detail", async () => {
    const cases = [
      [
        { status: 6, lastError: -2146762487, description: "root not trusted" },
        {
          state: "Installation failed",
          lastErrorText: "root not trusted",
          lastErrorHex: "0x800B0109",
        },
      ],
      [
        { status: 7, lastError: -2145844844 },
        { state: "Failed download", lastErrorHex: "0x80190194" },
      ],
      [
        { status: 6, lastError: 0x8abcdef0 | 0 },
        { state: "Installation failed", lastErrorHex: "0x8ABCDEF0" },
      ],
    ] as const;
    for (const [index, [download, expected]] of cases.entries()) {
      const { id, raw } = await newDevice(`s44-${index}`);
      const distribution = await site.distribute("2.0.0.0", only(id));
      await site.request(id, distribution);
      const state = newPhone();
      await raw.session(phone(state));
      state.download = download;
      await raw.session(phone(state));
      expect(await site.row(id, distribution)).toMatchObject({
        statusLabel: "Failed",
        ...expected,
      });
    }
  });

  test("S-46 unenrolment by the server", async () => {
    const { id, raw } = await newDevice("s46");
    const state = newPhone({ installed: "1.0.0.0" });
    await raw.session(phone(state));
    const distribution = await site.distribute("1.0.0.0", only(id));
    expect((await site.row(id, distribution)).status).toBe("installed");
    await site.api.send(`/api/v1/devices/${id}/unenrol`, { method: "POST" });
    const commands = await raw.session(phone(state));
    expect(shapes(commands)).toEqual(["Delete "]);
    expect((await site.row(id, distribution)).statusLabel).toBe("Removed After Installation");
    const next = await site.distribute("2.0.0.0", only(id));
    await site.request(id, next);
    expect(await raw.session(phone(state))).toEqual([]);
    expect((await site.row(id, next)).reason).toBe("enrolment");
    await site.api.send(`/api/v1/devices/${id}/enrol`, { method: "POST" });
    state.installed = null;
    const again = await raw.session(phone(state));
    expect(again[0]?.name).toBe("Add");
    expect(again.map((command) => command.name)).toContain("Atomic");
  });

  test("S-47 enrolment states hold the push and say what to do, a new token resumes it", async () => {
    const shown = [
      [1, "install-disabled", "INSTALL_DISABLED: the device takes no new installations"],
      [2, "revoked", "REVOKED: renew the enrolment token"],
      [3, "invalid", "INVALID: renew the enrolment token"],
    ] as const;
    const devices = [];
    for (const [status, enrolment, reasonDetail] of shown) {
      const { id, raw } = await newDevice(`s47-${status}`);
      const distribution = await site.distribute("2.0.0.0", only(id));
      await site.request(id, distribution);
      const state = newPhone({ enterpriseStatus: status });
      const isHeld = async () => {
        expect(execsOf(await raw.session(phone(state)))).toEqual([]);
        expect(await site.row(id, distribution)).toMatchObject({
          statusLabel: "Pending Install",
          reason: "enrolment",
          reasonDetail,
        });
        const device = await site.api.request(`/api/v1/devices/${id}`, Loose);
        expect(device.enrolment).toBe(enrolment);
      };
      await isHeld();
      // It stays so for as long as the device says so.
      await site.gateway.advance(MINUTE_MS);
      await isHeld();
      devices.push({ id, raw, distribution, state, isHeld });
    }
    await site.api.send("/api/v1/settings/enterprise", {
      method: "PATCH",
      json: { enterpriseId: "4000000001", enrollmentToken: "VG9rZW4y" },
    });
    for (const { id, raw, distribution, state, isHeld } of devices) {
      // The token alone is not enough: the device has to say that it is good.
      await isHeld();
      expect(shapes(state.seen).at(-1)).toBe("Get /Status");
      expect(shapes(state.seen)).toContain("Replace /EnrollmentToken");
      state.enterpriseStatus = 0;
      expect(execsOf(await raw.session(phone(state)))).toEqual([`${P1_DOWNLOAD}/DownloadInstall`]);
      state.download = { status: 2 };
      await raw.session(phone(state));
      expect(await site.row(id, distribution)).toMatchObject({
        statusLabel: "Installing",
        reason: "contact",
      });
    }
  }, 60_000);

  test("a session goes on after kill -9 in its middle", async () => {
    const { id, raw } = await newDevice("killed");
    const distribution = await site.distribute("2.0.0.0", only(id));
    await site.request(id, distribution);
    const state = newPhone();
    let answer = await raw.open();
    answer = await raw.reply(answer, phone(state));
    await site.gateway.kill();
    await site.gateway.restart();
    for (let turn = 0; turn < 10 && answer.commands.length > 0; turn++) {
      answer = await raw.reply(answer, phone(state));
    }
    expect(raw.transcript.map((command) => command.name)).toContain("Atomic");
  }, 30_000);

  test("bad input gets a clear error and loses nothing", async () => {
    const { raw } = await newDevice("bad");
    const send = async (body: Uint8Array) => {
      const response = await raw.send(body);
      const text = await response.text();
      return [response.status, text] as const;
    };
    const cases: readonly (readonly [Uint8Array, number, string])[] = [
      ...BAD[encoding].map(([body, rule]) => [Buffer.from(body, "latin1"), 400, rule] as const),
      [new Uint8Array(20 * 1024 * 1024), 413, ""],
    ];
    for (const [body, status, rule] of cases) {
      const [actual, text] = await send(body);
      expect([actual, text.includes(rule)]).toEqual([status, true]);
    }
    expect((await raw.open()).statuses[0]?.code).toBe(212);
  });
});

/** The nodes that were to be executed, inside an Atomic or not. */
function execsOf(commands: readonly RawCommand[]): string[] {
  return commands
    .flatMap((command) => [command, ...command.children])
    .filter(({ name }) => name === "Exec")
    .map(({ items }) => items[0]?.uri ?? "");
}

/** What site and hub have to show alike of a row. */
function shown({ status, statusLabel, state, bucket, version, attempt, observed }: Row) {
  return { status, statusLabel, state, bucket, version, attempt, observed };
}

/** The last minute of the next window from 2 to 3, as ISO time: every device's moment has come. */
function endOfNextWindow(nowMs: number): string {
  const dayMs = Math.floor((nowMs - 2 * HOUR_MS) / DAY_MS + 1) * DAY_MS;
  return new Date(dayMs + 3 * HOUR_MS - MINUTE_MS / 2).toISOString();
}
