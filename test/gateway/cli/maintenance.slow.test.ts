import { describe, expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Accounts } from "../../../gateway/access/accounts.ts";
import { adminCommands } from "../../../gateway/cli/commands/admin.ts";
import { backupCommand } from "../../../gateway/cli/commands/backup.ts";
import { doctorCommand } from "../../../gateway/cli/commands/doctor.ts";
import { restoreCommand } from "../../../gateway/cli/commands/restore.ts";
import { EXIT } from "../../../gateway/cli/exit-codes.ts";
import { type CommandTree, runCli } from "../../../gateway/cli/run.ts";
import { openDatabase } from "../../../gateway/db/database.ts";
import { SqlAccessStore } from "../../../gateway/db/stores/access-store.ts";
import { jsonLog } from "../../../gateway/telemetry/log.ts";
import { fakeTerminal } from "./fake-terminal.ts";

const TREE: CommandTree = {
  admin: adminCommands,
  backup: backupCommand,
  doctor: doctorCommand,
  restore: restoreCommand,
};

async function run(...words: string[]) {
  const { terminal, lines } = fakeTerminal();
  const code = await runCli(TREE, words, terminal);
  return { code, out: lines.out.join("\n"), err: lines.err.join("\n") };
}

const openAccounts = async (dataDir: string) => {
  const log = jsonLog({ level: "silent", now: Date.now });
  const database = await openDatabase({ path: join(dataDir, "site.db"), log, now: Date.now });
  const store = new SqlAccessStore(database);
  return { database, store, accounts: new Accounts({ store, now: Date.now }) };
};

/** A stopped gateway's data folder with one administrator. */
async function dataFolder(): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), "outpost-"));
  const { database, accounts } = await openAccounts(dataDir);
  await accounts.ensureFirstAdministrator("the first password");
  await database.close();
  return dataDir;
}

describe("outpost backup, restore and doctor", () => {
  test("bring a stopped gateway back on another machine", async () => {
    const dataDir = await dataFolder();
    const target = join(dataDir, "..", `${Bun.randomUUIDv7()}-backup`);
    expect((await run("backup", "--data-dir", dataDir, "--to", target)).code).toBe(EXIT.ok);

    const elsewhere = mkdtempSync(join(tmpdir(), "outpost-"));
    const restored = await run("restore", target, "--data-dir", elsewhere, "--json");
    expect(restored.code).toBe(EXIT.ok);
    expect(JSON.parse(restored.out)).toMatchObject({ putAside: [], missingFiles: [] });
    expect((await run("doctor", "--data-dir", elsewhere)).code).toBe(EXIT.ok);

    const { database, accounts } = await openAccounts(elsewhere);
    expect((await accounts.list()).map(({ name }) => name)).toEqual(["admin"]);
    await database.close();
  });

  test("restore does not touch a database that is there without --force", async () => {
    const dataDir = await dataFolder();
    const target = join(dataDir, "..", `${Bun.randomUUIDv7()}-backup`);
    await run("backup", "--data-dir", dataDir, "--to", target);
    const refused = await run("restore", target, "--data-dir", dataDir);
    expect(refused.code).toBe(EXIT.failed);
    expect(refused.err).toContain("--force");
    expect((await run("restore", target, "--data-dir", dataDir, "--force")).code).toBe(EXIT.ok);
  });

  test("doctor answers a folder that is missing with 'no'", async () => {
    const { code, out } = await run("doctor", "--data-dir", "/nowhere/data");
    expect(code).toBe(EXIT.negative);
    expect(out).toContain("/nowhere/data");
  });

  test("backup of nothing says so", async () => {
    const empty = mkdtempSync(join(tmpdir(), "outpost-"));
    expect(await run("backup", "--data-dir", empty)).toMatchObject({
      code: EXIT.failed,
      err: `Error: There is no database in ${empty}.`,
    });
  });
});

describe("outpost admin reset-password", () => {
  test("gives a one-time password that works, and leaves a trace", async () => {
    const dataDir = await dataFolder();
    const { code, out } = await run("admin", "reset-password", "--data-dir", dataDir, "--json");
    expect(code).toBe(EXIT.ok);
    const { oneTimePassword } = JSON.parse(out) as { oneTimePassword: string };

    const { database, store, accounts } = await openAccounts(dataDir);
    const { principal } = await accounts.login("admin", oneTimePassword, "127.0.0.1");
    expect(principal.mustChange).toBe(true);
    expect(await store.audit({ limit: 1 })).toMatchObject([
      { action: "administrator.reset-password", subject: "admin", by: "system" },
    ]);
    await database.close();
  });

  test("refuses a name that nobody has", async () => {
    const { code, err } = await run(
      "admin",
      "reset-password",
      "eve",
      "--data-dir",
      await dataFolder(),
    );
    expect(code).toBe(EXIT.failed);
    expect(err).toContain("eve");
  });

  test("refuses while the gateway runs", async () => {
    const dataDir = await dataFolder();
    const { database } = await openAccounts(dataDir);
    const { code, err } = await run("admin", "reset-password", "--data-dir", dataDir);
    await database.close();
    expect(code).toBe(EXIT.failed);
    expect(err).not.toContain("    at ");
  });
});
