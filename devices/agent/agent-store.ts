import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "../durable/sync-to-disk.ts";
import { hasCode, writeWhole } from "../durable/whole-file.ts";
import { AgentState } from "./agent-state.ts";

/**
 * The agent's memory, in one file that is always whole. What has happened is not given up for a full disk: nothing
 * goes on until it is written, and then it does as if nothing had been.
 */
export class AgentStore {
  readonly #path: string;
  #state: AgentState;
  /** Is on its way to the disk; changes meanwhile go together after it. */
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  readonly #hold: HoldOn | undefined;

  /** @param hold what to do on a full disk; without it that is an error like any other */
  constructor(path: string, state: AgentState, hold?: HoldOn) {
    this.#path = path;
    this.#state = state;
    this.#hold = hold;
  }

  get state(): AgentState {
    return this.#state;
  }

  /** Changes the state; it is on disk when this returns. @throws when it cannot be written: stop then */
  async change(change: (state: AgentState) => AgentState): Promise<void> {
    const before = this.#state;
    this.#state = change(before);
    if (this.#state === before) return await this.saved();
    this.#next ??= this.#writeAfter(this.#writing);
    await this.#next;
  }

  /** Everything of before is on disk when this returns. */
  async saved(): Promise<void> {
    await (this.#next ?? this.#writing);
  }

  async #writeAfter(former: Promise<void> | undefined): Promise<void> {
    await former;
    this.#writing = this.#next;
    this.#next = undefined;
    for (;;) {
      try {
        return await writeWhole(this.#path, JSON.stringify(this.#state), 0o600);
      } catch (error) {
        const isFull = hasCode(error, "ENOSPC") || hasCode(error, "EDQUOT");
        if (!isFull || this.#hold === undefined) throw error;
        await this.#hold();
      }
    }
  }
}

/** Waits until it is worth trying again. @throws when the agent is to end meanwhile */
export type HoldOn = () => Promise<void>;

/** The file of an agent's memory cannot be read as one. */
export class AgentStateError extends Error {
  override readonly name = "AgentStateError";

  constructor(path: string, problem: string) {
    super(
      `${path} is damaged, or not an agent's memory (${problem}). Nothing was done, so that no work is done twice: ` +
        "put a copy of it back, or move the folder away and enrol the device anew with a code from its page.",
    );
  }
}

/**
 * What an agent remembers; undefined when it never ran with this file.
 *
 * @throws AgentStateError when the file is there and is not ours: beginning anew would do work twice
 */
export async function readState(path: string): Promise<AgentState | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  const read = AgentState.safeParse(parsed(text));
  if (read.success) return read.data;
  throw new AgentStateError(path, read.error.issues[0]?.message ?? "");
}

/** The first thing that is written. */
export async function createStore(
  path: string,
  state: AgentState,
  hold?: HoldOn,
): Promise<AgentStore> {
  await writeWhole(path, JSON.stringify(state), 0o600);
  await syncFolder(dirname(dirname(path)));
  return new AgentStore(path, state, hold);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
