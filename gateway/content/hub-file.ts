import type { PackageFile } from "../../devices/model/package.ts";
import type { BlobStore } from "./blob-store.ts";
import { verifyFile } from "./scrub.ts";
import { corrupt } from "./transfer.ts";
import type { TransferTarget } from "./transfer-target.ts";

/** A file of the policy that the hub has: length and hash are known, the index says how far it is. */
export function hubFile(store: BlobStore, file: PackageFile): TransferTarget {
  const { sha256, name, bytes } = file;
  const sender = "The hub";
  return {
    sender,
    partialPath: store.folder.transferPath(sha256),
    bytes,
    bytesMax: bytes,
    kept() {
      const record = store.find(sha256);
      if (record?.state !== "filling" || record.etag === null) return undefined;
      return { filledBytes: record.filledBytes, validator: record.etag };
    },
    isHere: () => store.has(sha256),
    note: ({ filledBytes, validator, problem }) =>
      store.note({
        sha256,
        md5: null,
        name,
        bytes,
        state: filledBytes > 0 ? "filling" : "wanted",
        filledBytes,
        etag: validator,
        problem,
        verifiedAtMs: null,
      }),
    async finish(partial) {
      const found = partial.digests().sha256;
      if (found !== sha256) throw corrupt(`${sender} sent wrong bytes: their SHA-256 is ${found}.`);
      await store.adopt(partial, name);
    },
  };
}

/**
 * Takes a file that is on the disk already, because a crash came between its name and the index, once
 * its bytes were found right.
 *
 * @returns false when there is no such file, or its bytes are wrong: then it is quarantined
 */
export async function adoptStray(store: BlobStore, file: PackageFile): Promise<boolean> {
  if (!store.strays().includes(file.sha256)) return false;
  const found = await verifyFile(store.folder.blobPath(file.sha256), file.sha256);
  if (found) await store.adoptStray(found, file.name, found.bytes);
  else await store.quarantine(file.sha256, "A file on the gateway's disk was damaged.");
  return found !== undefined;
}
