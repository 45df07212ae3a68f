import { exampleFile } from "../../config/example.ts";
import { parseRole } from "../../config/read.ts";
import { ROLES } from "../../config/settings.ts";
import { CommandError, type CommandGroup, command, JSON_ARG } from "../command.ts";
import { configArgs, loadRoleConfig } from "../config-args.ts";
import { EXIT } from "../exit-codes.ts";
import { tableText } from "../table.ts";
import { styled } from "../terminal.ts";

const ROLE_ARG = {
  type: "positional",
  required: false,
  default: "both",
  description: `For which role: ${ROLES.join(", ")}.`,
} as const;

/** `outpost config …`: what the settings are and where each comes from. */
export const configCommands: CommandGroup = {
  about: "Check and show the configuration.",
  commands: {
    check: command({
      about: "Say whether the configuration can be used.",
      args: { role: ROLE_ARG, ...configArgs("both") },
      run: async (args, terminal) => {
        const { warnings } = loadRoleConfig(needRole(args.role), args, terminal);
        for (const warning of warnings) {
          terminal.err(`${styled(terminal, "yellow", "Warning:")} ${warning}`);
        }
        terminal.out(`The configuration of "outpost ${args.role}" is good.`);
        return EXIT.ok;
      },
    }),
    show: command({
      about: "Show every setting and where it comes from; secrets are redacted.",
      args: { role: ROLE_ARG, ...configArgs("both"), ...JSON_ARG },
      run: async (args, terminal) => {
        const { shown } = loadRoleConfig(needRole(args.role), args, terminal);
        const used = shown.filter((setting) => setting.used);
        if (args.json) {
          terminal.out(JSON.stringify(used.map(({ used: _, ...setting }) => setting)));
        } else {
          const rows = used.map(({ variable, value, origin }) => [variable, value, origin]);
          for (const line of tableText(["setting", "value", "from"], rows)) terminal.out(line);
        }
        return EXIT.ok;
      },
    }),
    example: command({
      about: "Print an outpost.toml that explains every setting.",
      args: {},
      run: async (_args, terminal) => {
        terminal.out(exampleFile().trimEnd());
        return EXIT.ok;
      },
    }),
  },
};

function needRole(text: string) {
  const role = parseRole(text);
  if (role === undefined) {
    throw new CommandError(`"${text}" is no role: write one of ${ROLES.join(", ")}.`, EXIT.usage);
  }
  return role;
}
