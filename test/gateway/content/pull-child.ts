/**
 * A site that pulls one file and may be killed at any moment: run by kill.slow.test.ts as a process of its
 * own. Its index is a JSON file, replaced whole. Prints each sync point, and "done".
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseSha256 } from "../../../devices/model/ids.ts";
import type { BlobRecord } from "../../../gateway/content/blob-index.ts";
import { openBlobStore } from "../../../gateway/content/blob-store.ts";
import { DiskFloor } from "../../../gateway/content/disk-floor.ts";
import { Puller } from "../../../gateway/content/puller.ts";
import { silentLog } from "./content-harness.ts";
import { MemoryBlobIndex } from "./memory-blob-index.ts";

const [folder = "", url = "", digest = "", length = ""] = process.argv.slice(2);
const sha256 = parseSha256(digest);
if (!sha256) throw new Error("not a digest");
const indexPath = join(folder, "index.json");

const index = new MemoryBlobIndex(readRecords(), (records) => {
  writeFileSync(`${indexPath}.new`, JSON.stringify(records));
  renameSync(`${indexPath}.new`, indexPath);
  console.log(`filled ${records[0]?.filledBytes ?? 0}`);
});
const diskFloor = new DiskFloor(async () => ({ totalBytes: 2 ** 40, freeBytes: 2 ** 40 }), 0);
const now = () => 0;
const store = await openBlobStore({ folder, index, diskFloor, now, log: silentLog });
const puller = new Puller({
  store,
  diskFloor,
  fetchContent: ({ headers, signal }) => fetch(url, { headers, signal, decompress: false }),
  onFetched: () => {},
  now,
  random: () => 0,
  log: silentLog,
});
puller.want([{ sha256, name: "app.cab", bytes: Number(length) }]);
await puller.idle();
console.log(store.has(sha256) ? "done" : "failed");

function readRecords(): readonly BlobRecord[] {
  try {
    return JSON.parse(readFileSync(indexPath, "utf8"));
  } catch {
    return []; // The first start.
  }
}
