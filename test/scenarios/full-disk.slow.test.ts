import { describe, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missingForSmallDisk, testUnless } from "../harness/skip.ts";

describe("a site whose disk is full", () => {
  testUnless(missingForSmallDisk())(
    "refuses what it cannot keep, says why, goes on reading, and recovers by itself",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "outpost-disk-"));
      const script = 'mount -t tmpfs -o size=48m tmpfs "$1" && TMPDIR="$1" exec "$2" "$3"';
      const child = Bun.spawn(
        [
          ...["unshare", "-m", "sh", "-c", script, "sh", folder],
          ...[process.execPath, join(import.meta.dir, "full-disk.ts")],
        ],
        { stdout: "pipe", stderr: "inherit" },
      );
      const said = await new Response(child.stdout).text();
      rmSync(folder, { recursive: true, force: true });
      const { acknowledged, ...outcome } = JSON.parse(said) as { acknowledged: number };
      expect(acknowledged).toBeGreaterThan(0);
      const words = expect.stringContaining("disk");
      expect(outcome).toEqual({
        tooLarge: { status: 507, says: words },
        readyBefore: 200,
        full: {
          fact: 507,
          factSays: words,
          upload: 507,
          ready: 503,
          reasons: [words],
          device: 507,
          rows: 1,
          page: 200,
          files: 200,
        },
        readyAgain: 200,
        again: 200,
        uploadAgain: 201,
        pushed: ["1.0.0.0"],
        status: "installed",
        lost: [],
      });
    },
    60_000,
  );
});
