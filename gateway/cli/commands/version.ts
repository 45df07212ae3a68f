import { readVersion } from "../../config/version.ts";
import { command, JSON_ARG } from "../command.ts";
import { EXIT } from "../exit-codes.ts";

export const versionCommand = command({
  about: "Print the version.",
  args: JSON_ARG,
  run: async (args, terminal) => {
    const version = await readVersion();
    const facts = { version, bun: Bun.version, platform: process.platform };
    terminal.out(args.json ? JSON.stringify(facts) : `outpost ${version} (Bun ${Bun.version})`);
    return EXIT.ok;
  },
});
