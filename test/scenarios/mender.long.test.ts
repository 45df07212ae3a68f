import { describe, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { missingForMender } from "../harness/mender-client.ts";
import { MenderScene } from "../harness/mender-scene.ts";
import { testUnless } from "../harness/skip.ts";

const testWithMender = testUnless(missingForMender());
/** The client waits at least a minute before it resumes, whatever is configured. */
const RESUME_MS = 120_000;

describe("Mender's own client on a bad line", () => {
  testWithMender(
    "goes on with a download where it broke off",
    async () => {
      await using scene = await MenderScene.open();
      const { client, line, scenario } = scene;
      client.start(line.url);
      const device = await scene.approve();
      const made = client.artifact("tool-1", "tool.bin", 3_000_000);
      const distribution = await scene.distribute(made.path, "tool-1");
      line.cutAfterBytes = 1_000_000;
      await scenario.request(device, distribution);
      await scene.historyWith(device, distribution, "success", RESUME_MS);
      expect(line.requests).toHaveLength(2);
      expect(line.requests[1]).toMatch(/^range: bytes=\d{6,}-$/im);
      expect(new Uint8Array(readFileSync(join(client.root, "tool.bin")))).toEqual(made.content);
      expect(await scenario.row(device, distribution)).toMatchObject({ status: "installed" });
    },
    180_000,
  );
});
