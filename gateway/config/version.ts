import { join } from "node:path";

/** The version of this program, as package.json has it. */
export async function readVersion(): Promise<string> {
  const packageJson: unknown = await Bun.file(
    join(import.meta.dir, "..", "..", "package.json"),
  ).json();
  if (typeof packageJson !== "object" || packageJson === null || !("version" in packageJson)) {
    throw new Error("package.json has no version");
  }
  return String(packageJson.version);
}
