/** The program `outpost`. Everything else is loaded when a command needs it. */
const words = Bun.argv.slice(2);
const color = !words.includes("--no-color");
// The library that prints the help looks at the environment when it is loaded.
if (!color || process.stdout.isTTY !== true) Bun.env.NO_COLOR = "1";

// Databases hold keys and hashes of passwords: what we write is for nobody else on this machine.
process.umask(0o077);

const { runCli } = await import("./cli/run.ts");
const { COMMANDS } = await import("./cli/commands.ts");
const { processTerminal } = await import("./cli/terminal.ts");

process.exitCode = await runCli(COMMANDS, words, processTerminal(Bun.env, { color }));
