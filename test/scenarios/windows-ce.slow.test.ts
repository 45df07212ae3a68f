import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { CeClient } from "../harness/ce-client.ts";
import { Loose, Scenario } from "../harness/scenario.ts";

const UUID = "0A1B0000-1807-1211-1502-0123456789AB";
/** 13:00 in Vienna: a window at 22:00 there begins nine hours later. */
const NOW = "2026-03-07T12:00:00.000Z";
const OPENS_MS = Date.parse("2026-03-07T21:00:00.000Z");
const Devices = z.looseObject({ rows: z.array(z.looseObject({ id: z.string() })) });
const Knock = z.looseObject({ protocol: z.string(), externalId: z.string() });

describe("a terminal with Windows CE", () => {
  test("knocks, is approved, installs at its instant over a broken download, and is at rest", async () => {
    await using site = await Scenario.start({ role: "site", now: NOW });
    const { api, gateway } = site;
    const post = (path: string, init: RequestInit) => fetch(`${site.url}${path}`, init);
    const client = new CeClient(UUID, post);
    expect((await client.poll()).status).toBe(401);
    const knocks = await api.request("/api/v1/knocks", z.array(Knock));
    expect(knocks).toMatchObject([{ protocol: "ce", externalId: UUID }]);
    await api.send("/api/v1/knocks/approve", {
      method: "POST",
      json: { protocol: "ce", externalId: UUID },
    });
    expect((await client.poll()).packages).toEqual([]);
    await client.inventory({
      Device_System: { ProcessorType: "2577", PlatformType: "PocketPC" },
      Device_OS: { MajorVersion: "5", MinorVersion: "2", BuildNumber: "1235" },
    });

    const knownAs = await api.request("/api/v1/devices", Devices);
    const told = knownAs.rows[0]?.id ?? "";
    expect(await api.request(`/api/v1/devices/${told}/attributes`, z.array(Loose))).toContainEqual({
      name: "Device_OS.MajorVersion",
      value: "5",
      at: expect.any(String),
    });
    await api.send("/api/v1/settings/windows-ce", {
      method: "PATCH",
      json: { pollSeconds: 7_200 },
    });
    expect((await client.poll()).pollInterval).toBe("0000-00-00 02:00:00");

    await site.addWindow("2026-03-01T22:00", 120);
    const content = "MSCF".padEnd(200_000, "content of a cabinet ");
    const { sha256 } = await site.upload(content, "till.cab");
    await api.send("/api/v1/packages", {
      method: "POST",
      json: { id: "till", name: "Till", platform: "Windows" },
    });
    await api.send("/api/v1/packages/till/revisions", {
      method: "POST",
      json: {
        id: "till-1",
        version: "1.0",
        channel: "agent",
        agent: {
          files: [{ sha256, name: "till.cab" }],
          actions: [
            { kind: "Download", source: "till.cab", target: "%TEMP%\\till.cab" },
            { kind: "Install", file: "%TEMP%\\till.cab" },
            { kind: "WarmBoot" },
          ],
        },
      },
    });
    await api.send("/api/v1/distributions", {
      method: "POST",
      json: { id: "rollout", package: "till", revision: "till-1", mode: "automatic" },
    });
    const [row] = await site.rows("distribution:rollout");
    const device = row?.device ?? "";
    const state = () => site.row(device, "rollout");
    const instantMs = Date.parse(String(row?.nextAttempt));
    expect(instantMs).toBeGreaterThanOrEqual(OPENS_MS);
    expect((await client.poll()).packages).toEqual([]);

    await gateway.setClock(new Date(instantMs).toISOString());
    const { packages } = await client.poll();
    expect(packages.length).toBe(1);
    await gateway.kill();
    await gateway.restart();
    const [first] = await client.instructions(packages);
    expect(first).toMatchObject({
      startTime: new Date(instantMs).toISOString().slice(0, 19).replace("T", " "),
      folder: "\\Temp",
      commandLine: 'wceload.exe "\\Temp\\till.cab"',
      bytes: content.length,
    });
    expect((await state()).status).toBe("pending_install");

    const id = first?.id ?? "";
    const url = await client.locate(id);
    expect(url.startsWith(`${site.url}/content/${sha256}/till.cab?`)).toBe(true);
    await client.status(id, 11030);
    expect((await state()).status).toBe("installing");
    // The line breaks after a part, and the gateway is gone for a while.
    const begun = await (await fetch(url, { headers: { range: "bytes=0-99999" } })).text();
    await gateway.kill();
    await gateway.restart();
    const rest = await fetch(url, { headers: { range: `bytes=${begun.length}-` } });
    expect(rest.status).toBe(206);
    expect(begun + (await rest.text())).toBe(content);
    await client.status(id, 11031, 11035);
    expect((await state()).status).toBe("installing");

    // The restart that the package owes is a script of its own.
    const [restart, ...more] = await client.instructions(
      (await client.poll()).packages.filter((one) => !client.known.has(one)),
    );
    expect(more).toEqual([]);
    const script = await fetch(await client.locate(restart?.id ?? ""));
    expect(Buffer.from(await script.arrayBuffer()).toString("utf16le")).toContain("reboot");
    await client.status(restart?.id ?? "", 11030, 11031, 11035);
    expect(await state()).toMatchObject({ status: "installed", version: "1.0", attempt: 1 });

    await gateway.kill();
    await gateway.restart();
    expect((await client.poll()).packages).toEqual([id, restart?.id ?? ""]);
    await api.send("/api/v1/distributions/rollout/stop", { method: "POST" });
    expect((await client.poll()).packages).toEqual([]);
    expect((await state()).status).toBe("installed");
  }, 60_000);

  test("a site whose hub has sent no policy yet does not tell a device to drop what it has", async () => {
    await using site = await Scenario.start({
      role: "site",
      now: NOW,
      settings: { hubUrl: "http://127.0.0.1:9/", joinCode: "AAAA-BBBB-CCCC" },
    });
    const client = new CeClient(UUID, (path, init) => fetch(`${site.url}${path}`, init));
    await site.api.send("/api/v1/devices", {
      method: "POST",
      json: { stableId: UUID, name: "till-7", platform: "Windows", protocol: "ce" },
    });
    // It comes from another box, where it had packages.
    client.timestamp = "2026-01-01 00:00:00";
    client.known.add("A");
    const { status } = await client.poll();
    expect(status).toBe(503);
    expect([...client.known]).toEqual(["A"]);
  }, 60_000);
});
