import { join } from "node:path";
import { z } from "zod";
import { ApiClient } from "../../client/api-client.ts";
import type { BothConfig } from "../../config/settings.ts";
import { CommandError, command, JSON_ARG } from "../command.ts";
import { loadRoleConfig } from "../config-args.ts";
import { DATA_ARGS } from "../data-args.ts";
import { EXIT } from "../exit-codes.ts";
import { siteUrl, tokenOf } from "../options.ts";
import { bytesText } from "../table.ts";
import type { Terminal } from "../terminal.ts";

const Backup = z.object({
  name: z.string(),
  folder: z.string(),
  databases: z.array(z.object({ name: z.string(), bytes: z.int(), files: z.int() })),
});
type Made = Pick<z.infer<typeof Backup>, "folder" | "databases">;

/**
 * `outpost backup`: the databases of a gateway, copied and verified. A stopped one is copied here; one
 * that runs has its databases open, so it is asked to do it itself.
 */
export const backupCommand = command({
  about: "Back up the databases of a gateway, running or stopped.",
  args: {
    to: {
      type: "string",
      valueHint: "FOLDER",
      description:
        "Where to, a new folder; else beside the data, or where the running gateway keeps backups.",
    },
    ...DATA_ARGS,
    url: {
      type: "string",
      valueHint: "URL",
      description: "The running gateway's address; else this machine and the configured port.",
    },
    token: {
      type: "string",
      valueHint: "FILE",
      description:
        "For a running gateway: file with an API token that has backups:write; else OUTPOST_TOKEN.",
    },
    ...JSON_ARG,
  },
  run: async (args, terminal) => {
    const { config } = loadRoleConfig("both", args, terminal);
    const { holderOf } = await import("../../db/maintenance/backup.ts");
    const key = config.databaseKey?.reveal();
    const holder = await holderOf(config.dataDir, { key });
    const made =
      holder === undefined
        ? await backUpHere(config, args.to)
        : await backUpThere(config, holder, args, terminal);
    if (args.json) terminal.out(JSON.stringify(made));
    else {
      for (const { name, bytes, files } of made.databases) {
        terminal.out(`${name}: ${bytesText(bytes)}, verified; it lists ${files} files.`);
      }
      terminal.out(`The backup is in ${made.folder}. Files of packages are listed, not copied.`);
    }
    return EXIT.ok;
  },
});

async function backUpHere(config: BothConfig, to: string | undefined): Promise<Made> {
  const { backUp } = await import("../../db/maintenance/backup.ts");
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "");
  const { folder, manifest } = await backUp(config.dataDir, {
    target: to ?? join(config.dataDir, "..", `outpost-backup-${stamp}`),
    key: config.databaseKey?.reveal(),
    now: Date.now,
  });
  const databases = manifest.databases.map(({ bytes, files, name }) => ({
    name,
    bytes,
    files: files.length,
  }));
  return { folder, databases };
}

interface ThereArgs {
  readonly to?: string | undefined;
  readonly url?: string | undefined;
  readonly token?: string | undefined;
}

/** The gateway writes into its own folder only; from there the copy goes where it is wanted. */
async function backUpThere(
  config: BothConfig,
  holder: number,
  args: ThereArgs,
  terminal: Terminal,
): Promise<Made> {
  const address = args.url === undefined ? `http://127.0.0.1:${config.port}` : siteUrl(args.url);
  const { databasesIn } = await import("../../db/maintenance/data-folder.ts");
  const api = databasesIn(config.dataDir).includes("site") ? "/api/v1" : "/hub/api/v1";
  if (args.token === undefined && terminal.env.OUTPOST_TOKEN === undefined && !terminal.isTty) {
    throw new CommandError(tokenIsNeeded(config, holder), EXIT.usage);
  }
  const client = new ApiClient(address, await tokenOf(args.token, terminal));
  const made = await client.request(`${api}/backups`, Backup, { method: "POST", json: {} });
  if (args.to === undefined) return made;
  const { copyBackup } = await import("../../db/maintenance/copy.ts");
  const folder = await copyBackup(made.folder, args.to).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(
      `The backup was made in ${made.folder}, and could not be copied: ${why}`,
    );
  });
  await client.send(`${api}/backups/${made.name}`, { method: "DELETE" });
  return { ...made, folder };
}

function tokenIsNeeded(config: BothConfig, holder: number): string {
  const who = holder > 0 ? `A gateway (process ${holder})` : "A gateway";
  return (
    `${who} runs on ${config.dataDir} and makes backups itself, for an API token with the scope backups:write. ` +
    "Make one in its console (Settings, API tokens) or with `outpost token create backup --role admin " +
    "--scopes backups:write`, and give it with --token FILE or in OUTPOST_TOKEN. Or stop the gateway first."
  );
}
