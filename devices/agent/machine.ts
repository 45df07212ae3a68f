import type { AgentFacts, InventoryEntry } from "../../protocols/agent/requests.ts";
import type { DeviceToken } from "../install/tokens.ts";
import type { Quoting } from "./command-line.ts";
import type { FoundProcess } from "./run.ts";

/** A process, as Terminate sees it. */
export interface SeenProcess extends FoundProcess {
  /** All names that its executable goes by. */
  readonly names: readonly string[];
  /** Never to be ended: the agent, what it runs under, the system itself. */
  readonly isProtected: boolean;
}

export interface ProgramStart {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** A file to whose end it writes; null: nobody reads it. */
  readonly output: string | null;
}

export interface StartedProgram {
  /** Its exit code; null: a signal ended it. */
  readonly exited: Promise<number | null>;
  /** It may outlive the agent. */
  leave(): void;
}

/** What differs between operating systems. */
export interface Machine {
  readonly quoting: Quoting;
  /** Null: there is no such folder here. */
  readonly folders: Readonly<Record<DeviceToken, string | null>>;
  facts(): Promise<AgentFacts & { readonly name: string }>;
  /** The same for as long as the machine is the same; undefined: it has no name of its own. */
  stableId(): Promise<string | undefined>;
  inventory(): Promise<readonly InventoryEntry[]>;
  /** @throws Error when it cannot be started */
  start(program: ProgramStart): Promise<StartedProgram>;
  processes(): Promise<readonly SeenProcess[]>;
  /** Ends it and waits until it is gone. @throws Error when it cannot be ended */
  end(process: FoundProcess): Promise<void>;
  /** What takes an installed program off; undefined: there is none of this name. */
  uninstaller(
    name: string,
  ): Promise<{ readonly program: string; readonly args: readonly string[] } | undefined>;
  /** Another one after every start of the system. */
  bootId(): Promise<string>;
  /** Begins to restart the system. */
  restart(): Promise<void>;
}
