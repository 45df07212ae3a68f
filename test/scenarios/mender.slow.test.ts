import { describe, expect } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { missingForMender } from "../harness/mender-client.ts";
import { MenderScene } from "../harness/mender-scene.ts";
import { testUnless } from "../harness/skip.ts";

const testWithMender = testUnless(missingForMender());

describe("Mender's own client at a site", () => {
  testWithMender(
    "waits for its approval, installs an artifact, and rolls back what is stopped",
    async () => {
      await using scene = await MenderScene.open();
      const { client, line, scenario } = scene;
      client.start(line.url);
      const device = await scene.approve();

      const good = client.artifact("tool-1", "tool.bin", 300_000);
      const first = await scene.distribute(good.path, "tool-1");
      await scenario.request(device, first);
      const told = await scene.historyWith(device, first, "success");
      const words = [...new Set(told.map(({ value }) => value))];
      expect(words).toEqual([
        "born",
        "requested",
        "offered",
        "downloading",
        "installing",
        "success",
      ]);
      expect(await scenario.row(device, first)).toMatchObject({
        status: "installed",
        version: "1.0",
      });
      expect(new Uint8Array(readFileSync(join(client.root, "tool.bin")))).toEqual(good.content);

      // Another type of device: nothing is offered, and the row says why.
      const other = client.artifact("other-1", "other.bin", 1_000);
      const unfit = await scene.distribute(other.path, "other-1", ["raspberry"]);
      expect(await scenario.row(device, unfit)).toMatchObject({
        status: "not_relevant",
        state: "Device Criteria",
      });

      // Stopped while it downloads: it hears of it at its next status.
      const bad = client.artifact("tool-2", "tool-2.bin", 300_000);
      const second = await scene.distribute(bad.path, "tool-2");
      line.onRequest = async () => {
        await scenario.api.send(`/api/v1/distributions/${second}/stop`, { method: "POST" });
      };
      await scenario.request(device, second);
      const stopped = await scene.historyWith(device, second, "cancelled");
      expect(stopped.map(({ value }) => value)).not.toContain("success");
      expect(stopped.find(({ value }) => value === "cancelled")?.text).toContain(
        "the device stopped: failure",
      );
      expect(existsSync(join(client.root, "tool-2.bin"))).toBe(false);
      expect(readFileSync(join(client.root, "tool.bin")).byteLength).toBe(300_000);
    },
    120_000,
  );
});
