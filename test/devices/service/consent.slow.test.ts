import { describe, expect, test } from "bun:test";
import { requestInstallation, retryInstallation } from "../../../devices/service/installations.ts";
import type { ProfileName } from "../../../devices/simulator/profiles.ts";
import type { User } from "../../../devices/simulator/user.ts";
import { timedOut } from "../../../protocols/oma-dm/user-alert.ts";
import { phone } from "../../harness/phone.ts";
import type { RawCommand } from "../../harness/raw-device.ts";
import { distributeContent, simulatedAt } from "../../harness/simulated.ts";
import { P2, P3, SiteCore } from "../../harness/site-core.ts";

const QUESTION = "Install ContosoApp1 now?";
const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const OTHER_APP = { id: "contoso-other", productId: P2 };
const CODES = { yes: 200, no: 304, cancel: 214 } as const;

/** A device whose user answers by this list, and the app that they are asked about. */
async function world(
  says: (keyof typeof CODES | "nothing")[],
  options: { kind?: ProfileName; mode?: "automatic" | "on-demand"; nowMs?: number } = {},
) {
  const core = await SiteCore.open({ nowMs: options.nowMs ?? Date.parse("2026-11-21T12:00:00Z") });
  const questions: string[] = [];
  const user: User = (prompt) => {
    questions.push(prompt.text);
    const said = says.shift();
    if (said === undefined) throw new Error("the user was asked too often");
    return said === "nothing" ? timedOut(prompt) : { code: CODES[said], answers: [] };
  };
  const made = await simulatedAt(core, options.kind ?? "standard", { user });
  const mode = options.mode ?? "on-demand";
  const distribute = (version: string, app?: typeof OTHER_APP) =>
    distributeContent(core, version, { mode, question: QUESTION }, app);
  const contact = async () => {
    expect((await made.device.contact(core.nowMs)).end).toBe("done");
    core.nowMs += HOUR_MS;
    await made.device.step(core.nowMs);
  };
  const ask = async (distribution: Awaited<ReturnType<typeof distribute>>) => {
    const key = { site: core.context.site, device: made.id, distribution };
    await requestInstallation(core.context, key, "test");
    return key;
  };
  return { core, questions, distribute, contact, ask, ...made };
}

describe("a distribution that asks the user first", () => {
  test("installs after a yes, and sends nothing before it", async () => {
    const made = await world(["yes"]);
    await using core = made.core;
    const { id, distribute, ask, contact, questions, answers } = made;
    const distribution = await distribute("2.0.0.0");
    await ask(distribution);
    await contact();
    expect(questions).toEqual([QUESTION]);
    const names = answers.flatMap(({ message }) =>
      message.commands.flatMap((one) =>
        one.name === "Alert" ? [`Alert ${one.code}`] : one.name === "Atomic" ? ["Atomic"] : [],
      ),
    );
    expect(names).toEqual(["Alert 1101", "Atomic"]);
    await contact();
    expect(await core.row(id, distribution)).toMatchObject({ status: "installed" });
    const values = (await core.facts(id)).map(({ value }) => value);
    expect(values.indexOf("agreed")).toBeGreaterThan(-1);
    expect(values.indexOf("agreed")).toBeLessThan(values.indexOf("offered"));
  });

  test.each(["no", "cancel"] as const)("a %s is a refusal by the user", async (said) => {
    const made = await world([said, "yes"]);
    await using core = made.core;
    const { id, distribute, ask, contact, questions, device } = made;
    const distribution = await distribute("2.0.0.0");
    const key = await ask(distribution);
    await contact();
    expect(await core.row(id, distribution)).toMatchObject({
      status: "failed",
      state: "User rejected app install",
      actor: "user",
      reason: null,
      offeredAtMs: null,
    });
    expect(device.state.downloads.size).toBe(0);
    await contact();
    core.nowMs += DAY_MS;
    await contact();
    expect(questions).toHaveLength(1); // On demand it is not asked again by itself.
    await retryInstallation(core.context, key, "test");
    await contact();
    await contact();
    expect(questions).toHaveLength(2);
    expect(await core.row(id, distribution)).toMatchObject({ status: "installed", attempt: 2 });
  });

  test("a no to an update leaves the former version", async () => {
    const made = await world(["yes", "no"]);
    await using core = made.core;
    const { id, distribute, ask, contact } = made;
    await ask(await distribute("1.0.0.0"));
    await contact();
    await contact();
    const update = await distribute("2.0.0.0");
    await ask(update);
    await contact();
    expect(await core.row(id, update)).toMatchObject({
      status: "upgrade_failed",
      state: "User rejected app update",
      version: "1.0.0.0",
      actor: "user",
    });
  });

  test("Automatic work asks again in the next windows, three times in all", async () => {
    const made = await world(["no", "no", "no"], {
      mode: "automatic",
      nowMs: Date.parse("2026-11-21T20:59:00Z"),
    });
    await using core = made.core;
    const { id, distribute, questions, device } = made;
    await core.addWindow("2026-11-21T22:00", 120); // 21:00 to 23:00 UTC.
    const distribution = await distribute("2.0.0.0");
    const night = async () => {
      for (let minute = 0; minute < 130; minute += 15) {
        await device.contact(core.nowMs);
        core.nowMs += 15 * 60_000;
      }
      const row = await core.row(id, distribution);
      core.nowMs += DAY_MS - 135 * 60_000;
      return row;
    };
    expect(await night()).toMatchObject({ status: "failed", attempt: 1, reason: "user" });
    expect(questions).toHaveLength(1);
    const second = await night();
    expect(second).toMatchObject({ status: "failed", attempt: 2, reason: "user" });
    expect(second.reasonDetail).toContain("question 3 of 3 comes in the next window");
    expect(await night()).toMatchObject({ status: "failed", attempt: 3, reason: null });
    await night();
    expect(questions).toHaveLength(3);
  });

  test("without an answer it waits for its user, and is asked at the next contact", async () => {
    const made = await world(["nothing", "yes"]);
    await using core = made.core;
    const { id, distribute, ask, contact, device } = made;
    const distribution = await distribute("2.0.0.0");
    await ask(distribution);
    await device.contact(core.nowMs);
    const row = await core.row(id, distribution);
    expect(row).toMatchObject({ status: "pending_install", reason: "user", attempt: 1 });
    expect(row.reasonDetail).toContain("nobody answered");
    await contact();
    await contact();
    expect(await core.row(id, distribution)).toMatchObject({ status: "installed" });
  });

  test("a device that cannot ask does not get it, and says so", async () => {
    const made = await world([], { kind: "tight" });
    await using core = made.core;
    const { id, distribute, ask, contact, device } = made;
    const distribution = await distribute("2.0.0.0");
    await ask(distribution);
    await contact();
    const row = await core.row(id, distribution);
    expect(row).toMatchObject({ status: "failed", state: "Installation failed" });
    expect(row.lastErrorText).toContain("cannot ask its user (status 406)");
    expect(device.state.downloads.size).toBe(0);
  });

  /** A device that answers every question with one code, and does everything else. */
  async function answering(code: number) {
    const made = await world([]);
    const { core, distribute } = made;
    const { id, raw } = await core.device("scanner");
    const distribution = await distribute("2.0.0.0");
    const key = { site: core.context.site, device: id, distribution };
    await requestInstallation(core.context, key, "test");
    const seen: RawCommand[] = [];
    const say = ({ name }: RawCommand) => (name === "Alert" ? { code } : undefined);
    await raw.session(phone({ seen, installed: null, download: null, say }));
    return { core, row: await core.row(id, distribution), names: seen.map(({ name }) => name) };
  }

  test.each([0, 201, 202, 213, 215, 216, 500, 503, 506])(
    "status %i is no yes and no refusal: the question comes again",
    async (code) => {
      const { core, row, names } = await answering(code);
      await using _ = core;
      expect(names).toContain("Alert");
      expect(names).not.toContain("Atomic");
      expect(row).toMatchObject({ status: "pending_install", reason: "user", offeredAtMs: null });
    },
  );

  test.each([400, 404, 405, 406, 415, 501])(
    "status %i is for ever: it cannot ask its user",
    async (code) => {
      const { core, row, names } = await answering(code);
      await using _ = core;
      expect(names).not.toContain("Atomic");
      expect(row).toMatchObject({ status: "failed", state: "Installation failed" });
      expect(row.lastErrorText).toContain(`cannot ask its user (status ${code})`);
    },
  );

  test("who cancels one question is asked nothing more in this session, and gets nothing", async () => {
    const made = await world(["yes", "cancel", "yes", "yes"]);
    await using core = made.core;
    const { id, distribute, ask, contact, questions, answers, device } = made;
    const first = await distribute("2.0.0.0");
    const second = await distribute("3.0.0.0", OTHER_APP);
    const third = await distribute("4.0.0.0", { id: "contoso-third", productId: P3 });
    for (const one of [first, second, third]) await ask(one);
    await device.contact(core.nowMs);
    expect(questions).toHaveLength(2);
    const names = answers.flatMap(({ message }) => message.commands.map(({ name }) => name));
    expect(names.filter((name) => name === "Alert")).toHaveLength(3);
    expect(names).not.toContain("Atomic");
    const rows = () => Promise.all([first, second, third].map((one) => core.row(id, one)));
    expect((await rows()).map(({ status }) => status).sort()).toEqual([
      "failed",
      "pending_install",
      "pending_install",
    ]);
    await contact();
    await contact();
    expect(questions).toHaveLength(4);
    expect((await rows()).map(({ status }) => status).sort()).toEqual([
      "failed",
      "installed",
      "installed",
    ]);
  });

  test("nobody is asked while nobody is signed in", async () => {
    const made = await world([]);
    await using core = made.core;
    const { id, raw } = await core.device("kiosk");
    raw.alerts =
      "<Alert><CmdID>8</CmdID><Data>1224</Data><Item><Meta><Type xmlns='syncml:metinf'>" +
      "com.microsoft/MDM/LoginStatus</Type></Meta><Data>none</Data></Item></Alert>";
    const distribution = await made.distribute("2.0.0.0");
    const key = { site: core.context.site, device: id, distribution };
    await requestInstallation(core.context, key, "test");
    const commands = await raw.session(phone({ seen: [], installed: null, download: null }));
    expect(commands.map(({ name }) => name)).not.toContain("Alert");
    const row = await core.row(id, distribution);
    expect(row).toMatchObject({ status: "pending_install", reason: "user" });
    expect(row.reasonDetail).toContain("signs in");
  });

  test("an uninstall and what is removed ask nobody", async () => {
    const made = await world(["yes"]);
    await using core = made.core;
    const { id, distribute, ask, contact, device } = made;
    await ask(await distribute("1.0.0.0"));
    await contact();
    await contact();
    const gone = await core.distribute("1.0.0.0", { operation: "uninstall" });
    await ask(gone);
    await contact();
    expect(device.state.inventory.size).toBe(0);
    expect((await core.row(id, gone)).status).toBe("removed_after_installation");
  });
});
