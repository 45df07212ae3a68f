/**
 * Packages that end processes, at a started site: the reference agent works on a real folder tree, in a PID namespace of
 * its own. [D30]
 */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ACTION_KINDS } from "../../devices/model/install-action.ts";
import type { AgentAtSite } from "../harness/agent-at-site.ts";
import { AgentScenario } from "../harness/agent-scenario.ts";
import { missingForOwnProcesses, testUnless } from "../harness/skip.ts";

const AGENT = join(import.meta.dir, "..", "harness", "agent-victim.ts");
/** What runs beside the agent. */
const PROGRAMS = ["calc", "cmd.exe", "explorer.exe"];

const missing = missingForOwnProcesses();
let scenario: AgentScenario;
beforeAll(async () => {
  if (missing === undefined) scenario = await AgentScenario.start();
}, 60_000);
afterAll(() => scenario?.[Symbol.asyncDispose]());

const script = (text: string) => `#!/bin/sh\n${text}\n`;
/** Writes down the names of all that runs. */
const look = (into: string) => script(`cat /proc/[0-9]*/comm > "$(dirname "$0")/${into}"`);
const linesOf = (path: string) => readFileSync(path, "utf8").trim().split("\n");

/** The agent works off what there is, among programs that run for ever. @returns what it wrote on its way */
async function workOff(agent: AgentAtSite, stableId: string): Promise<void> {
  for (const name of PROGRAMS)
    agent.put({ [`programs/${name}`]: script("read line < block") }, 0o755);
  const start = `
    cd "$1/device/programs" && mkfifo block || exit 1
    for name in ${PROGRAMS.join(" ")}; do ./"$name" & done
    "$2" "$3" "$4" "$1" "$5"`;
  const words = [
    "sh",
    "-c",
    start,
    "sh",
    agent.folder,
    process.execPath,
    AGENT,
    scenario.url,
    stableId,
  ];
  const child = Bun.spawn(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", ...words]);
  expect(await child.exited).toBe(0);
}

describe("in a PID namespace of its own", () => {
  testUnless(missing)(
    "S-14 all thirteen actions of one package, with what is usual where nothing is said",
    async () => {
      const agent = await scenario.agent("s14");
      for (const name of ["warmboot", "uninstall"]) {
        const text = script(`echo ${name} >> "$(dirname "$0")/device/log"`);
        writeFileSync(join(agent.folder, name), text, { mode: 0o755 });
      }
      agent.put(
        {
          "Windows/wceload.exe": script('echo "wceload $#:$(basename "$1")" >> ../../log; rm "$1"'),
          "bin/run.exe": script('echo "run $#:$1:$2" >> ../log'),
        },
        0o755,
      );
      agent.put({
        "Storage Card/My App/whatever.cab": "MSCF",
        "from here/a.dat": "a",
        "from here/B.DAT": "b",
        "from here/keep.txt": "k",
        "logs/one.log": "1",
        "logs/two.LOG": "2",
        "logs/deep.log/three.log": "3",
        "old/deep/x.txt": "x",
      });
      const app = "\\Program Files\\My App";
      const actions = [
        { kind: "WarmBoot" },
        { kind: "Download", source: "hello.txt", target: `${app}\\hello.txt` },
        { kind: "CreateFolder", path: `${app}\\data` },
        { kind: "CopyFiles", source: `${app}\\*.*`, target: `${app}\\data` },
        { kind: "RenameFile", source: `${app}\\data\\hello.txt`, target: "greeting of %PACKAGE%" },
        { kind: "MoveFiles", source: "\\from here\\*.dat", target: `${app}\\data` },
        { kind: "DeleteFiles", path: "\\logs\\*.log" },
        { kind: "RenameFolder", source: `${app}\\data`, target: "data %VERSION%" },
        { kind: "RemoveFolder", path: "\\old" },
        { kind: "Terminate", modules: "c*.*" },
        { kind: "Install", file: "\\Storage Card\\My App\\whatever.cab" },
        { kind: "Run", command: '\\bin\\run.exe /q "%PACKAGE% %VERSION%"' },
        { kind: "Uninstall", name: "Contoso My App" },
      ];
      expect(new Set(actions.map(({ kind }) => kind))).toEqual(new Set(ACTION_KINDS));
      const files = [["hello.txt", "hello"]] as const;
      const distribution = await scenario.order(agent, "s14", { actions }, { files });
      await workOff(agent, "s14");

      const told = await scenario.told(agent, distribution);
      const steps = told.filter(({ value }) => value.startsWith("step-"));
      expect(steps.map(({ value, text }) => [value, text?.split(":")[0]])).toEqual(
        actions.map(({ kind }, n) => ["step-succeeded", `step ${n + 1}, ${kind}`]),
      );
      expect(told.slice(-2).map(({ value }) => value)).toEqual(["rebooting", "succeeded"]);
      expect(await scenario.row(agent, distribution)).toMatchObject({ statusLabel: "Installed" });
      // The restart comes when all else is done.
      expect(linesOf(join(agent.device, "log"))).toEqual([
        "wceload 1:whatever.cab",
        "run 2:/q:s14 1.0",
        "uninstall",
        "warmboot",
      ]);
      const tree = readdirSync(agent.device, { recursive: true, encoding: "utf8" })
        .filter((path) => statSync(join(agent.device, path), { throwIfNoEntry: false })?.isFile())
        .filter((path) => !/^(programs|bin|Windows|log$)/.test(path));
      expect(tree.sort()).toEqual([
        "Program Files/My App/data 1.0/B.DAT",
        "Program Files/My App/data 1.0/a.dat",
        "Program Files/My App/data 1.0/greeting of s14",
        "Program Files/My App/hello.txt",
        "from here/keep.txt",
        "logs/deep.log/three.log",
      ]);
      expect(existsSync(join(agent.device, "old"))).toBe(false);
    },
  );

  testUnless(missing)(
    "S-18 Terminate: an error when nothing runs, patterns, and never the agent itself",
    async () => {
      const agent = await scenario.agent("s18");
      agent.put({ "some.exe": look("some"), "none.exe": look("none") }, 0o755);
      const end = (modules: string, critical?: string) => ({
        kind: "Terminate",
        modules,
        ...(critical && { critical }),
      });
      const next = (path: string) => ({ kind: "CreateFolder", path });
      const run = (command: string) => ({ kind: "Run", command });
      const order = (id: string, ...actions: object[]) => scenario.order(agent, id, { actions });
      const failing = await order("s18-failing", end("notrunning.exe"), next("\\not"));
      const going = await order("s18-going", end("notrunning.exe", "continue"), next("\\made"));
      const some = await order("s18-some", end("c*.*"), run("\\some.exe"));
      const all = await order("s18-all", end("*"), run("\\none.exe"));
      await workOff(agent, "s18");

      expect(await scenario.row(agent, failing)).toMatchObject({
        statusLabel: "Failed",
        state: "Installation failed",
      });
      expect((await scenario.told(agent, failing)).at(-1)?.text).toContain(
        "notrunning.exe is not running",
      );
      expect(existsSync(join(agent.device, "not"))).toBe(false);
      expect(await scenario.row(agent, going)).toMatchObject({ statusLabel: "Installed" });
      expect((await scenario.told(agent, going)).at(-1)).toMatchObject({
        value: "succeeded-with-warning",
        text: expect.stringContaining("notrunning.exe is not running"),
      });
      expect(existsSync(join(agent.device, "made"))).toBe(true);
      for (const [distribution, file, left] of [
        [some, "some", ["explorer.exe"]],
        [all, "none", []],
      ] as const) {
        expect(await scenario.row(agent, distribution)).toMatchObject({ statusLabel: "Installed" });
        const seen = linesOf(join(agent.device, file));
        expect(seen.filter((name) => PROGRAMS.includes(name))).toEqual([...left]);
        expect(seen).toContain("sh");
        expect(seen).toContain(basename(process.execPath).slice(0, 15)); // All that Linux keeps.
      }
    },
  );
});
