import { realpath } from "node:fs/promises";
import { createServer } from "node:net";
import { sha256Hex } from "../model/sha256.ts";

/**
 * One agent alone has a folder. The system gives the claim back when the process ends, however it ends: it is a socket
 * of a name that is no file (Linux: abstract; Windows: a pipe).
 *
 * @returns undefined when another process has it
 */
export async function claim(folder: string): Promise<Disposable | undefined> {
  const name = sha256Hex(await realpath(folder));
  const server = createServer((socket) => socket.destroy());
  const path =
    process.platform === "win32" ? `\\\\.\\pipe\\outpost-agent-${name}` : `\0outpost-agent-${name}`;
  const isOurs = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(path, () => resolve(true));
  });
  server.unref();
  return isOurs ? { [Symbol.dispose]: () => void server.close() } : undefined;
}
