/**
 * A child process on a small disk of its own; its arguments are a phase and the folder. `fill`: fills
 * the disk with facts, tries to go on, frees some room, goes on. `reopen`: opens what is there. Prints
 * what happened as a line of JSON.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../../../devices/model/errors.ts";
import { openDatabase } from "../../../gateway/db/database.ts";
import { SqlSiteStore } from "../../../gateway/db/stores/site-store.ts";
import { deviceNamed, factOf, idOf, SITE } from "../../contracts/site-rows.ts";
import { silentLog } from "./temporary.ts";

const [phase, folder = ""] = Bun.argv.slice(2);
const path = join(folder, "site.db");
const failures: string[] = [];
const database = await openDatabase({
  path,
  log: silentLog,
  now: () => 0,
  onFailure: (error) => failures.push(error.message),
});
const store = new SqlSiteStore(database, SITE);
const codes = new Set<string>();
let acknowledged = 0;

const outcome = phase === "fill" ? await fill() : reopened();
await database.close();
await Bun.write(Bun.stdout, `${JSON.stringify({ ...outcome, failures })}\n`);

async function fill() {
  const ballast = join(folder, "ballast");
  writeFileSync(ballast, new Uint8Array(6 * 1024 ** 2));
  for (let attempt = 0; attempt < 300 && codes.size === 0; attempt++) await commitSome();
  const acknowledgedWhenFull = acknowledged;
  for (let attempt = 0; attempt < 3; attempt++) await commitSome();
  const devicesRead = (await store.deviceIds()).length;
  const codesWhenFull = [...codes];
  codes.clear();
  rmSync(ballast);
  for (let attempt = 0; attempt < 3; attempt++) await commitSome();
  const codesAfterwards = [...codes];
  return { acknowledgedWhenFull, acknowledged, codesWhenFull, codesAfterwards, devicesRead };
}

function reopened() {
  const [check] = database.connection.prepare("PRAGMA integrity_check").rows();
  const [counts] = database.connection.prepare("SELECT count(*), max(seq) FROM facts").rows();
  return { check, counts };
}

/** Ten commits of 10 kB that share a transaction. */
async function commitSome(): Promise<void> {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10 }, () =>
      store.commit([
        { device: idOf("a"), put: deviceNamed("a"), facts: [factOf("a", "x".repeat(10_000))] },
      ]),
    ),
  );
  for (const outcome of outcomes) {
    if (outcome.status === "fulfilled") acknowledged++;
    else codes.add(outcome.reason instanceof AppError ? outcome.reason.code : `${outcome.reason}`);
  }
}
