import packageJson from "../../package.json" with { type: "json" };

/** The version of this program, as package.json has it; a compiled executable carries it. */
export async function readVersion(): Promise<string> {
  return packageJson.version;
}
