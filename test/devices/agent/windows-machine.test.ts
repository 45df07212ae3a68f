import { describe, expect, test } from "bun:test";
import { windowsMachine } from "../../../devices/agent/windows-machine.ts";

const TILL = { pid: 12, startedAt: "900", name: "till.exe" };

/** A Windows that lists these processes by number and start, and notes what is run there. */
function system(processes: Map<number, string>, kill: (pid: number) => void) {
  const ended: number[] = [];
  const machine = windowsMachine(
    () => undefined,
    async (program, args) => {
      if (program === "taskkill") {
        ended.push(Number(args[1]));
        kill(Number(args[1]));
        return "";
      }
      return JSON.stringify(
        [...processes].map(([ProcessId, Started]) => {
          return { ProcessId, ParentProcessId: 1, Name: "till.exe", Started };
        }),
      );
    },
  );
  return { machine, ended };
}

describe("ending a process of Windows", () => {
  test("another one that got its number is left alone, as after a restart", async () => {
    const { machine, ended } = system(new Map([[12, "1000"]]), () => {});
    await machine.end(TILL);
    expect(ended).toEqual([]);
  });

  test("the very one is ended; one that went by itself meanwhile is no failure", async () => {
    const processes = new Map([[12, "900"]]);
    const { machine, ended } = system(processes, (pid) => {
      processes.delete(pid);
      throw new Error("not found");
    });
    await machine.end(TILL);
    expect(ended).toEqual([12]);
  });

  test("one that stays is a failure", async () => {
    const { machine } = system(new Map([[12, "900"]]), () => {
      throw new Error("access denied");
    });
    await expect(machine.end(TILL)).rejects.toThrow("access denied");
  });
});
