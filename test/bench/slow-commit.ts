/**
 * Loaded before a gateway (`bun --preload`): while it is switched on, every COMMIT takes 20 ms more,
 * as on cheap flash. SIGUSR2 switches it on, and off again.
 */
import { Connection } from "../../gateway/db/driver/connection.ts";

const ADDED_MS = 20;
let isSlow = false;
process.on("SIGUSR2", () => {
  isSlow = !isSlow;
});

const exec = Connection.prototype.exec;
Connection.prototype.exec = function slowly(this: Connection, sql: string): void {
  if (isSlow && sql === "COMMIT") Bun.sleepSync(ADDED_MS);
  exec.call(this, sql);
};
