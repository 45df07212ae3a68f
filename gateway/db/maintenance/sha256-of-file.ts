import { createReadStream } from "node:fs";
import { parseSha256, type Sha256 } from "../../../devices/model/ids.ts";

/** SHA-256 of a file, read in pieces. Not for a database that this process has open. */
export async function sha256OfFile(path: string): Promise<Sha256> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const piece of createReadStream(path)) hasher.update(piece);
  const digest = parseSha256(hasher.digest("hex"));
  if (!digest) throw new Error("invariant broken: a digest that is none");
  return digest;
}
