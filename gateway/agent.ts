/** The agent alone, as it is compiled into one executable: `outpost agent` without the gateway. */
import { agentCommand } from "./cli/commands/agent.ts";
import { runCli } from "./cli/run.ts";
import { processTerminal } from "./cli/terminal.ts";

const words = Bun.argv.slice(2);
const color = !words.includes("--no-color");
process.exitCode = await runCli(
  { agent: agentCommand },
  ["agent", ...words],
  processTerminal(Bun.env, { color }),
);
