/** The agent as one executable: `npm run build:agent`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AgentSite } from "../../harness/agent-site.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "outpost-compiled-agent-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("compiled, it is one file that starts where nothing else is", async () => {
  const script = join(import.meta.dir, "..", "..", "..", "scripts", "build-agent.mjs");
  const built = Bun.spawnSync(["node", script, "here", folder], { stderr: "pipe" });
  expect(built.stderr.toString()).not.toContain("error");
  expect(built.exitCode).toBe(0);
  await using site = new AgentSite();
  const started = Bun.spawn(
    [
      join(folder, "outpost-agent"),
      "--once",
      "--json",
      "--server",
      site.url,
      "--state",
      join(folder, "third"),
      "--root",
      folder,
    ],
    { cwd: folder, env: {}, stdout: "pipe", stderr: "pipe" },
  );
  const [out, err] = await Promise.all([
    new Response(started.stdout).text(),
    new Response(started.stderr).text(),
  ]);
  expect(err).toContain("Enrolled as");
  expect(JSON.parse(out)).toEqual({ done: 0, failed: 0, unsent: 0 });
  expect(site.lastPoll).toMatchObject({ facts: { agentVersion: expect.stringMatching(/^\d/) } });
});
