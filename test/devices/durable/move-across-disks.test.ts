import { expect } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { moveWhole } from "../../../devices/durable/whole-file.ts";
import { testUnless } from "../../harness/skip.ts";

const OTHER = "/dev/shm";
const hasTwo = existsSync(OTHER) && statSync(OTHER).dev !== statSync(tmpdir()).dev;
const missing = hasTwo ? undefined : "needs a second disk: mount a tmpfs on /dev/shm";

testUnless(missing)(
  "a file goes from its disk only when it is whole on the other (A-066)",
  async () => {
    const [from, to] = [OTHER, tmpdir()].map((folder) =>
      mkdtempSync(join(folder, "outpost-move-")),
    );
    if (from === undefined || to === undefined) throw new Error("no folders");
    try {
      const source = join(from, "a");
      writeFileSync(source, "text", { mode: 0o640 });
      await expect(moveWhole(source, join(to, "none", "a"))).rejects.toThrow();
      expect(readFileSync(source, "utf8")).toBe("text");
      await moveWhole(source, join(to, "b"));
      expect(readFileSync(join(to, "b"), "utf8")).toBe("text");
      expect(statSync(join(to, "b")).mode & 0o777).toBe(0o640);
      expect(readdirSync(from)).toEqual([]);
      expect(readdirSync(to)).toEqual(["b"]);
    } finally {
      for (const folder of [from, to]) rmSync(folder, { recursive: true });
    }
  },
);
