/** Ends real processes: only in a PID namespace of its own. [D30] */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Machine, SeenProcess } from "../../../devices/agent/machine.ts";
import { performTerminate, prepareTerminate } from "../../../devices/agent/terminate.ts";
import { missingForOwnProcesses, testUnless } from "../../harness/skip.ts";

const seen = (pid: number, name: string, isProtected = false): SeenProcess => ({
  pid,
  startedAt: String(pid),
  name,
  names: [name],
  isProtected,
});

function machineOf(processes: readonly SeenProcess[]) {
  const ended: number[] = [];
  const machine = {
    processes: async () => processes,
    end: async ({ pid }: { pid: number }) => {
      if (pid === 13) throw new Error("it does not end");
      ended.push(pid);
    },
  } as unknown as Machine;
  return { machine, ended };
}

describe("S-18: Terminate", () => {
  const all = [
    seen(1, "init", true),
    seen(2, "cmd.exe"),
    seen(3, "calc"),
    seen(4, "explorer.exe"),
    seen(5, "outpost-agent", true),
  ];

  test.each([
    ["c*.*", [2, 3]],
    ["CMD.EXE", [2]],
    ["*", [2, 3, 4]],
  ])("%s ends %p", async (modules, pids) => {
    const { machine, ended } = machineOf(all);
    await performTerminate(await prepareTerminate(modules, machine), machine);
    expect(ended).toEqual(pids);
  });

  test.each([
    ["notrunning.exe", "is not running"],
    ["x*.*", "is not running"],
    ["init", "belongs to the system"],
  ])("%s fails: %s", async (modules, reason) => {
    await expect(prepareTerminate(modules, machineOf(all).machine)).rejects.toThrow(reason);
  });

  test("one that cannot be ended fails the step, the others are ended", async () => {
    const { machine, ended } = machineOf([seen(13, "a"), seen(14, "a")]);
    const task = await prepareTerminate("a", machine);
    await expect(performTerminate(task, machine)).rejects.toThrow("does not end");
    expect(ended).toEqual([14]);
  });
});

testUnless(missingForOwnProcesses())(
  "real processes are ended, the agent and what it runs under are not",
  async () => {
    const script = join(import.meta.dir, "..", "..", "harness", "terminate-victims.ts");
    const child = Bun.spawn(
      ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", process.execPath, script],
      { stdout: "pipe", stderr: "inherit" },
    );
    const said = await new Response(child.stdout).text();
    expect(await child.exited).toBe(0);
    expect(JSON.parse(said)).toEqual({
      matched: ["calc", "cmd.exe"],
      left: ["explorer.exe"],
      afterAll: [],
      isAlive: true,
      again: "no-such.exe is not running",
    });
  },
);
