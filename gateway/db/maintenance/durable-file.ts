import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { parseSha256, type Sha256 } from "../../../devices/model/ids.ts";

/** SHA-256 of a file, read in pieces. Not for a database that this process has open. */
export async function sha256OfFile(path: string): Promise<Sha256> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const piece of createReadStream(path)) hasher.update(piece);
  const digest = parseSha256(hasher.digest("hex"));
  if (!digest) throw new Error("invariant broken: a digest that is none");
  return digest;
}

/** Waits until what was written to a file, or the names in a folder, are on the disk. */
export async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
