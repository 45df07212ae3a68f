import { describe, expect } from "bun:test";
import { join } from "node:path";
import { missingForSmallDisk, testUnless } from "../../harness/skip.ts";
import { withFolder } from "./temporary.ts";

/** A disk of this many bytes, in a mount namespace of its own: nobody else sees it. */
const DISK = "12m";

describe("a full disk", () => {
  testUnless(missingForSmallDisk())(
    "refuses writes with no-room, goes on reading, and recovers by itself",
    () =>
      withFolder(async (folder) => {
        const run = (phase: string) => `"$2" "$3" ${phase} "$1"`;
        const script = `mount -t tmpfs -o size=${DISK} tmpfs "$1" && ${run("fill")} && ${run("reopen")}`;
        const program = join(import.meta.dir, "full-disk.ts");
        const child = Bun.spawn(
          ["unshare", "-m", "sh", "-c", script, "sh", folder, process.execPath, program],
          { stdout: "pipe", stderr: "inherit" },
        );
        const [filled = "", reopened = ""] = (await new Response(child.stdout).text()).split("\n");
        const outcome = JSON.parse(filled) as Outcome;
        expect(outcome).toMatchObject({
          codesWhenFull: ["no-room"],
          codesAfterwards: [],
          devicesRead: 1,
          failures: [],
        });
        expect(outcome.acknowledgedWhenFull).toBeGreaterThan(0);
        expect(outcome.acknowledged).toBe(outcome.acknowledgedWhenFull + 30);
        expect(JSON.parse(reopened)).toEqual({
          check: ["ok"],
          counts: [outcome.acknowledged, outcome.acknowledged],
          failures: [],
        });
      }),
  );
});

interface Outcome {
  readonly acknowledged: number;
  readonly acknowledgedWhenFull: number;
}
