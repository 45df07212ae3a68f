import { join } from "node:path";
import { command, JSON_ARG } from "../command.ts";
import { EXIT } from "../exit-codes.ts";

/** The version of this program, as package.json has it. */
export async function readVersion(): Promise<string> {
  const packageJson: unknown = await Bun.file(
    join(import.meta.dir, "..", "..", "..", "package.json"),
  ).json();
  if (typeof packageJson !== "object" || packageJson === null || !("version" in packageJson)) {
    throw new Error("package.json has no version");
  }
  return String(packageJson.version);
}

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
