/** What devices that come and ask for work may send: their own messages with anything in the place of anything. */
import { expect, test } from "bun:test";
import { z } from "zod";
import { CeClient } from "../harness/ce-client.ts";
import { mutated } from "../harness/mutate.ts";
import { mutatedJson } from "../harness/mutate-json.ts";
import { RawAgent } from "../harness/raw-agent.ts";
import { Scenario } from "../harness/scenario.ts";
import { seededRandom } from "../harness/seeded-random.ts";
import { FeedingMdm } from "../harness/status-feed.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now());
const MESSAGES = Number(Bun.env.MUTATED_MESSAGES ?? 250);
const Code = z.looseObject({ code: z.string() });
const Created = z.looseObject({ id: z.string() });

test(`none of ${MESSAGES} mutated messages is an error of ours, and all are served after them [TEST_SEED=${SEED}]`, async () => {
  await using site = await Scenario.start({ role: "site" });
  const random = seededRandom(SEED);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const code = async () =>
    (await site.api.request("/api/v1/enrolment-codes", Code, { method: "POST", json: {} })).code;
  for (const [id, platform] of Object.entries({ "app-pc": "Windows", "app-phone": "iOS" })) {
    const json = { id, name: id, platform };
    await site.api.send("/api/v1/packages", { method: "POST", json });
  }
  const agent = new RawAgent(site.url, "one");
  await agent.enrol(await code(), { agentVersion: "1.0" });
  const { sha256 } = await site.upload("12345", "tool.bin");
  const actions = [
    { kind: "Download", source: "tool.bin", target: "\\a" },
    { kind: "Run", command: "\\a %DEVICENAME% %OSMAJOR%", timeout: 5 },
  ];
  const agentInstall = { files: [{ sha256, name: "tool.bin" }], actions };
  await site.api.send("/api/v1/packages/app-pc/revisions", {
    method: "POST",
    json: { id: "r1", version: "1.0", agent: agentInstall },
  });
  const { id: distribution } = await site.api.request("/api/v1/distributions", Created, {
    method: "POST",
    json: { id: "d1", package: "app-pc", revision: "r1", mode: "on-demand" },
  });
  await agent.poll();
  await site.request(agent.id, distribution);
  const work = await agent.work();
  const mdm = await FeedingMdm.of(site, "apple");
  await site.api.send("/api/v1/settings/windows-ce", {
    method: "PATCH",
    json: { plugAndPlay: true },
  });
  const ce = new CeClient("ABC-1", (path, init) => fetch(site.url + path, init));
  expect((await ce.poll()).status).toBe(200);

  const facts = {
    manufacturer: "a",
    model: "b",
    osVersion: "12.1",
    osMajor: 12,
    osPlatform: "Linux",
    cpu: "x64",
    agentVersion: "1",
    capabilities: ["warm-boot"],
  };
  const inventory = [{ name: "vim", version: "9.1", publisher: "Debian" }];
  const result = (word: string) => ({
    ...agent.result(work, "accepted"),
    result: word,
    step: { index: 0, kind: "Download" },
    exitCode: 3,
    error: -2147024703,
    text: "text",
    version: "1.0",
    at: new Date(site.gateway.nowMs).toISOString(),
  });
  const words = ["accepted", "downloading", "step-failed", "succeeded", "cancelled", "drifted"];
  const app = { package: "app-phone", status: "Managed", at: "2026-03-07T12:00:00Z", version: "1" };
  const ceDocuments = [
    ce.pollDocument(),
    '<InstructionsRequest><Package ID="AAAAAAAA-AAAA-8AAA-AAAA-AAAAAAAAAAAA"/></InstructionsRequest>',
    '<Status><StatusMessage packageID="AAAAAAAA-AAAA-8AAA-AAAA-AAAAAAAAAAAA" messageID="11035" timestamp="2003-01-01 00:00:00"/></Status>',
    '<Inventory type="machine"><InventoryItem name="Device_OS"><Property name="MajorVersion">5</Property></InventoryItem></Inventory>',
  ];
  const inAgentsName = (path: string, body: unknown) =>
    agent.send(`${agent.id}/${path}`, mutatedJson(body, random), {
      prefer: `wait=${pick(["0", "-1", "x"])}`,
    });
  const senders: readonly (() => Promise<Response>)[] = [
    () =>
      agent.send(
        "enrol",
        mutatedJson(
          {
            versions: [1],
            stableId: "two",
            platform: "Windows",
            token: "t".repeat(40),
            code: "c",
            name: "n",
            facts,
          },
          random,
        ),
      ),
    () => inAgentsName("poll", { facts, inventory, attributes: { a: "b" } }),
    () => inAgentsName("results", { results: [result(pick(words)), result(pick(words))] }),
    () => inAgentsName("status-feed", { source: "android", apps: [app] }),
    () =>
      mdm.post(
        JSON.parse(
          mutatedJson(
            { source: "apple", devices: [{ device: "one", facts: { osMajor: 15 }, apps: [app] }] },
            random,
          ),
        ),
      ),
    async () => {
      const bytes = mutated(new TextEncoder().encode(pick(ceDocuments)), random);
      return (await ce.send(pick(["Poll", "Report", "Status", ""]), new Uint8Array(bytes)))
        .response;
    },
  ];
  const served: Record<string, number> = {};
  for (let n = 0; n < MESSAGES; n++) {
    const index = Math.floor(random() * senders.length);
    const answer = await senders[index]?.();
    const name = `${index} ${answer?.status}`;
    served[name] = (served[name] ?? 0) + 1;
    expect([
      n,
      index,
      answer?.status,
      (answer?.status ?? 500) < 500 || answer?.status === 503,
    ]).toEqual([n, index, answer?.status, true]);
  }
  if (Bun.env.MUTATED_MESSAGES) console.log(served);
  await site.gateway.kill();
  await site.gateway.restart();
  expect((await agent.send(`${agent.id}/poll`)).status).toBe(200);
  expect((await ce.poll()).status).toBe(200);
  const other = new RawAgent(site.url, "three");
  await other.enrol(await code(), { agentVersion: "1.0" });
  await other.poll();
  await site.request(other.id, distribution);
  await other.say(await other.work(), "succeeded");
  expect((await site.row(other.id, distribution)).statusLabel).toBe("Installed");
});
