import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { ACTION_KINDS } from "../../devices/model/install-action.ts";
import { sampleCab } from "../../gateway/demo/packages/sample-cab.ts";
import { startBranch } from "../harness/branch.ts";
import { outpost } from "../harness/outpost.ts";
import { samplePe } from "../harness/sample-pe.ts";
import { Loose, type Scenario } from "../harness/scenario.ts";
import { settled } from "../harness/settled.ts";
import { thirteenActions } from "../harness/thirteen-actions.ts";

const SETTLE_MS = 30_000;
const HELLO_MD5 = "5d41402abc4b2a76b9719d911017c592";
const Metric = z.looseObject({ number: z.number(), kind: z.string() });
const Metrics = z.array(Metric);
const Revision = z.looseObject({
  id: z.string(),
  agent: z.looseObject({
    actions: z.array(z.looseObject({ kind: z.string(), critical: z.string() })),
    metrics: Metrics,
    notes: z.array(z.string()),
  }),
});
const Token = z.looseObject({ token: z.string() });

async function upload(at: Scenario, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const stored = await at.api.request(
    `/api/v1/files?name=${name}`,
    z.looseObject({ sha256: z.string() }),
    { method: "POST", bytes, headers: { "content-type": "application/octet-stream" } },
  );
  return stored.sha256;
}

test("a package in 13 steps is made at the hub with generated metrics, flows to its site, and travels as a file [S-14, S-22, S-23]", async () => {
  const { hub, site, line } = await startBranch("2026-11-21T10:00:00Z");
  await using _hub = hub;
  await using _line = line;
  await using _site = site;
  const folder = await mkdtemp(join(tmpdir(), "outpost-packages-"));
  try {
    const text = new TextEncoder();
    const cab = sampleCab({ folders: [[{ path: "data.bin", content: "inside" }]] });
    const contents = {
      "hello.txt": text.encode("hello"),
      "app.exe": samplePe({ fileVersion: "2.0.0.0" }),
      "a.cab": cab,
    };
    const files: { sha256: string }[] = [];
    for (const [name, bytes] of Object.entries(contents)) {
      files.push({ sha256: await upload(hub, name, bytes) });
      await Bun.write(join(folder, `kept-${name}`), bytes);
    }
    const path = "/api/v1/packages";
    await hub.api.send(path, {
      method: "POST",
      json: { id: "tools", name: "Tools", platform: "Windows" },
    });
    const placed = Object.keys(contents).map((name) => ({
      kind: "Download",
      source: name,
      target: `\\App\\${name}`,
    }));
    const made = await hub.api.request(`${path}/tools/revisions`, Revision, {
      method: "POST",
      json: {
        id: "tools-1",
        version: "1",
        agent: {
          files,
          actions: [
            ...thirteenActions({ download: "hello.txt" }),
            ...placed,
            { kind: "Install", file: "\\App\\a.cab" },
          ],
        },
      },
    });
    expect(new Set(made.agent.actions.map(({ kind }) => kind))).toEqual(new Set(ACTION_KINDS));
    expect(new Set(made.agent.actions.map(({ critical }) => critical))).toEqual(
      new Set(["continue only on success"]),
    );

    // Autogenerate: what has a version by its version, the rest by MD5; the CAB is gone. [S-22, Q19]
    const at = `${path}/tools/revisions/tools-1/metrics`;
    const generated = await hub.api.request(
      `${at}/generate`,
      z.looseObject({ metrics: Metrics, notes: z.array(z.string()) }),
      { method: "POST" },
    );
    expect(generated.metrics).toMatchObject([
      { number: 1, kind: "FileHash", file: "\\App\\hello.txt", hash: HELLO_MD5 },
      { number: 2, kind: "FileVersion", field: "File", operator: "EQ", value: "2.0.0.0" },
    ]);
    expect(generated.notes.join(" ")).toContain("a.cab");
    const status = async (method: "PATCH" | "DELETE" | "POST", name: string, json?: object) =>
      (await hub.api.raw(`${at}${name}`, { method, ...(json && { json }) })).status;
    expect(await status("PATCH", "/1", { hash: "0".repeat(32) })).toBe(422);
    expect(await status("PATCH", "/2", { operator: "GE" })).toBe(200);

    // A file inside the CAB: its own MD5, and not the CAB's. [S-23]
    const virtual = { file: "a.cab", virtualFile: "data.bin" };
    const inside = { kind: "FileHash", file: "\\App\\data.bin", source: virtual };
    const added = await hub.api.request(at, Metric, { method: "POST", json: inside });
    expect(added.hash).toBe(new Bun.CryptoHasher("md5").update("inside").digest("hex"));
    const nowhere = { ...inside, source: { ...virtual, virtualFile: "other.bin" } };
    expect(await status("POST", "", nowhere)).toBe(422);
    expect(await status("POST", "", { ...inside, source: "\\\\server\\a.txt" })).toBe(422);
    expect(await status("DELETE", "/1")).toBe(200);

    // The site has it as it is now.
    const wanted = await hub.api.request(`${path}/tools/revisions/tools-1`, Revision);
    expect(wanted.agent.metrics.map(({ number }) => number)).toEqual([2, 3]);
    await settled("the site has the revision as it is now", SETTLE_MS, async () => {
      const answer = await site.api.raw(`${path}/tools/revisions/tools-1`, {});
      if (answer.status !== 200) return undefined;
      const { agent } = Revision.parse(await answer.json());
      return Bun.deepEquals(agent.metrics, wanted.agent.metrics) || undefined;
    });

    // Out of the hub, and into another organisation's gateway under another name.
    const tokenOf = async ({ api }: Scenario) =>
      (
        await api.request("/api/v1/tokens", Token, {
          method: "POST",
          json: { name: "cli", role: "admin", expiresAt: "2099-01-01T00:00:00Z" },
        })
      ).token;
    const file = join(folder, "tools.json");
    const hubUrl = `${hub.url}/hub`;
    const exported = await outpost(
      ["package", "export", "tools", "--output", file, "--url", hubUrl],
      {
        OUTPOST_TOKEN: await tokenOf(hub),
      },
    );
    expect(exported).toMatchObject({ code: 0 });
    const written = await Bun.file(file).json();
    written.package.id = "tools-2";
    written.revisions[0].id = "tools-2-1";
    await Bun.write(file, JSON.stringify(written));
    const importing = ["package", "import", file, "--files", folder, "--url", site.url];
    const imported = await outpost(importing, { OUTPOST_TOKEN: await tokenOf(site) });
    expect(imported).toMatchObject({ code: 0, out: "tools-2 has the versions 1.\n" });
    expect(imported.err).toContain("Uploaded kept-app.exe.");
    const there = await site.api.request(`${path}/tools-2/revisions/tools-2-1`, Revision);
    expect(there.agent.metrics).toMatchObject([
      { kind: "FileVersion", operator: "GE", value: "2.0.0.0" },
      { kind: "FileHash", hash: added.hash },
    ]);
    await site.api.request(`${path}/tools-2`, Loose);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 90_000);
