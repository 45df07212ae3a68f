import { readFile } from "node:fs/promises";
import { arch, hostname, release } from "node:os";
import type { AgentFacts, InventoryEntry } from "../../protocols/agent/requests.ts";
import { INVENTORY_MAX, NAME_CHARACTERS_MAX } from "../../protocols/agent/words.ts";
import { cutText } from "../model/cut-text.ts";
import { sha256Hex } from "../model/sha256.ts";
import type { AgentClock } from "./agent-clock.ts";
import { endLinuxProcess, linuxProcesses } from "./linux-processes.ts";
import type { Machine } from "./machine.ts";
import { outputOf, startProgram } from "./start-program.ts";

/** A Linux system, with what it has: packages where there is dpkg. */
export function linuxMachine(clock: AgentClock): Machine {
  return {
    quoting: "posix",
    folders: { PROGRAMFILES: "/opt", TEMP: "/tmp", WINDOWS: null, STORAGECARD: null },
    facts,
    stableId,
    inventory,
    start: startProgram,
    processes: linuxProcesses,
    end: (process) => endLinuxProcess(process, clock),
    uninstaller: async (name) =>
      (await installed()).some((one) => one.name === name)
        ? { program: "dpkg", args: ["--remove", name] }
        : undefined,
    bootId: async () => (await lineOf("/proc/sys/kernel/random/boot_id")) ?? "unknown",
    restart: async () => {
      await outputOf("shutdown", ["-r", "now"]);
    },
  };
}

const CPUS: Readonly<Record<string, string>> = {
  arm: "ARM",
  arm64: "ARM64",
  ia32: "x86",
  x64: "x64",
};

async function facts(): Promise<AgentFacts & { readonly name: string }> {
  const version = /^VERSION_ID="?([^"\n]*)"?$/m.exec(await textOf("/etc/os-release"))?.[1];
  const osVersion = version || release();
  return {
    name: hostname(),
    manufacturer: (await lineOf("/sys/class/dmi/id/sys_vendor")) ?? null,
    model:
      (await lineOf("/sys/class/dmi/id/product_name")) ??
      (await lineOf("/proc/device-tree/model")) ??
      null,
    osVersion,
    osMajor: Number.parseInt(osVersion, 10) || 0,
    osPlatform: "Linux",
    cpu: CPUS[arch()] ?? arch(),
  };
}

/** The machine's id is for nobody else to know: what is made of it names the machine as well. */
async function stableId(): Promise<string | undefined> {
  const id = await lineOf("/etc/machine-id");
  if (id === undefined) return undefined;
  return `linux-${sha256Hex(`outpost agent ${id}`).slice(0, 32)}`;
}

async function inventory(): Promise<readonly InventoryEntry[]> {
  return (await installed()).slice(0, INVENTORY_MAX);
}

async function installed(): Promise<readonly InventoryEntry[]> {
  const format =
    "$" + "{db:Status-Abbrev}\\t$" + "{Package}\\t$" + "{Version}\\t$" + "{Maintainer}\\n";
  let text: string;
  try {
    text = await outputOf("dpkg-query", ["--show", `--showformat=${format}`]);
  } catch {
    return []; // A system without dpkg.
  }
  return text.split("\n").flatMap((line) => {
    const [status = "", name = "", version = "", publisher = ""] = line.split("\t");
    if (!status.startsWith("ii") || name === "") return [];
    const cut = (one: string) => cutText(one, NAME_CHARACTERS_MAX);
    return [{ name: cut(name), version: cut(version), publisher: cut(publisher) }];
  });
}

async function lineOf(path: string): Promise<string | undefined> {
  const line = (await textOf(path)).replaceAll("\0", "").split("\n")[0]?.trim();
  return line ? cutText(line, NAME_CHARACTERS_MAX) : undefined;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return "";
  }
}
