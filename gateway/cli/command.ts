import type { ArgsDef, ParsedArgs } from "citty";
import type { ExitCode } from "./exit-codes.ts";
import type { Terminal } from "./terminal.ts";

/** One command of `outpost`: what it is, what it takes, what it does. */
export interface Command {
  readonly about: string;
  readonly args: ArgsDef;
  readonly run: (args: Parsed, terminal: Terminal) => Promise<ExitCode>;
}

/** Words below a command, such as `config check` and `config show`. */
export interface CommandGroup {
  readonly about: string;
  readonly commands: Readonly<Record<string, Command>>;
}

/** Arguments as they were typed, by name. */
export type Parsed = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** A command whose `run` sees its own arguments with their types. */
export function command<const Args extends ArgsDef>(definition: {
  readonly about: string;
  readonly args: Args;
  readonly run: (args: ParsedArgs<Args>, terminal: Terminal) => Promise<ExitCode>;
}): Command {
  return {
    about: definition.about,
    args: definition.args,
    // The dispatcher parses with these very `args`, which is what the type says.
    run: (args, terminal) => definition.run(args as unknown as ParsedArgs<Args>, terminal),
  };
}

/** A problem to tell the person who typed the command; no stack, exit code 1 unless said otherwise. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Arguments that every command takes. */
export const COMMON_ARGS = {
  help: { type: "boolean", alias: "h", description: "Explain this command." },
  color: { type: "boolean", default: true, negativeDescription: "Write without colours." },
} as const satisfies ArgsDef;

/** For commands that print data. */
export const JSON_ARG = {
  json: { type: "boolean", description: "Print JSON instead of text." },
} as const satisfies ArgsDef;
