import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection, LOG_BYTES_KEPT } from "../../../gateway/db/driver/connection.ts";

const GROUPS = 40;
/** More than any group of the writer changes. */
const GROUP_BYTES = 1024 ** 2;

test("the log is folded into the file before it outgrows what is kept of it", () => {
  const folder = mkdtempSync(join(tmpdir(), "outpost-log-"));
  const path = join(folder, "outpost.db");
  const connection = new Connection(path);
  try {
    connection.prepare("CREATE TABLE t (id INTEGER PRIMARY KEY, bytes BLOB)").run();
    const put = connection.prepare("INSERT OR REPLACE INTO t VALUES (1, randomblob(?))");
    const sizes: number[] = [];
    for (let group = 0; group < GROUPS; group++) {
      put.run(GROUP_BYTES);
      sizes.push(statSync(`${path}-wal`).size);
    }
    // It is not folded at once, and is used again from its beginning.
    expect(sizes[5]).toBeGreaterThan(5 * GROUP_BYTES);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(LOG_BYTES_KEPT);
    expect(sizes.at(-1)).toBe(Math.max(...sizes));
  } finally {
    connection.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
