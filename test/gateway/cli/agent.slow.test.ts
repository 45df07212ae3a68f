/** `outpost agent` as people start it, against a site in this process. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AgentSite, applied } from "../../harness/agent-site.ts";
import { outpost } from "../../harness/outpost.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "outpost-cli-agent-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MAIN = join(import.meta.dir, "..", "..", "..", "gateway", "main.ts");

test("a run to the end: dry first, then for real, and nothing else is changed", async () => {
  await using site = new AgentSite();
  const [state, root] = [join(folder, "state"), join(folder, "device")];
  const common = ["agent", "--state", state, "--root", root];
  const nowhere = await outpost([...common, "--server", site.url]);
  expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining(`no folder ${root}`)]);
  await Bun.write(join(root, "a.txt"), "a");
  const none = await outpost(common);
  expect(none.code).toBe(2);
  expect(none.err).toContain("--server");

  const looks = await outpost([...common, "--dry-run", "--server", site.url]);
  expect(looks.err).toContain("not enrolled yet");
  expect(readdirSync(state)).toEqual([]);
  const enrolled = await outpost([...common, "--server", site.url, "--enrol", "CODE", "--once"]);
  expect(enrolled.err).toContain("Enrolled as");
  expect(enrolled.code).toBe(0);
  expect(statSync(join(state, "state.json")).mode & 0o777).toBe(0o600);

  site.plan(
    applied([
      { kind: "CreateFolder", path: "\\b" },
      { kind: "CopyFiles", source: "\\*.txt", target: "\\none" },
    ]),
  );
  const dry = await outpost([...common, "--dry-run"]);
  expect(dry.out).toContain(`1. CreateFolder: ${join(root, "b")}`);
  expect(dry.out).toContain("it would fail: \\none is no folder");
  expect(readdirSync(root)).toEqual(["a.txt"]);
  expect(site.words).toEqual([]);

  const real = await outpost([...common, "--once", "--json"]);
  expect(JSON.parse(real.out)).toEqual({ done: 1, failed: 1, unsent: 0 });
  expect(real.code).toBe(3);
  expect(readdirSync(root).sort()).toEqual(["a.txt", "b"]);
  expect(statSync(join(root, "b")).mode & 0o777).toBe(0o755);

  const other = await outpost([...common, "--id", "another"]);
  expect(other.code).toBe(2);
  const wrong = await outpost(["agent", "dance"]);
  expect(wrong.err).toContain("run, catalogue, install");
});

test("what a site refuses is told in a sentence", async () => {
  await using site = new AgentSite();
  site.refusesCodes = true;
  const [state, root] = [join(folder, "refused"), join(folder, "refused-root")];
  mkdirSync(root);
  const words = ["--server", site.url, "--enrol", "CODE", "--once"];
  const { code, err } = await outpost(["agent", "--state", state, "--root", root, ...words]);
  expect(code).toBe(1);
  expect(err).toContain("Error: the site answered 403");
  expect(err).not.toContain("    at ");
});

test("SIGTERM ends it in the middle of a download, and a second one with its folder is refused", async () => {
  await using site = new AgentSite();
  const state = join(folder, "second");
  const file = site.serve({ name: "big", bytes: new Uint8Array(200_000) });
  site.cuts = [-100_000];
  site.plan(applied([{ kind: "Download", source: "big", target: "\\big" }], { files: [file] }));
  const words = ["agent", "--state", state, "--root", folder, "--server", site.url];
  const agent = Bun.spawn([process.execPath, MAIN, ...words], { stderr: "ignore" });
  const part = join(state, "downloads", file.sha256);
  while ((statSync(part, { throwIfNoEntry: false })?.size ?? 0) < 100_000) await Bun.sleep(10);

  const twice = await outpost([...words.slice(0, -1), "http://127.0.0.1:9"]);
  expect(twice.code).toBe(1);
  expect(twice.err).toContain("Another agent");
  agent.kill("SIGTERM");
  expect(await agent.exited).toBe(0);
  const known = JSON.parse(readFileSync(join(state, "state.json"), "utf8"));
  expect(known.server).toBe(site.url);
  expect(known.run).toMatchObject({ at: 0, doing: { kind: "download" } });
});
