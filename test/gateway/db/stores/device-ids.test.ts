import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { getTableColumns, getTableName, is } from "drizzle-orm";
import { SQLiteTable } from "drizzle-orm/sqlite-core";
import { deviceIdFrom } from "../../../../devices/model/ids.ts";
import { deviceOfToken } from "../../../../devices/service/contact/device-token.ts";
import { registerDevice } from "../../../../devices/service/register-device.ts";
import { withDevice } from "../../../../devices/service/site-context.ts";
import {
  DEVICE_COLUMNS,
  devicesByFormerId,
  renameDevices,
} from "../../../../gateway/db/stores/device-ids.ts";
import { SqlReportReader } from "../../../../gateway/db/stores/report-reader.ts";
import { siteUseCases } from "../../../../gateway/roles/site-use-cases.ts";
import { phone } from "../../../harness/phone.ts";
import { SiteCore } from "../../../harness/site-core.ts";

/** Of the hub, or not of one device. */
const OTHERS: readonly string[] = ["issued_incarnations.device"];

async function joinHub(core: SiteCore): Promise<void> {
  const { connection, writer } = core.database;
  await core.context.lock.exclusive(async () => {
    await writer.submit(() => renameDevices(connection, "hub's"));
    core.restart();
  });
}

describe("device ids of a site that joins", () => {
  test("every column that holds one is renamed", async () => {
    const folder = join(import.meta.dir, "../../../../gateway/db/schema");
    const columns: string[] = [];
    for await (const file of new Bun.Glob("*.ts").scan(folder)) {
      const schema: object = await import(join(folder, file));
      for (const table of Object.values(schema).filter((value) => is(value, SQLiteTable))) {
        for (const { name } of Object.values(getTableColumns(table as SQLiteTable))) {
          if (name === "device" || name === "used_by") {
            columns.push(`${getTableName(table as SQLiteTable)}.${name}`);
          }
        }
      }
    }
    const known = DEVICE_COLUMNS.map(([table, column]) => `${table}.${column}`);
    expect(columns.filter((column) => !OTHERS.includes(column)).sort()).toEqual(
      known.filter((column) => column !== "devices.id").sort(),
    );
  });

  test("all that is known of a device stays with it, and its former id leads to it", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const distribution = await core.distribute("1.0.0.0");
    await raw.session(phone({ seen: [], installed: "0.9", download: null }));
    const before = await core.context.store.view(id);
    const facts = await countOf(core, "facts", id);
    await joinHub(core);
    const now = deviceIdFrom("hub's", "urn:uuid:one");
    expect(devicesByFormerId(core.database.connection, "test").get(id)).toBe(now);
    const after = await core.context.store.view(now);
    expect(after?.device).toEqual({ ...before?.device, id: now } as never);
    expect(after?.inventory.map(({ version }) => version)).toEqual(["0.9"]);
    expect(await core.row(now, distribution)).toMatchObject({ status: "pending_update" });
    expect(await countOf(core, "facts", now)).toBe(facts);
    expect(await countOf(core, "facts", id)).toBe(0);
    await joinHub(core);
    expect((await core.context.store.view(now))?.device.name).toBe("one");
    expect((await raw.open()).statuses[0]?.code).toBe(212);

    const useCases = siteUseCases(core.context);
    expect(await useCases.patchDevice(id, { cpu: "ARM" })).toMatchObject({ id: now, cpu: "ARM" });
    const reader = new SqlReportReader({
      database: core.database,
      policy: core.context.policy,
      siteOf: () => ({ name: "site", asOfMs: 0, stale: false }),
      isAtSite: true,
    });
    expect(await reader.device(id)).toMatchObject({ id: now, aliases: [id, "urn:uuid:one"] });
  });

  test("a device that comes and asks for work goes on with its token, its attributes and its jobs", async () => {
    await using core = await SiteCore.open();
    const { context } = core;
    const wanted = { stableId: "kiosk-7", platform: "Windows", protocol: "ddi" } as const;
    const { device, token } = await registerDevice(context, wanted, "test");
    const distribution = await core.distributeDdi("1.0");
    await withDevice(context, device.id, (ledger) => {
      ledger.setAttributes([{ name: "hw", value: "edge", atMs: core.nowMs }]);
      const job = { distribution, attempt: 1, protocol: "ddi", state: "{}" } as const;
      ledger.setJob({ ...job, updatedAtMs: core.nowMs });
    });
    const [before] = await context.store.jobs(device.id);
    await joinHub(core);
    const now = deviceIdFrom("hub's", "kiosk-7");
    expect((await deviceOfToken(context, "ddi", token ?? ""))?.id).toBe(now);
    expect((await context.store.attributes(now)).map(({ value }) => value)).toEqual(["edge"]);
    expect(await context.store.jobs(now)).toEqual([{ ...before, device: now } as never]);
  });

  test("a message that waits meanwhile is answered, and so is the rest of its session", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    await core.distribute("1.0.0.0");
    const gate = Promise.withResolvers<void>();
    const holding = core.context.lock.run(id, () => gate.promise);
    const opening = raw.open();
    await Bun.sleep(0); // The message has found its device by now.
    const joining = joinHub(core);
    gate.resolve();
    let answer = await opening;
    await Promise.all([holding, joining]);
    expect(answer.statuses[0]?.code).toBe(212);
    const state = { seen: [], installed: "1.0.0.0", download: null };
    while (answer.commands.length > 0) answer = await raw.reply(answer, phone(state));
    const now = deviceIdFrom("hub's", "urn:uuid:one");
    expect(await core.context.store.find(now)).toMatchObject({ inventoryAtMs: core.nowMs });
    expect(await core.context.store.find(id)).toBeUndefined();
  });
});

async function countOf(core: SiteCore, table: string, device: string): Promise<number> {
  const [row] = core.database.connection
    .prepare(`SELECT count(*) FROM ${table} WHERE device = ?`)
    .rows(device);
  return Number(row?.[0]);
}
