import { existsSync } from "node:fs";
import { CommandError, type CommandGroup, command, JSON_ARG } from "../command.ts";
import { loadRoleConfig } from "../config-args.ts";
import { DATA_ARGS } from "../data-args.ts";
import { EXIT } from "../exit-codes.ts";

/** `outpost admin …`: for whoever has the machine but not the password. */
export const adminCommands: CommandGroup = {
  about: "Help administrators who cannot log in.",
  commands: {
    "reset-password": command({
      about: "Give an administrator of a stopped gateway a new one-time password.",
      args: {
        name: { type: "positional", default: "admin", description: "The administrator." },
        of: {
          type: "enum",
          options: ["site", "hub"],
          default: "site",
          description: "Whose administrator: each has its own.",
        },
        ...DATA_ARGS,
        ...JSON_ARG,
      },
      run: async (args, terminal) => {
        const { config } = loadRoleConfig("both", args, terminal);
        const { databasePathIn } = await import("../../db/maintenance/data-folder.ts");
        const path = databasePathIn(config.dataDir, args.of === "hub" ? "hub" : "site");
        if (!existsSync(path)) {
          throw new CommandError(`There is no ${path}: name the data folder with --data-dir.`);
        }
        const password = await resetPassword(path, config.databaseKey?.reveal(), args.name);
        if (args.json) terminal.out(JSON.stringify({ name: args.name, oneTimePassword: password }));
        else {
          terminal.out(`One-time password of ${args.name}, shown only now: ${password}`);
          terminal.err("It has to be changed at the first login; former sessions are ended.");
        }
        return EXIT.ok;
      },
    }),
  },
};

async function resetPassword(path: string, key: string | undefined, name: string): Promise<string> {
  const [{ openDatabase }, { SqlAccessStore }, { Accounts }, { Audit }, { jsonLog }] =
    await Promise.all([
      import("../../db/database.ts"),
      import("../../db/stores/access-store.ts"),
      import("../../access/accounts.ts"),
      import("../../access/audit.ts"),
      import("../../telemetry/log.ts"),
    ]);
  const log = jsonLog({ level: "error", now: Date.now });
  await using database = await openDatabase({ path, key, log, now: Date.now });
  const store = new SqlAccessStore(database);
  const password = await new Accounts({ store, now: Date.now }).resetPassword(name);
  await new Audit(store, Date.now).record({
    by: "system",
    action: "administrator.reset-password",
    subject: name,
    address: "command line",
  });
  return password;
}
