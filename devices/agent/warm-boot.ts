import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** Ours on Windows and elsewhere, in any letter case. [A-039, Q17] */
const HOOK = process.platform === "win32" ? /^warmboot\.exe$/i : /^warmboot(\.exe)?$/i;

/** A program beside the agent's executable that restarts the device in its own way. */
export async function warmBootHook(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => []);
  const name = names.sort().find((one) => HOOK.test(one));
  return name === undefined ? undefined : join(folder, name);
}
