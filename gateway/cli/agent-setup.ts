import { randomUUID } from "node:crypto";
import { constants, statSync } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { AgentClock } from "../../devices/agent/agent-clock.ts";
import type { AgentState } from "../../devices/agent/agent-state.ts";
import {
  AgentStore,
  createStore,
  type HoldOn,
  readState,
} from "../../devices/agent/agent-store.ts";
import { DeviceRoot } from "../../devices/agent/device-root.ts";
import { linuxMachine } from "../../devices/agent/linux-machine.ts";
import type { Machine } from "../../devices/agent/machine.ts";
import { newToken } from "../../devices/agent/token.ts";
import { windowsMachine } from "../../devices/agent/windows-machine.ts";
import { CommandError } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { siteUrl } from "./options.ts";
import type { Terminal } from "./terminal.ts";

export const AGENT_CLOCK: AgentClock = {
  now: Date.now,
  sleep: async (ms, signal) => {
    try {
      await wait(ms, undefined, signal && { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};

export function machineHere({ env }: Pick<Terminal, "env">): Machine {
  return process.platform === "win32"
    ? windowsMachine((variable) => env[variable])
    : linuxMachine(AGENT_CLOCK);
}

/** Milliseconds between two tries to write on a full disk. */
const FULL_DISK_MS = 5_000;

/** Waits for room on the disk, and says so the first time. */
export function holdOn(folder: string, say: (text: string) => void, stop: AbortSignal): HoldOn {
  let isTold = false;
  return async () => {
    if (!isTold) say(`The disk of ${folder} is full: nothing goes on until there is room.`);
    isTold = true;
    await AGENT_CLOCK.sleep(FULL_DISK_MS, stop);
  };
}

/** The folder that plays the device, or the whole machine. */
export function rootOf(folder: string | undefined, agents: string): DeviceRoot {
  // Every step would fail there, one by one.
  if (folder !== undefined && !statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CommandError(
      `There is no folder ${folder}: make it, or name another with --root.`,
      EXIT.usage,
    );
  }
  return new DeviceRoot(folder, agents);
}

/** The folder of the agent's own things. */
export function stateFolder(given: string | undefined, { env }: Pick<Terminal, "env">): string {
  if (given !== undefined) return resolve(given);
  return process.platform === "win32"
    ? join(env.ProgramData ?? "C:\\ProgramData", "Outpost Agent")
    : "/var/lib/outpost-agent";
}

/**
 * What the agent of this folder remembers, to look at: it may be running.
 *
 * @throws CommandError when its device is not enrolled
 */
export async function lookAtStore(folder: string): Promise<AgentStore> {
  const path = join(folder, "state.json");
  const state = await readState(path);
  if (state && state.device !== null) return new AgentStore(path, state);
  throw new CommandError("This device is not enrolled yet: run the agent first.");
}

interface Identity {
  readonly server: string | undefined;
  readonly id: string | undefined;
  /** A folder plays the device: this machine's name is not the device's. */
  readonly isPlayed: boolean;
  readonly machine: Machine;
  readonly hold: HoldOn;
}

/** @throws CommandError when the agent never ran here and is not told which site is its own */
export async function openStore(
  folder: string,
  { server, id, isPlayed, machine, hold }: Identity,
): Promise<AgentStore> {
  const path = join(folder, "state.json");
  const state = await readState(path);
  if (state) return await knownStore(new AgentStore(path, state, hold), folder, server, id);
  if (server === undefined) {
    throw new CommandError(
      `This agent has no site yet: name it with --server. (There is no ${path}.)`,
      EXIT.usage,
    );
  }
  const own = isPlayed ? undefined : await machine.stableId();
  const first: AgentState = {
    format: 1,
    server: siteUrl(server),
    stableId: id ?? own ?? `agent-${randomUUID()}`,
    token: newToken(),
    nextToken: null,
    device: null,
    life: null,
    sequence: 0,
    run: null,
    outbox: [],
    ended: [],
    toldFacts: null,
  };
  return await createStore(path, first, hold);
}

/** Another address of its site is taken over; another name would be another device. */
async function knownStore(
  store: AgentStore,
  folder: string,
  server: string | undefined,
  id: string | undefined,
): Promise<AgentStore> {
  const { state } = store;
  if (id !== undefined && id !== state.stableId) {
    throw new CommandError(
      `${folder} is of the device ${state.stableId}: give another --state to be ${id}.`,
      EXIT.usage,
    );
  }
  if (server !== undefined && siteUrl(server) !== state.server) {
    await store.change((old) => ({ ...old, server: siteUrl(server) }));
  }
  return store;
}

/** A place for what the agent keeps that nobody else reads. @throws CommandError that says what to do */
export async function ensureFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const advice = FOLDER_ADVICE[code];
    if (advice === undefined) throw error;
    throw new CommandError(`The agent's folder ${folder} ${advice} or name another one: --state.`);
  }
}

const NO_RIGHT = "may not be written by this user: run the agent as administrator (root),";
const FOLDER_ADVICE: Readonly<Record<string, string>> = {
  EACCES: NO_RIGHT,
  EPERM: NO_RIGHT,
  EROFS: "is on a disk that cannot be written: mount it for writing,",
  ENOSPC: "cannot be made, because the disk is full: make room,",
  ENOTDIR: "cannot be made, because there is a file in its way: move that,",
  EEXIST: "cannot be made, because there is a file in its place: move that,",
};
