/** A Windows system. Compiled, not run: our tests have no Windows to run it on. */
import { arch, hostname, release } from "node:os";
import { z } from "zod";
import type { AgentFacts, InventoryEntry } from "../../protocols/agent/requests.ts";
import { INVENTORY_MAX, NAME_CHARACTERS_MAX } from "../../protocols/agent/words.ts";
import { cutText } from "../model/cut-text.ts";
import { argumentsIn } from "./command-line.ts";
import type { Machine, SeenProcess } from "./machine.ts";
import { outputOf, startProgram } from "./start-program.ts";

/** What Windows cannot do without. */
const SYSTEM_NAMES: ReadonlySet<string> = new Set([
  "system",
  "system idle process",
  "registry",
  "memory compression",
  "secure system",
  "smss.exe",
  "csrss.exe",
  "wininit.exe",
  "winlogon.exe",
  "services.exe",
  "lsass.exe",
  "lsaiso.exe",
  "svchost.exe",
  "fontdrvhost.exe",
  "dwm.exe",
]);

/**
 * @param folderOf a folder by the name of an environment variable
 * @param run runs a program of the system and gives what it writes
 */
export function windowsMachine(
  folderOf: (variable: string) => string | undefined,
  run: Run = outputOf,
): Machine {
  return {
    quoting: "windows",
    folders: {
      PROGRAMFILES: folderOf("ProgramFiles") ?? "C:\\Program Files",
      WINDOWS: folderOf("SystemRoot") ?? "C:\\Windows",
      TEMP: `${folderOf("SystemRoot") ?? "C:\\Windows"}\\Temp`,
      STORAGECARD: null,
    },
    facts: () => facts(run),
    stableId: async () => {
      const { MachineGuid } = z
        .object({ MachineGuid: z.string() })
        .parse(await ask(run, "Get-ItemProperty HKLM:\\SOFTWARE\\Microsoft\\Cryptography"));
      return `windows-${MachineGuid.toLowerCase()}`;
    },
    inventory: async () => (await installed(run)).map(({ entry }) => entry).slice(0, INVENTORY_MAX),
    start: startProgram,
    processes: () => processes(run),
    end: async (found) => {
      // The same process, not another one that got its number.
      const isThere = async () =>
        (await processes(run)).some(
          ({ pid, startedAt }) => pid === found.pid && startedAt === found.startedAt,
        );
      if (!(await isThere())) return;
      try {
        await run("taskkill", ["/PID", String(found.pid), "/F"]);
      } catch (error) {
        if (await isThere()) throw error;
      }
    },
    uninstaller: async (name) => {
      const found = (await installed(run)).find(({ entry }) => entry.name === name);
      if (!found) return undefined;
      const [program, ...args] = argumentsIn(found.command, "windows");
      return program === undefined ? undefined : { program, args };
    },
    bootId: async () =>
      z
        .object({ at: z.string() })
        .parse(
          await ask(
            run,
            "@{at = (Get-CimInstance Win32_OperatingSystem).LastBootUpTime.Ticks.ToString()}",
          ),
        ).at,
    restart: async () => {
      await run("shutdown", ["/r", "/t", "5"]);
    },
  };
}

type Run = (program: string, args: readonly string[]) => Promise<string>;

async function facts(run: Run): Promise<AgentFacts & { readonly name: string }> {
  const { Manufacturer, Model } = z
    .object({ Manufacturer: z.string().nullable(), Model: z.string().nullable() })
    .parse(
      await ask(run, "Get-CimInstance Win32_ComputerSystem | Select-Object Manufacturer, Model"),
    );
  return {
    name: hostname(),
    manufacturer: Manufacturer,
    model: Model,
    osVersion: release(),
    osMajor: Number.parseInt(release(), 10) || 0,
    osPlatform: "Windows",
    cpu: arch() === "ia32" ? "x86" : arch(),
  };
}

const Processes = z.array(
  z.object({
    ProcessId: z.int(),
    ParentProcessId: z.int(),
    Name: z.string(),
    Started: z.string(),
  }),
);

async function processes(run: Run): Promise<readonly SeenProcess[]> {
  const list = Processes.parse(
    await ask(
      run,
      "@(Get-CimInstance Win32_Process | Select-Object ProcessId, ParentProcessId, Name, @{n='Started'; e={ \"$($_.CreationDate.Ticks)\" }})",
    ),
  );
  const parents = new Map(list.map((one) => [one.ProcessId, one.ParentProcessId]));
  const own = new Set<number>();
  for (let at: number | undefined = process.pid; at && !own.has(at); at = parents.get(at)) {
    own.add(at);
  }
  return list.map(({ ProcessId: pid, Name: name, Started: startedAt }) => ({
    pid,
    startedAt,
    name,
    names: [name],
    isProtected: pid <= 4 || own.has(pid) || SYSTEM_NAMES.has(name.toLowerCase()),
  }));
}

const Installed = z.array(
  z.object({
    DisplayName: z.string(),
    DisplayVersion: z.string().nullable(),
    Publisher: z.string().nullable(),
    Command: z.string().nullable(),
  }),
);

/** What the list of installed programs shows, with what takes each off without asking. */
async function installed(
  run: Run,
): Promise<readonly { readonly entry: InventoryEntry; readonly command: string }[]> {
  const list = Installed.parse(
    await ask(
      run,
      "@(Get-ItemProperty HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\*, HKLM:\\SOFTWARE\\WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\* -ErrorAction SilentlyContinue | Where-Object DisplayName | Select-Object DisplayName, DisplayVersion, Publisher, @{n='Command'; e={ if ($_.QuietUninstallString) { $_.QuietUninstallString } elseif ($_.WindowsInstaller -eq 1) { \"msiexec.exe /x $($_.PSChildName) /quiet /norestart\" } else { $_.UninstallString } }})",
    ),
  );
  const cut = (text: string) => cutText(text, NAME_CHARACTERS_MAX);
  return list.map(({ DisplayName, DisplayVersion, Publisher, Command }) => ({
    entry: {
      name: cut(DisplayName),
      version: DisplayVersion === null ? null : cut(DisplayVersion),
      publisher: Publisher === null ? null : cut(Publisher),
    },
    command: Command ?? "",
  }));
}

/** Asks PowerShell, and reads its JSON. */
async function ask(run: Run, expression: string): Promise<unknown> {
  const script = `$ErrorActionPreference = 'Stop'; ConvertTo-Json -Depth 3 -Compress (${expression})`;
  return JSON.parse(
    await run("powershell.exe", ["-NoProfile", "-NonInteractive", "-Command", script]),
  );
}
