import { readdir, readFile, readlink } from "node:fs/promises";
import { basename } from "node:path";
import type { AgentClock } from "./agent-clock.ts";
import type { SeenProcess } from "./machine.ts";
import type { FoundProcess } from "./run.ts";

/** Milliseconds in which a process that was asked may end by itself. */
export const END_GRACE_MS = 5_000;
const KILLED_MS = 5_000;
const LOOK_MS = 50;

/** What a Linux device cannot do without, beside the kernel and process 1. */
const SYSTEM_NAME =
  /^(init|systemd(-.*)?|\(sd-pam\)|dbus-(daemon|broker.*)|udevd|eudevd|elogind.*|login|a?getty|sshd|NetworkManager|wpa_supplicant|dhclient|dhcpcd|polkitd|rsyslogd|Xorg|Xwayland)$/;

interface Stat {
  readonly pid: number;
  readonly comm: string;
  readonly state: string;
  readonly parent: number;
  readonly startedAt: string;
}

/** @throws Error when /proc is that of another PID namespace: its numbers are other processes here */
export async function linuxProcesses(): Promise<readonly SeenProcess[]> {
  if ((await readlink("/proc/self")) !== String(process.pid)) {
    throw new Error("/proc does not show the processes of this system: nothing is ended");
  }
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const boot = await bootId();
  const stats = (await Promise.all(pids.map((pid) => statOf(pid, boot)))).filter(
    (stat) => stat !== undefined,
  );
  const own = ancestorsOf(process.pid, stats);
  const seen = await Promise.all(stats.map((stat) => see(stat, own)));
  return seen.filter((one) => one !== undefined);
}

/** Asks it to end, and ends it when it does not. @throws Error when it is there all the same */
export async function endLinuxProcess(found: FoundProcess, clock: AgentClock): Promise<void> {
  const signals = [
    ["SIGTERM", END_GRACE_MS],
    ["SIGKILL", KILLED_MS],
  ] as const;
  for (const [signal, graceMs] of signals) {
    if (!(await isAlive(found))) return;
    try {
      process.kill(found.pid, signal);
    } catch (error) {
      if (await isAlive(found)) throw error;
    }
    for (let waited = 0; waited < graceMs; waited += LOOK_MS) {
      if (!(await isAlive(found))) return;
      await clock.sleep(LOOK_MS);
    }
  }
  if (await isAlive(found)) throw new Error(`${found.name} (${found.pid}) does not end`);
}

/** The same process, not another one that got its number. */
async function isAlive({ pid, startedAt }: FoundProcess): Promise<boolean> {
  const stat = await statOf(pid, await bootId());
  return stat !== undefined && stat.startedAt === startedAt && !/[ZX]/.test(stat.state);
}

function ancestorsOf(pid: number, stats: readonly Stat[]): ReadonlySet<number> {
  const parents = new Map(stats.map((stat) => [stat.pid, stat.parent]));
  const line = new Set<number>();
  for (let at: number | undefined = pid; at && !line.has(at); at = parents.get(at)) line.add(at);
  return line;
}

async function see(
  { pid, comm, parent, state, startedAt }: Stat,
  own: ReadonlySet<number>,
): Promise<SeenProcess | undefined> {
  if (/[ZX]/.test(state)) return undefined;
  const words = (await textOf(`/proc/${pid}/cmdline`)).split("\0");
  const exe = await readlink(`/proc/${pid}/exe`).catch(() => "");
  const isKernel = pid === 2 || parent === 2 || (exe === "" && words.join("") === "");
  // The kernel cuts this name; a script's is its own, while its executable is its interpreter.
  const whole = words.map((word) => basename(word)).find((word) => word.startsWith(comm));
  const name = comm.length >= COMM_CHARACTERS && whole !== undefined ? whole : comm;
  const names = [...new Set([name, basename(exe.replace(/ \(deleted\)$/, ""))])].filter(Boolean);
  const isProtected = isKernel || pid === 1 || own.has(pid) || names.some(isSystem);
  return { pid, startedAt, name, names, isProtected };
}

const COMM_CHARACTERS = 15;
const isSystem = (name: string) => SYSTEM_NAME.test(name);

async function bootId(): Promise<string> {
  return (await textOf("/proc/sys/kernel/random/boot_id")).trim();
}

/** @param boot of the system: after a restart another process may have this number and this start */
async function statOf(pid: number, boot: string): Promise<Stat | undefined> {
  const text = await textOf(`/proc/${pid}/stat`);
  // The name may have blanks and parentheses in it.
  const [, comm = "", rest = ""] = /^\d+ \((.*)\) (.*)/s.exec(text) ?? [];
  const [state = "", parent = "0", ...fields] = rest.split(" ");
  const startedAt = fields[17];
  if (startedAt === undefined) return undefined;
  return { pid, comm, state, parent: Number(parent), startedAt: `${startedAt} of ${boot}` };
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return ""; // It has ended meanwhile.
  }
}
