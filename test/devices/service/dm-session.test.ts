import { describe, expect, test } from "bun:test";
import type { DeviceId, DistributionId } from "../../../devices/model/ids.ts";
import { requestInstallation } from "../../../devices/service/installations.ts";
import { type PhoneState, phone, shapes } from "../../harness/phone.ts";
import { EAM, P1, P1_DOWNLOAD, SiteCore } from "../../harness/site-core.ts";

const DAY_MS = 24 * 60 * 60_000;

async function request(core: SiteCore, device: DeviceId, distribution: DistributionId) {
  await requestInstallation(
    core.context,
    { site: core.context.site, distribution, device },
    "test",
  );
}

describe("an OMA DM session", () => {
  test("S-31 begins with one Add of token and certificate criteria", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const answer = await raw.open();
    expect(answer.statuses.map(({ cmd, cmdRef, code }) => [cmd, cmdRef, code])).toEqual([
      ["SyncHdr", "0", 212],
      ["Alert", "1", 200],
      ["Replace", "2", 200],
    ]);
    expect(answer.commands).toHaveLength(1);
    expect(answer.commands[0]).toMatchObject({
      name: "Add",
      items: [
        { uri: `${EAM}/EnrollmentToken`, data: "VG9rZW4x", format: "chr" },
        { uri: `${EAM}/CertificateSearchCriteria`, data: "CN%3DDevice-42", format: "chr" },
      ],
    });
    expect([answer.msgId, answer.final]).toEqual([1, true]);
    const next = await raw.reply(answer, phone({ seen: [] }));
    expect(next.msgId).toBe(2);
    expect((await core.context.store.find(id))?.enrolment).toBe("enabled");
  });

  test("S-39 updates by one Atomic and follows the status to Installed", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const state: PhoneState = { seen: [], installed: "1.0.0.0", download: null };
    await raw.session(phone(state));
    const distribution = await core.distribute("2.0.0.0");
    expect(await core.row(id, distribution)).toMatchObject({
      status: "pending_update",
      reason: "available-on-demand",
      version: "1.0.0.0",
    });
    await request(core, id, distribution);
    await core.advance(60_000);
    const commands = await raw.session(phone(state));
    const atomic = commands.find((command) => command.name === "Atomic");
    expect(shapes(commands)).toEqual([
      "Get /Status",
      "Atomic(Add Name+URL+Version+DownloadInstall, Exec DownloadInstall)",
    ]);
    expect(atomic?.children[0]?.items.map((item) => item.uri)).toEqual(
      ["Name", "URL", "Version", "DownloadInstall"].map((leaf) => `${P1_DOWNLOAD}/${leaf}`),
    );

    const history: string[] = [];
    for (const status of [1, 2, 3, 4, 5]) {
      await core.advance(60_000);
      state.download = { status };
      if (status === 5) state.installed = "2.0.0.0";
      await raw.session(phone(state));
      const row = await core.row(id, distribution);
      history.push(`${row.status}/${row.state}/${row.reason}`);
    }
    expect(history).toEqual([
      "pending_update/null/contact",
      "updating/Updating the app/contact",
      "updating/Updating the app/contact",
      "updating/Updating the app/contact",
      "installed/App is installed/null",
    ]);
    expect(await core.row(id, distribution)).toMatchObject({ version: "2.0.0.0", anomaly: false });
  });

  test("S-40 falls back from 418 to Replace, once each way, then fails with the codes", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const distribution = await core.distribute("2.0.0.0");
    await request(core, id, distribution);
    const forms: string[] = [];
    const state: PhoneState = {
      seen: [],
      download: null,
      say: (command) => {
        if (command.name !== "Atomic") return undefined;
        const write = command.children[0];
        forms.push(`${write?.name} ${write?.items.length}`);
        const culprit = write?.name === "Add" ? 418 : 404;
        const itemCodes = write?.items.map((_, index) => (index === 0 ? culprit : 216)) ?? [];
        return { code: 507, members: [{ code: culprit, itemCodes }, { code: 216 }] };
      },
    };
    await raw.session(phone(state));
    expect(forms).toEqual(["Add 4", "Replace 3", "Add 4"]);
    expect(await core.row(id, distribution)).toMatchObject({
      status: "failed",
      state: "Installation failed",
      lastErrorText: "the device refused the command with status 418, then 404, then 418",
    });
  });

  test("516 is an alarm: in the log, in the history, and the row wants attention", async () => {
    await using core = await SiteCore.open();
    const alarms: unknown[] = [];
    const log = {
      ...core.context.log,
      error: (event: string, _: unknown, fields?: object) => void alarms.push({ event, ...fields }),
    };
    Object.assign(core.context, { log });
    const { id, raw } = await core.device("one");
    const distribution = await core.distribute("2.0.0.0");
    await request(core, id, distribution);
    let atomics = 0;
    const state: PhoneState = {
      seen: [],
      download: null,
      say: (command) => {
        if (command.name !== "Atomic") return undefined;
        atomics += 1;
        if (atomics > 1) return { code: 200 };
        const itemCodes = [516, 418, 215, 215];
        return { code: 507, members: [{ code: 418, itemCodes }, { code: 215 }] };
      },
    };
    await raw.session(phone(state));
    expect(alarms).toEqual([
      {
        event: "atomic-not-rolled-back",
        device: id,
        command: `push-write ${distribution}`,
        targets: `${P1_DOWNLOAD}/Name`,
      },
    ]);
    const facts = await core.facts(id);
    expect(facts.find(({ value }) => value === "not-rolled-back")?.text).toContain("516");
    expect(await core.row(id, distribution)).toMatchObject({
      anomaly: true,
      nativeValue: "accepted",
    });
    state.download = { status: 2 };
    await raw.session(phone(state));
    expect(await core.row(id, distribution)).toMatchObject({
      anomaly: false,
      status: "installing",
    });
  });

  test("S-41 replaces a node younger than seven days, and adds an older one", async () => {
    for (const [ageMs, form] of [
      [7 * DAY_MS - 60_000, "Replace"],
      [7 * DAY_MS, "Add"],
    ] as const) {
      await using core = await SiteCore.open();
      const { id, raw } = await core.device("one");
      const first = await core.distribute("1.0.0.0");
      await request(core, id, first);
      const state: PhoneState = { seen: [], installed: null, download: null };
      await raw.session(phone(state));
      state.download = { status: 5 };
      state.installed = "1.0.0.0";
      await raw.session(phone(state));
      expect((await core.row(id, first)).status).toBe("installed");
      await core.advance(ageMs);
      const second = await core.distribute("2.0.0.0");
      await raw.session(phone(state)); // The daily inventory.
      await request(core, id, second);
      const commands = await raw.session(phone(state));
      const atomic = commands.find((command) => command.name === "Atomic");
      expect(atomic?.children[0]?.name).toBe(form);
    }
  });

  test("S-43 a lost status is decided by the inventory", async () => {
    for (const [installed, expected] of [
      ["2.0.0.0", { status: "installed", stale: false }],
      [null, { status: "installing", stale: true, reason: "retry-backoff" }],
    ] as const) {
      await using core = await SiteCore.open();
      const { id, raw } = await core.device("one");
      const distribution = await core.distribute("2.0.0.0");
      await request(core, id, distribution);
      const state: PhoneState = { seen: [], installed: null, download: null };
      await raw.session(phone(state));
      await core.advance(60_000);
      state.download = { status: 2 };
      await raw.session(phone(state));
      await core.advance(9 * DAY_MS);
      state.download = null;
      state.installed = installed;
      const answer = await raw.open();
      await raw.reply(answer, phone(state));
      const row = await core.row(id, distribution);
      if (installed) expect(row).toMatchObject(expected);
      else {
        const facts = state.seen.map((command) => command.name);
        expect(facts).toContain("Get");
        await raw.session(phone(state));
        const again = await core.row(id, distribution);
        expect(again.attempt).toBe(2);
      }
    }
  });

  test("S-44 shows why it failed", async () => {
    for (const [download, expected] of [
      [
        { status: 6, lastError: -2146762487, description: "root not trusted" },
        { status: "failed", state: "Installation failed", lastErrorText: "root not trusted" },
      ],
      [
        { status: 7, lastError: -2145844844 },
        { status: "failed", state: "Failed download" },
      ],
      [
        { status: 6, lastError: 0x8abcdef0 | 0 },
        { status: "failed", state: "Installation failed", lastError: 0x8abcdef0 | 0 },
      ],
      [
        { status: 2, lastError: 0 },
        { status: "installing", lastError: null },
      ],
    ] as const) {
      await using core = await SiteCore.open();
      const { id, raw } = await core.device("one");
      const distribution = await core.distribute("2.0.0.0");
      await request(core, id, distribution);
      const state: PhoneState = { seen: [], installed: null, download: null };
      await raw.session(phone(state));
      state.download = download;
      await raw.session(phone(state));
      expect(await core.row(id, distribution)).toMatchObject(expected);
    }
  });

  test("S-47 sends no Exec to a device that is not enabled, and goes on after a new token", async () => {
    for (const [status, word] of [
      [1, "INSTALL_DISABLED"],
      [2, "REVOKED"],
      [3, "INVALID"],
    ] as const) {
      await using core = await SiteCore.open();
      const { id, raw } = await core.device("one");
      const distribution = await core.distribute("2.0.0.0");
      await request(core, id, distribution);
      const state: PhoneState = { seen: [], enterpriseStatus: status, download: null };
      const commands = await raw.session(phone(state));
      expect(commands.map((command) => command.name)).not.toContain("Atomic");
      const row = await core.row(id, distribution);
      expect(row).toMatchObject({ status: "pending_install", reason: "enrolment" });
      expect(row.reasonDetail).toStartWith(word);
      await core.change({
        enterprise: { ...core.policy.enterprise, enrollmentToken: "VG9rZW4y" },
      });
      state.enterpriseStatus = 0;
      const after = await raw.session(phone(state));
      expect(shapes(after)[0]).toBe("Replace /EnrollmentToken");
      expect(after.map((command) => command.name)).toContain("Atomic");
    }
  });

  test("sends work again that was never delivered, and never takes an older success for it", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const distribution = await core.distribute("2.0.0.0");
    await request(core, id, distribution);
    const state: PhoneState = { seen: [], installed: "1.0.0.0", download: { status: 5 } };
    // The session breaks exactly when the Atomic was sent.
    let answer = await raw.open();
    while (!answer.commands.some((command) => command.name === "Atomic")) {
      answer = await raw.reply(answer, phone(state));
    }
    expect((await core.row(id, distribution)).offeredAtMs).not.toBeNull();
    const commands = await raw.session(phone(state));
    expect(commands.map((command) => command.name)).toContain("Atomic");
    expect((await core.row(id, distribution)).status).toBe("pending_update");
  });

  test("a device without Atomic gets the writes first, and the Exec once they succeeded", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const distribution = await core.distribute("2.0.0.0");
    await request(core, id, distribution);
    const state: PhoneState = {
      seen: [],
      download: null,
      say: ({ name }) => {
        if (name === "Atomic") return { code: 501 };
        return undefined;
      },
    };
    const commands = await raw.session(phone(state));
    expect(
      shapes(commands)
        .slice(-3)
        .map((shape) => shape.split(" ")[0]),
    ).toEqual(["Atomic(Add", "Add", "Exec"]);
    expect((await core.row(id, distribution)).nativeValue).toBe("accepted");
  });

  test("answers a repeated message with the same answer, once", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    await raw.open();
    const xml = raw.lastSent;
    const [first, second] = await Promise.all([raw.send(xml), raw.send(xml)]);
    expect(await first.text()).toBe(await second.text());
    expect((await core.context.store.find(id))?.enrolment).toBe("unknown");
  });
});

describe("installations of P1", () => {
  test("the product id travels escaped", () => {
    expect(P1_DOWNLOAD).toContain(encodeURIComponent(P1));
  });
});
