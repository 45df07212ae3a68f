import { join } from "node:path";
import { command, JSON_ARG } from "../command.ts";
import { loadRoleConfig } from "../config-args.ts";
import { DATA_ARGS } from "../data-args.ts";
import { EXIT } from "../exit-codes.ts";
import { bytesText } from "../table.ts";

/** `outpost backup`: the databases of a stopped gateway, copied and verified. */
export const backupCommand = command({
  about: "Back up the databases of a stopped gateway into a new folder.",
  args: {
    to: {
      type: "string",
      valueHint: "FOLDER",
      description: "Where to; else a folder with the time in its name, beside the data.",
    },
    ...DATA_ARGS,
    ...JSON_ARG,
  },
  run: async (args, terminal) => {
    const { config } = loadRoleConfig("both", args, terminal);
    const { backUp } = await import("../../db/maintenance/backup.ts");
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "");
    const { folder, manifest } = await backUp(config.dataDir, {
      target: args.to ?? join(config.dataDir, "..", `outpost-backup-${stamp}`),
      key: config.databaseKey?.reveal(),
      now: Date.now,
    });
    if (args.json) terminal.out(JSON.stringify({ folder, manifest }));
    else {
      for (const { name, bytes, files } of manifest.databases) {
        terminal.out(`${name}: ${bytesText(bytes)}, verified; it lists ${files.length} files.`);
      }
      terminal.out(`The backup is in ${folder}. Files of packages are listed, not copied.`);
    }
    return EXIT.ok;
  },
});
