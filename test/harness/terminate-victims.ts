/** Runs in a PID namespace of its own: starts programs, has Terminate end them, and writes what it saw. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { linuxMachine } from "../../devices/agent/linux-machine.ts";
import { performTerminate, prepareTerminate } from "../../devices/agent/terminate.ts";

// Never where it could meet anybody else's processes.
if (process.pid > 10) throw new Error("this is no PID namespace of its own");

const machine = linuxMachine({
  now: Date.now,
  sleep: async (ms, signal) => wait(ms, undefined, signal && { signal }),
});
const folder = mkdtempSync(join(tmpdir(), "outpost-victims-"));
const NAMES = ["cmd.exe", "calc", "explorer.exe"];
try {
  for (const name of NAMES) {
    const path = join(folder, name);
    writeFileSync(path, "#!/bin/sh\nread line\n", { mode: 0o755 });
    Bun.spawn([path], { stdin: "pipe", stdout: "ignore" });
  }
  while ((await running()).length < NAMES.length) await wait(5);

  const task = await prepareTerminate("c*.*", machine);
  await performTerminate(task, machine);
  const left = await running();
  const everything = await prepareTerminate("*", machine);
  await performTerminate(everything, machine);
  const again = await prepareTerminate("no-such.exe", machine).then(
    () => "found",
    (error: Error) => error.message,
  );
  const seen = {
    matched: task.processes.map(({ name }) => name).sort(),
    left,
    afterAll: await running(),
    isAlive: true,
    again,
  };
  process.stdout.write(JSON.stringify(seen));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function running(): Promise<readonly string[]> {
  const names = (await machine.processes()).map(({ name }) => name);
  return names.filter((name) => NAMES.includes(name)).sort();
}
