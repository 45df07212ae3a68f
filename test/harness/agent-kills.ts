/** Kills an agent at moments of a package with all thirteen actions, and judges what came of it. [D34] */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { AgentSite, applied } from "./agent-site.ts";

const VICTIM = join(import.meta.dir, "agent-victim.ts");
/** An agent that was killed so often in one package is left to end it. */
const KILLS_A_PACKAGE_MAX = 3;

export interface KillTally {
  kills: number;
  packages: number;
  /** Packages that ended because nobody knows how a program ended. */
  interrupted: number;
  /** What was under way when the agent was killed, by kind. */
  readonly during: Record<string, number>;
}

/** @returns what is wrong; an empty list: nothing */
export async function killRepeatedly(
  kills: number,
  random: () => number,
): Promise<{ readonly tally: KillTally; readonly wrong: readonly string[] }> {
  const tally: KillTally = { kills: 0, packages: 0, interrupted: 0, during: {} };
  const wrong: string[] = [];
  while (tally.kills < kills && wrong.length === 0) {
    tally.packages += 1;
    const folder = mkdtempSync(join(tmpdir(), "outpost-kills-"));
    try {
      await using site = new AgentSite();
      prepare(folder);
      site.plan(thirteen(site));
      const planned = Math.min(1 + Math.floor(random() * KILLS_A_PACKAGE_MAX), kills - tally.kills);
      for (let n = 0; n < planned; n++) {
        const wasKilled = await killOnce(site, folder, random);
        if (!wasKilled) break;
        tally.kills += 1;
        const under = underWay(folder);
        tally.during[under] = (tally.during[under] ?? 0) + 1;
      }
      await start(site.url, folder).exited;
      const faults = judge(site, folder);
      if (site.words.some((word) => word === "action-failed")) tally.interrupted += 1;
      wrong.push(...faults.map((fault) => `package ${tally.packages}: ${fault}`));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return { tally, wrong };
}

function start(url: string, folder: string) {
  return Bun.spawn([process.execPath, VICTIM, url, folder], {
    stdout: "ignore",
    stderr: "inherit",
  });
}

/** Kills it so many results after it came to life, or at some moment between two of them. */
async function killOnce(site: AgentSite, folder: string, random: () => number): Promise<boolean> {
  const agent = start(site.url, folder);
  const statePath = join(folder, "state", "state.json");
  const waits = Math.floor(random() * 34);
  let isOver = false;
  void agent.exited.then(() => {
    isOver = true;
  });
  // States are counted by the file that takes the place of the former.
  let inode = inodeOf(statePath);
  for (let changes = 0; changes < waits && !isOver; ) {
    await wait(1);
    const now = inodeOf(statePath);
    if (now !== inode) changes += 1;
    inode = now;
  }
  await wait(random() * 4);
  if (isOver) return false;
  agent.kill("SIGKILL");
  await agent.exited;
  return agent.signalCode === "SIGKILL";
}

function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? 0;
}

function underWay(folder: string): string {
  try {
    const { run } = JSON.parse(readFileSync(join(folder, "state", "state.json"), "utf8"));
    if (run === null) return "no package";
    return run.doing?.kind ?? (run.reset ? "restart" : "between steps");
  } catch {
    return "no state";
  }
}

/** Each program writes a line into `log`, so that it shows how often it was started. */
const script = (name: string) => `#!/bin/sh\necho ${name} >> "$(dirname "$0")/log"\n`;

function prepare(folder: string): void {
  const device = join(folder, "device");
  for (const name of ["warmboot", "uninstall"]) {
    writeFileSync(join(folder, name), script(name), { mode: 0o755 });
  }
  for (const path of ["from", "to", "moved", "old/deep", "name"]) {
    mkdirSync(join(device, path), { recursive: true });
  }
  for (const [path, text] of Object.entries(START)) writeFileSync(join(device, path), text);
  writeFileSync(join(device, "install"), `#!/bin/sh\necho install >> "${folder}/log"\n`, {
    mode: 0o755,
  });
  writeFileSync(join(device, "run"), `#!/bin/sh\necho run >> "${folder}/log"\n`, { mode: 0o755 });
}

const CONTENT = "content ".repeat(20_000);
const START: Readonly<Record<string, string>> = {
  "from/1.txt": "1",
  "from/2.txt": "2",
  "from/keep.bin": "k",
  "from/move.dat": "m",
  "from/move2.dat": "m2",
  "old/a.txt": "a",
  "old/deep/b.txt": "b",
  "name/a.txt": "n",
};

function thirteen(site: AgentSite) {
  const file = site.serve({ name: "app.cab", bytes: new TextEncoder().encode(CONTENT) });
  return applied(
    [
      { kind: "Download", source: "app.cab", target: "\\new\\app.cab" },
      { kind: "WarmBoot" },
      { kind: "CopyFiles", source: "\\from\\*.txt", target: "\\to" },
      { kind: "MoveFiles", source: "\\from\\*.dat", target: "\\moved" },
      { kind: "RenameFile", source: "\\name\\a.txt", target: "b.txt" },
      // Nothing of this name runs: no process of this machine is in danger.
      { kind: "Terminate", modules: "outpost-no-such-program.exe", critical: "continue" },
      { kind: "Install", file: "\\new\\app.cab", command: '\\install "\\new\\app.cab"' },
      { kind: "DeleteFiles", path: "\\from\\*.txt" },
      { kind: "CreateFolder", path: "\\made\\in" },
      { kind: "Run", command: "\\run", timeout: -1 },
      { kind: "RemoveFolder", path: "\\old" },
      { kind: "RenameFolder", source: "\\name", target: "named" },
      { kind: "Uninstall", name: "Former" },
    ],
    { files: [file] },
  );
}

type Files = Record<string, string>;

/** What each step makes of the files of the device. */
const EFFECTS: Readonly<Record<number, (files: Files) => void>> = {
  0: (files) => put(files, "new/app.cab", CONTENT),
  2: (files) => ["1", "2"].map((n) => put(files, `to/${n}.txt`, n)),
  3: (files) => ["move", "move2"].map((n) => rename(files, `from/${n}.dat`, `moved/${n}.dat`)),
  4: (files) => rename(files, "name/a.txt", "name/b.txt"),
  7: (files) => ["1", "2"].map((n) => delete files[`from/${n}.txt`]),
  10: (files) => ["old/a.txt", "old/deep/b.txt"].map((path) => delete files[path]),
  11: (files) => rename(files, "name/b.txt", "named/b.txt"),
};
const PROGRAMS: Readonly<Record<number, string>> = { 6: "install", 9: "run", 12: "uninstall" };

function put(files: Files, path: string, text: string): void {
  files[path] = text;
}

function rename(files: Files, from: string, to: string): void {
  files[to] = files[from] ?? "";
  delete files[from];
}

/** Compares what was reported with what is on the device and with what the package's rules make of it. */
function judge(site: AgentSite, folder: string): readonly string[] {
  const wrong: string[] = [];
  const note = (isRight: boolean, text: string) => void (isRight || wrong.push(text));
  const steps = site.results.filter(({ result }) => result.startsWith("step-"));
  const ends = site.words.filter((word) => /^(succeeded|action-failed)/.test(word));
  note(ends.length === 1, `it ended ${ends.length} times: ${site.words.join(", ")}`);
  note(
    steps.every(({ step }, n) => step?.index === n),
    `steps were reported as ${steps.map(({ step }) => step?.index).join(", ")}`,
  );
  const failed = steps.find(({ result, step }) => result === "step-failed" && step?.index !== 5);
  note(failed === undefined || failed.text?.startsWith("interrupted") === true, `${failed?.text}`);
  note(
    failed
      ? ends[0] === "action-failed"
      : ends[0] === "succeeded-with-warning" && steps.length === 13,
    `it ended as ${ends[0]} after ${steps.length} steps`,
  );
  note(failed === undefined || failed === steps.at(-1), "a step ran behind one that had failed");

  const expected: Files = { ...START };
  for (const { step } of steps) EFFECTS[step?.index ?? -1]?.(expected);
  const real = filesOf(join(folder, "device"));
  note(
    JSON.stringify(sorted(expected)) === JSON.stringify(sorted(real)),
    `files: ${Object.keys(real)}`,
  );
  note(existed(folder, "device/made/in") === steps.length > 8, "the folder that is made");
  note(existed(folder, "device/old") === steps.length <= 10, "the folder that is removed");

  const log = linesOf(join(folder, "log"));
  for (const [index, name] of Object.entries(PROGRAMS)) {
    const starts = log.filter((line) => line === name).length;
    const report = steps[Number(index)];
    const isRight = report?.result === "step-succeeded" ? starts === 1 : starts <= (report ? 1 : 0);
    note(isRight, `${name} was started ${starts} times and reported as ${report?.result}`);
  }
  const restarts = log.filter((line) => line === "warmboot").length;
  const end = site.results.at(-1);
  const isDoubted = end?.text?.includes("warmboot hook") === true;
  // A package that failed says nothing of the restart: it may have been interrupted.
  note(
    restarts === 1 || (restarts === 0 && (isDoubted || failed !== undefined)),
    `${restarts} restarts`,
  );
  return wrong;
}

function filesOf(folder: string): Files {
  const found: Files = {};
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const place = join(folder, name);
    if (name !== "install" && name !== "run" && statSync(place).isFile()) {
      found[name] = readFileSync(place, "utf8");
    }
  }
  return found;
}

const sorted = (files: Files) => Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
const existed = (folder: string, path: string) =>
  statSync(join(folder, path), { throwIfNoEntry: false }) !== undefined;

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split("\n").filter(Boolean);
  } catch {
    return [];
  }
}
