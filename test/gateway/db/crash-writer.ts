/**
 * A child process that commits facts until it is killed, and says each number once it is
 * acknowledged. Arguments: path of the database, key or "-", how many commits are under way at once.
 */
import { openDatabase } from "../../../gateway/db/database.ts";
import { SqlSiteStore } from "../../../gateway/db/stores/site-store.ts";
import { deviceNamed, factOf, idOf, rowOf, SITE } from "../../contracts/site-rows.ts";
import { silentLog } from "./temporary.ts";

const [path = "", key = "-", concurrency = "1", firstNumber = "0"] = Bun.argv.slice(2);
const database = await openDatabase({
  path,
  key: key === "-" ? undefined : key,
  log: silentLog,
  now: Date.now,
});
const store = new SqlSiteStore(database, SITE);
let next = Number(firstNumber);

async function commitForEver(): Promise<never> {
  while (true) {
    const number = next++;
    const name = `device-${number % 50}`;
    await store.commit([
      {
        device: idOf(name),
        put: deviceNamed(name, { sequence: number }),
        installations: [rowOf(name, "d1", { sequence: number })],
        facts: [factOf(name, String(number))],
      },
    ]);
    process.stdout.write(`${number}\n`);
  }
}

await Promise.all(Array.from({ length: Number(concurrency) }, commitForEver));
