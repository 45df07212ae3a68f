import { command, JSON_ARG } from "../command.ts";
import { loadRoleConfig } from "../config-args.ts";
import { DATA_ARGS } from "../data-args.ts";
import { EXIT } from "../exit-codes.ts";
import { bytesText, tableText } from "../table.ts";
import { styled } from "../terminal.ts";

/** `outpost restore`: a backup in the place of a stopped gateway's databases. */
export const restoreCommand = command({
  about: "Put a backup in the place of a stopped gateway's databases.",
  args: {
    from: { type: "positional", description: "The backup's folder." },
    force: {
      type: "boolean",
      description: "Put databases that are there aside, under another name.",
    },
    ...DATA_ARGS,
    ...JSON_ARG,
  },
  run: async (args, terminal) => {
    const { config } = loadRoleConfig("both", args, terminal);
    const { restore } = await import("../../db/maintenance/restore.ts");
    const result = await restore({
      backup: args.from ?? "",
      dataDir: config.dataDir,
      key: config.databaseKey?.reveal(),
      force: args.force === true,
      now: Date.now,
    });
    if (args.json) {
      terminal.out(JSON.stringify(result));
      return EXIT.ok;
    }
    const madeAt = new Date(result.manifest.madeAtMs).toISOString();
    terminal.out(`The backup of ${madeAt} is in place in ${config.dataDir}.`);
    for (const path of result.putAside) terminal.out(`The database that was there is now ${path}.`);
    if (result.missingFiles.length > 0) {
      const warning = styled(terminal, "yellow", "Warning:");
      terminal.err(
        `${warning} these files are missing; upload them again if the hub has them not.`,
      );
      const rows = result.missingFiles.map(({ name, bytes }) => [name, bytesText(bytes)]);
      for (const line of tableText(["file", "size"], rows)) terminal.err(line);
    }
    return EXIT.ok;
  },
});
