import { expect, test } from "bun:test";
import { z } from "zod";
import { HawkbitTool } from "../harness/hawkbit-tool.ts";
import { happens } from "../harness/kiosk.ts";
import { line } from "../harness/kiosk-line.ts";
import { Scenario } from "../harness/scenario.ts";
import { testUnless } from "../harness/skip.ts";
import { missingForSwupdate, Swupdate } from "../harness/swupdate.ts";

const testSwupdate = testUnless(missingForSwupdate());
const TOKEN = "ieHai3du7gee7aPhojeth4ong";
const Target = z.looseObject({ securityToken: z.string(), updateStatus: z.string() });

testSwupdate(
  "a test suite of hawkBit's clients drives a site: swupdate installs, and the action is finished",
  async () => {
    await using site = await Scenario.start({ role: "site" });
    await using swupdate = await Swupdate.open();
    const tool = new HawkbitTool(site.url);
    await tool.configure({
      pollingTime: "00:00:30",
      pollingOverdueTime: "00:03:00",
      "authentication.targettoken.enabled": true,
      "authentication.gatewaytoken.enabled": true,
      "authentication.gatewaytoken.key": "5b4f2c1c9d8e4f70a1b2c3d4e5f60718",
      "anonymous.download.enabled": false,
    });
    await tool.addTarget("kiosk-7", TOKEN);
    const target = await tool.want(Target, "GET", "targets/kiosk-7");
    expect(target).toMatchObject({ securityToken: TOKEN, updateStatus: "unknown" });
    const module = await tool.addModule("image");
    const artifact = await tool.addArtifact(module, "app.swu", await swupdate.image("by a tool"));
    const set = await tool.addSet("release", module);
    const action = await tool.assign(set, "kiosk-7");

    await using way = line(site.url);
    const client = await swupdate.start(way.url, "kiosk-7", target.securityToken);
    await happens("swupdate is done", () => client.log.includes("SWUPDATE successful"));
    expect(await swupdate.installed()).toBe("by a tool");
    await client.end();
    expect(await tool.action("kiosk-7", action)).toMatchObject({
      type: "update",
      status: "pending",
    });
    await swupdate.start(way.url, "kiosk-7", target.securityToken, "-c 2");
    await happens("the tool reads that it is finished", async () => {
      const [newest] = await tool.statuses("kiosk-7", action);
      return newest?.type === "finished";
    });
    expect(await tool.action("kiosk-7", action)).toMatchObject({
      type: "update",
      status: "finished",
      detailStatus: "finished",
    });
    const attributes = await tool.want(z.unknown(), "GET", "targets/kiosk-7/attributes");
    expect(attributes).toMatchObject({ hwId: "kiosk-7" });

    // As such suites clean up after themselves.
    const path = `targets/kiosk-7/actions/${action}`;
    expect((await tool.ask("DELETE", path)).status).toBe(405);
    expect((await tool.ask("DELETE", `distributionsets/${set}`)).status).toBe(204);
    const kept = `softwaremodules/${module}/artifacts/${artifact}`;
    expect((await tool.ask("DELETE", kept)).status).toBe(423);
    expect((await tool.ask("DELETE", `softwaremodules/${module}`)).status).toBe(204);
    expect((await tool.ask("DELETE", "targets/kiosk-7")).status).toBe(204);
  },
  90_000,
);

test("a download in a maintenance window waits for it, at a site that has a hub and is killed meanwhile", async () => {
  await using site = await Scenario.start({ role: "both" });
  const tool = new HawkbitTool(site.url);
  await tool.addTarget("kiosk-7", TOKEN);
  const module = await tool.addModule("image");
  await tool.addArtifact(module, "bundle.raucb", new TextEncoder().encode("a bundle"));
  const set = await tool.addSet("release", module);
  // From 13:00:30 on in Prague in winter, which is an hour ahead of the test clock.
  const maintenanceWindow = {
    schedule: "30 0 14 ? 3 * 2026",
    duration: "00:01:00",
    timezone: "+01:00",
  };
  const action = await tool.assign(set, "kiosk-7", { type: "downloadonly", maintenanceWindow });
  const device = (path: string, json?: object) =>
    fetch(path.startsWith("http") ? path : `${site.url}/DEFAULT/controller/v1/kiosk-7${path}`, {
      method: json ? "POST" : "GET",
      headers: {
        authorization: `TargetToken ${TOKEN}`,
        "user-agent": "rauc-hawkbit-c-agent/1.0",
        "content-type": "application/json",
      },
      ...(json ? { body: JSON.stringify(json) } : {}),
    });
  const Poll = z.looseObject({
    config: z.object({ polling: z.object({ sleep: z.string() }) }),
    _links: z.record(z.string(), z.object({ href: z.string() })),
  });
  const poll = async () => Poll.parse(await (await device("")).json());

  expect(await poll()).not.toHaveProperty("_links.deploymentBase");
  await site.gateway.setClock("2026-03-07T13:00:29.000Z");
  expect(await poll()).toMatchObject({ config: { polling: { sleep: "00:00:30" } } });
  await site.gateway.kill();
  await site.gateway.restart();
  expect(await tool.action("kiosk-7", action)).toMatchObject({
    status: "pending",
    forceType: "downloadonly",
    maintenanceWindow: { ...maintenanceWindow, nextStartAt: Date.parse("2026-03-07T13:00:30Z") },
  });
  expect(await poll()).not.toHaveProperty("_links.deploymentBase");
  await site.gateway.setClock("2026-03-07T13:00:30.000Z");

  const link = (await poll())._links.deploymentBase?.href ?? "";
  expect(link).toContain(`/deploymentBase/${action}?`);
  const Body = z.looseObject({
    deployment: z.looseObject({
      download: z.literal("forced"),
      update: z.literal("skip"),
      chunks: z.array(
        z.looseObject({
          artifacts: z.array(
            z.looseObject({
              _links: z.looseObject({ "download-http": z.object({ href: z.string() }) }),
            }),
          ),
        }),
      ),
    }),
  });
  const { deployment } = Body.parse(await (await device(link)).json());
  const file = deployment.chunks[0]?.artifacts[0]?._links["download-http"].href ?? "";
  expect(await (await device(file)).text()).toBe("a bundle");
  const status = { execution: "downloaded", result: { finished: "success" }, details: ["got it"] };
  expect((await device(`/deploymentBase/${action}/feedback`, { status })).status).toBe(200);
  expect(await tool.action("kiosk-7", action)).toMatchObject({
    status: "finished",
    detailStatus: "downloaded",
  });
  expect((await tool.statuses("kiosk-7", action))[0]).toMatchObject({
    type: "downloaded",
    messages: ["got it"],
  });
}, 60_000);
