/** Finds the command that was typed, checks its arguments, runs it, and turns errors into words. */
import { type ArgsDef, parseArgs, renderUsage } from "citty";
import { ConfigError } from "../config/read.ts";
import { COMMON_ARGS, type Command, CommandError, type CommandGroup } from "./command.ts";
import { EXIT, EXIT_CODES_HELP, type ExitCode } from "./exit-codes.ts";
import { styled, type Terminal } from "./terminal.ts";

/**
 * Errors whose message is written for the person at the terminal. By class name, so that the database need
 * not be loaded to print a help text.
 */
const FOR_OPERATORS: ReadonlySet<string> = new Set([
  "AgentStateError",
  "ApiError",
  "AppError",
  "BackupError",
  "DatabaseDamagedError",
  "MigrationError",
  "SiteRefusal",
  "SiteUnreached",
  "UnreachableError",
]);

export type CommandTree = Readonly<Record<string, Command | CommandGroup>>;

/**
 * Runs `outpost WORDS…` and resolves with the exit code. Never throws: a wrong word, a refused
 * configuration and a failed request each end in a sentence on the error stream.
 */
export async function runCli(
  tree: CommandTree,
  words: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  const [first, second] = words;
  if (first === undefined || first === "help" || isHelp(first)) {
    terminal.out(overview(tree));
    return first === undefined ? EXIT.usage : EXIT.ok;
  }
  if (first === "--version") return runCli(tree, ["version"], terminal);
  const found = Object.hasOwn(tree, first) ? tree[first] : undefined;
  if (found === undefined) return unknown(`command "${first}"`, Object.keys(tree), first, terminal);
  if (!("commands" in found)) return runOne(found, first, words.slice(1), terminal);

  if (second === undefined || isHelp(second)) {
    terminal.out(groupHelp(first, found));
    return second === undefined ? EXIT.usage : EXIT.ok;
  }
  const inner = Object.hasOwn(found.commands, second) ? found.commands[second] : undefined;
  if (inner === undefined) {
    return unknown(`command "${first} ${second}"`, Object.keys(found.commands), second, terminal);
  }
  return runOne(inner, `${first} ${second}`, words.slice(2), terminal);
}

async function runOne(
  command: Command,
  name: string,
  words: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  const args: ArgsDef = { ...command.args, ...COMMON_ARGS };
  const definition = { meta: { name: `outpost ${name}`, description: command.about }, args };
  if (words.some(isHelp)) {
    terminal.out(`${await renderUsage(definition)}\n${EXIT_CODES_HELP}`);
    return EXIT.ok;
  }
  const wrong = wrongWord(args, words);
  if (wrong !== undefined) {
    terminal.err(`${styled(terminal, "red", "Error:")} ${wrong} See "outpost ${name} --help".`);
    return EXIT.usage;
  }
  try {
    const parsed = parseArgs(asValues(args, words), args);
    return await command.run(parsed, terminal);
  } catch (error) {
    return explain(error, name, terminal);
  }
}

function explain(error: unknown, name: string, terminal: Terminal): ExitCode {
  const say = (text: string) => terminal.err(`${styled(terminal, "red", "Error:")} ${text}`);
  if (error instanceof ConfigError) {
    say(error.message);
    return EXIT.usage;
  }
  if (error instanceof Error && FOR_OPERATORS.has(error.constructor.name)) {
    say(error.message);
    return EXIT.failed;
  }
  if (error instanceof CommandError) {
    say(error.message);
    return error.exitCode;
  }
  if (error instanceof Error && "code" in error && error.code === "EARG") {
    say(`${error.message}. See "outpost ${name} --help".`);
    return EXIT.usage;
  }
  // Not expected: whoever reports it needs the stack.
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT.failed;
}

/** citty takes unknown flags and spare words silently; a typo must not be ignored. */
function wrongWord(args: ArgsDef, words: readonly string[]): string | undefined {
  const positionals = Object.values(args).filter(({ type }) => type === "positional").length;
  let plain = 0;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (!word.startsWith("-") || word === "-") {
      plain += 1;
      if (plain > positionals) return `"${word}" is one word too many.`;
      continue;
    }
    const [flag = "", value] = word.replace(/^--?/, "").split("=", 2);
    const rule = findFlag(args, flag);
    if (rule === undefined) return `There is no flag ${word.split("=")[0]}.`;
    if (rule === "boolean") continue;
    if (value !== undefined) continue;
    index += 1;
    if (words[index] === undefined) return `--${flag} needs a value.`;
  }
  return undefined;
}

function findFlag(args: ArgsDef, flag: string): "boolean" | "value" | undefined {
  for (const [name, rule] of Object.entries(args)) {
    if (rule.type === "positional") continue;
    const aliases = "alias" in rule ? [rule.alias ?? []].flat() : [];
    if (name === flag || aliases.includes(flag)) {
      return rule.type === "boolean" ? "boolean" : "value";
    }
    if (rule.type === "boolean" && flag === `no-${name}`) return "boolean";
  }
  return undefined;
}

/** `--port -1` as `--port=-1`: otherwise the parser takes the value for a flag. */
function asValues(args: ArgsDef, words: readonly string[]): string[] {
  const joined: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const next = words[index + 1];
    const takes = /^--[^=]+$/.test(word) && findFlag(args, word.slice(2)) === "value";
    if (takes && next !== undefined) {
      joined.push(`${word}=${next}`);
      index += 1;
    } else {
      joined.push(word);
    }
  }
  return joined;
}

function unknown(
  what: string,
  known: readonly string[],
  typed: string,
  terminal: Terminal,
): ExitCode {
  const near = known.find((word) => word.startsWith(typed) || typed.startsWith(word));
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  terminal.err(`${styled(terminal, "red", "Error:")} There is no ${what}.${hint}`);
  terminal.err(`Known: ${known.join(", ")}.`);
  return EXIT.usage;
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}

function overview(tree: CommandTree): string {
  const lines = Object.entries(tree).map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`);
  return [
    "Outpost: an offline-first edge gateway for branch sites.",
    "",
    "Usage: outpost COMMAND [OPTIONS]",
    "",
    ...lines,
    "",
    '"outpost COMMAND --help" explains one of them.',
    EXIT_CODES_HELP,
  ].join("\n");
}

function groupHelp(name: string, { about, commands }: CommandGroup): string {
  const lines = Object.entries(commands).map(
    ([inner, command]) => `  ${inner.padEnd(15)} ${command.about}`,
  );
  return [about, "", `Usage: outpost ${name} COMMAND [OPTIONS]`, "", ...lines].join("\n");
}
