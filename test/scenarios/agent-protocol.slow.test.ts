/** `protocols/agent/PROTOCOL.md`, rule by rule, against a started site. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { FREE_FAILURES } from "../../gateway/access/login-backoff.ts";
import {
  AGENT_BODY_BYTES_MAX,
  RESULTS,
  TOKEN_CHARACTERS_MAX,
  TOKEN_CHARACTERS_MIN,
} from "../../protocols/agent/words.ts";
import { AgentScenario } from "../harness/agent-scenario.ts";
import { RawAgent } from "../harness/raw-agent.ts";

const CONTENT = "content ".repeat(10_000);
const DOWNLOAD = { kind: "Download", source: "a.bin", target: "\\app\\a.bin" };
const FILES = { files: [["a.bin", CONTENT]] as const };
const FOLDER = { kind: "CreateFolder", path: "\\made" };
const Problem = z.looseObject({ status: z.number(), detail: z.string() });
const Enrolled = z.strictObject({
  version: z.literal(1),
  device: z.string().regex(/^[0-9a-f]{32}$/),
  sequence: z.int(),
  life: z.int(),
});
const Device = z.looseObject({
  cpu: z.string().nullable(),
  osMajor: z.number().nullable(),
  inventory: z.array(z.looseObject({ title: z.string().nullable() })),
});

let scenario: AgentScenario;
let count = 0;
beforeAll(async () => {
  scenario = await AgentScenario.start();
}, 60_000);
afterAll(() => scenario[Symbol.asyncDispose]());

/** Enrolled, and known to the site. */
async function agentOf(facts = {}): Promise<RawAgent> {
  const agent = await scenario.raw(`box-${++count}`, facts);
  await agent.poll({ facts: { agentVersion: "1.0", ...facts }, inventory: [] });
  return agent;
}

/** Asked for, and in the agent's plan. */
async function workFor(agent: RawAgent, install: object = { actions: [FOLDER] }, options = {}) {
  const distribution = await scenario.order(agent, `p-${++count}`, install, options);
  return { distribution, work: await agent.work() };
}

const deviceOf = (agent: RawAgent) =>
  scenario.site.api.request(`/api/v1/devices/${agent.id}`, Device);
const stop = (distribution: string) =>
  scenario.site.api.send(`/api/v1/distributions/${distribution}/stop`, { method: "POST" });

describe("1. requests, versions, identity", () => {
  test("[1.1] another version is refused, whatever follows", async () => {
    for (const path of ["v2/enrol", "v0/x/poll", "v1.1/x/results", "v2", "latest/y"]) {
      const refused = await fetch(`${scenario.url}/agent/${path}`, { method: "POST" });
      expect([path, refused.status]).toEqual([path, 400]);
      expect(await refused.json()).toMatchObject({ code: "unsupported-version", supported: [1] });
    }
  });

  test("[1.2] a token is shown in every request, and is one device's", async () => {
    const [agent, other] = [await agentOf(), await agentOf()];
    const paths = ["poll", "results", "token", "catalogue/x/request", "status-feed"];
    for (const path of paths) {
      const bare = await fetch(`${scenario.url}/agent/v1/${agent.id}/${path}`, { method: "POST" });
      expect([path, bare.status]).toEqual([path, 401]);
      expect((await other.send(`${agent.id}/${path}`, {})).status).toBe(403);
      const stranger = { authorization: `Bearer ${"x".repeat(40)}` };
      expect((await other.send(`${agent.id}/${path}`, {}, stranger)).status).toBe(401);
    }
    expect((await other.get(`${agent.id}/catalogue`)).status).toBe(403);
    await scenario.site.api.send(`/api/v1/devices/${agent.id}`, { method: "DELETE" });
    expect((await agent.send(`${agent.id}/poll`)).status).toBe(401);
    expect((await other.send(`${other.id}/poll`)).status).toBe(200);
  });

  test("[1.3] what is not understood is named by its pointer, and changes nothing", async () => {
    const agent = await agentOf();
    const { distribution, work } = await workFor(agent);
    const good = agent.result(work, "succeeded");
    const bad = { ...agent.result(work, "succeeded"), result: "fine" };
    for (const [path, body, status, pointer] of [
      ["poll", "{", 400, ""],
      ["poll", { facts: { osMajor: "six" } }, 400, "/facts/osMajor"],
      ["results", { results: [] }, 400, "/results"],
      ["results", { results: [good, bad] }, 400, "/results/1/result"],
      ["token", { token: "short" }, 400, "/token"],
      ["poll", " ".repeat(AGENT_BODY_BYTES_MAX + 1), 413, ""],
    ] as const) {
      const refused = await agent.send(`${agent.id}/${path}`, body);
      expect([path, refused.status]).toEqual([path, status]);
      expect(refused.headers.get("content-type")).toStartWith("application/problem+json");
      const text = await refused.text();
      expect(Problem.parse(JSON.parse(text)).status).toBe(status);
      expect(text).toContain(pointer);
    }
    expect(await scenario.words(agent, distribution)).not.toContain("succeeded");
  });

  test("[1.5, 4.10] content: an absolute address under the one that was asked, without a token, in ranges", async () => {
    const agent = await agentOf();
    const { work } = await workFor(agent, { actions: [DOWNLOAD] }, FILES);
    const [file] = work.files;
    expect(file).toMatchObject({ name: "a.bin", bytes: CONTENT.length });
    expect(file?.url).toStartWith(`${scenario.url}/content/${file?.sha256}/`);
    const range = { headers: { range: "bytes=79990-" } };
    const part = await fetch(file?.url ?? "", range);
    expect([part.status, await part.text()]).toEqual([206, CONTENT.slice(79_990)]);
    const address = new URL(file?.url ?? "");
    const expiresMs = Number(address.searchParams.get("exp")) * 1_000;
    expect(expiresMs).toBeGreaterThanOrEqual(scenario.site.gateway.nowMs + 24 * 3_600_000);
    address.searchParams.set("exp", String(Number(address.searchParams.get("exp")) + 1));
    expect((await fetch(address)).status).toBe(403);
  });

  test("[1.6, 5.3] what was acknowledged is there after the power fails; the same result is taken once", async () => {
    const agent = await agentOf();
    const { distribution, work } = await workFor(agent);
    const begun = agent.result(work, "installing");
    const step = { ...agent.result(work, "step-succeeded"), step: { index: 0, kind: "Run" } };
    const end = agent.result(work, "succeeded");
    const powerFails = async () => {
      await scenario.site.gateway.kill();
      await scenario.site.gateway.restart();
    };
    await agent.report(begun);
    await powerFails();
    expect(await scenario.row(agent, distribution)).toMatchObject({ statusLabel: "Installing" });
    await agent.report(end, begun);
    await powerFails();
    expect(await agent.report(step, end)).toMatchObject({ refused: [] });
    expect(await scenario.row(agent, distribution)).toMatchObject({ statusLabel: "Installed" });
    const words = await scenario.words(agent, distribution);
    for (const { result } of [begun, step, end]) {
      expect(words.filter((word) => word === result)).toEqual([result]);
    }
  });
});

describe("2. enrolment", () => {
  const enrol = (json: object) =>
    fetch(`${scenario.url}/agent/v1/enrol`, { method: "POST", body: JSON.stringify(json) });
  const wanted = (more: object = {}) => ({
    ...{ versions: [1], stableId: `new-${++count}`, platform: "Windows" },
    ...{ token: `${count}.`.padEnd(40, "k") },
    ...more,
  });

  test("[2.1] without a common version it is refused; of several the one that both speak is taken", async () => {
    const refused = await enrol(wanted({ versions: [7, 8], code: await scenario.code() }));
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { code: "unsupported-version", supported: [1] },
    ]);
    const taken = await enrol(wanted({ versions: [8, 1], code: await scenario.code() }));
    expect([taken.status, await taken.json()]).toMatchObject([200, { version: 1 }]);
  });

  test("[2.2] a token has its form, and only its hash is kept", async () => {
    const code = await scenario.code();
    for (const token of [
      "t".repeat(TOKEN_CHARACTERS_MIN - 1),
      "t".repeat(TOKEN_CHARACTERS_MAX + 1),
      `${"t".repeat(40)}/`,
      undefined,
    ]) {
      expect((await enrol(wanted({ token, code }))).status).toBe(400);
    }
    const token = `secret-of-one-${"s".repeat(30)}`;
    expect((await enrol(wanted({ token, code }))).status).toBe(200);
    const { dataDir } = scenario.site.gateway;
    for (const name of readdirSync(dataDir, { recursive: true, encoding: "utf8" })) {
      if (/\.db(-wal)?$/.test(name)) {
        expect(readFileSync(join(dataDir, name), "latin1")).not.toContain(token);
      }
    }
  });

  test("[2.3] a code is used up by one device, and takes nobody's place unless it says whose", async () => {
    const code = await scenario.code();
    const first = wanted({ code });
    const enrolled = Enrolled.parse(await (await enrol(first)).json());
    expect((await enrol(wanted({ code }))).status).toBe(403);
    const { stableId } = first;
    const usurper = wanted({ stableId, token: "u".repeat(40) });
    expect((await enrol({ ...usurper, code: await scenario.code() })).status).toBe(403);
    const named = await scenario.code({ stableId });
    expect((await enrol(wanted({ code: named }))).status).toBe(403);
    const anew = Enrolled.parse(await (await enrol({ ...usurper, code: named })).json());
    expect(anew.device).toBe(enrolled.device);
    expect(anew.life).not.toBe(enrolled.life);
  });

  test("[2.4] the same enrolment again gets the same answer, without a code", async () => {
    const [request, code] = [wanted(), await scenario.code()];
    const [first, ...more] = await Promise.all([
      enrol({ ...request, code }),
      enrol({ ...request, code }),
      enrol({ ...request, code }),
    ]);
    const answer = await first?.json();
    for (const again of [...more, await enrol(request), await enrol({ ...request, code })]) {
      expect([again.status, await again.json()]).toEqual([200, answer]);
    }
  });

  test("[2.5] who has no code knocks, and is let in with the token of its last knock", async () => {
    const former = new RawAgent(scenario.url, "knocks", { token: "f".repeat(40) });
    const latter = new RawAgent(scenario.url, "knocks", { token: "l".repeat(40) });
    expect(await former.enrol()).toBe(202);
    const waits = await enrol(wanted({ stableId: "knocks", token: latter.token }));
    expect([waits.status, waits.headers.get("retry-after")]).toEqual([202, "60"]);
    expect((await latter.send(`${"0".repeat(32)}/poll`)).status).toBe(401);
    const json = { protocol: "agent", externalId: "knocks" };
    const knocks = await scenario.site.api.request("/api/v1/knocks", z.array(z.looseObject({})));
    expect(knocks).toContainEqual(expect.objectContaining(json));
    await scenario.site.api.send("/api/v1/knocks/approve", { method: "POST", json });
    expect(await former.enrol()).toBe(202);
    expect(await latter.enrol()).toBe(200);
    expect((await latter.poll()).tell).toContain("facts");
  });

  test("[2.6] a wrong, used or expired code is refused, and who fails too often waits", async () => {
    const { gateway } = scenario.site;
    const inAMinute = new Date(gateway.nowMs + 60_000).toISOString();
    const expired = await scenario.code({ expiresAt: inAMinute });
    await gateway.advance(60_000);
    expect((await enrol(wanted({ code: expired }))).status).toBe(403);
    const guesser = wanted();
    const statuses: number[] = [];
    for (let n = 0; n < FREE_FAILURES + 3; n++) {
      const answer = await enrol({ ...guesser, code: `guess-${n}` });
      statuses.push(answer.status);
      if (answer.status === 429) expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
    }
    expect(statuses.slice(0, FREE_FAILURES)).toEqual(Array(FREE_FAILURES).fill(403));
    expect(statuses.at(-1)).toBe(429);
  });
});

describe("3. check-in", () => {
  test("[3.1] an empty body says nothing new; the plan that is known is not told again", async () => {
    const agent = await agentOf();
    await agent.poll();
    const known = { "if-none-match": agent.etag ?? "" };
    const idle = await agent.send(`${agent.id}/poll`, undefined, known);
    expect([idle.status, idle.headers.get("etag"), await idle.text()]).toEqual([
      304,
      agent.etag ?? "",
      "",
    ]);
    const compressed = { "if-none-match": `W/${agent.etag}` };
    expect((await agent.send(`${agent.id}/poll`, undefined, compressed)).status).toBe(304);
    await scenario.order(agent, `p-${++count}`, { actions: [FOLDER] });
    expect((await agent.send(`${agent.id}/poll`, undefined, known)).status).toBe(200);
  });

  test("[3.2] who waits is answered when there is another plan, and gives way to a later check-in", async () => {
    const agent = await agentOf();
    const distribution = await scenario.distribute(`p-${++count}`, { actions: [FOLDER] });
    await agent.poll();
    const known = { "if-none-match": agent.etag ?? "" };
    const wait = { ...known, prefer: "respond-async, wait=60" };
    const first = agent.send(`${agent.id}/poll`, undefined, wait);
    const second = agent.poll(undefined, wait);
    expect((await first).status).toBe(304);
    await scenario.site.request(agent.id, distribution);
    expect((await second).work).toMatchObject([{ distribution }]);
    const short = { "if-none-match": agent.etag ?? "", prefer: "wait=1" };
    expect((await agent.send(`${agent.id}/poll`, undefined, short)).status).toBe(304);
  });

  test("[3.3, 4.8] facts hold until something else is told, and count in this very check-in", async () => {
    const agent = await agentOf({ cpu: "ARM", osMajor: 6 });
    const targeting = { cpu: "x86" };
    const actions = [
      FOLDER,
      { ...FOLDER, targeting },
      { kind: "RemoveFolder", path: "\\%OSMINOR%" },
    ];
    const { work } = await workFor(agent, { actions });
    expect(work.steps).toMatchObject([
      { index: 0 },
      { index: 1, skip: "not-targeted" },
      { index: 2 },
    ]);
    expect(work.steps[2]?.problem).toContain("OSMINOR");
    expect(await deviceOf(agent)).toMatchObject({ cpu: "ARM", osMajor: 6 });
    const told = await agent.work({ facts: { cpu: "X86", osVersion: "6.1" } });
    expect(told.steps[1]?.skip).toBeUndefined();
    expect(told.steps[2]).toMatchObject({ path: "\\1" });
    expect(await deviceOf(agent)).toMatchObject({ cpu: "X86", osMajor: 6 });
  });

  test("[3.4] an inventory takes the place of the one before", async () => {
    const agent = await agentOf();
    await agent.poll({ inventory: [{ name: "vim", version: "9" }, { name: "less" }] });
    await agent.poll({ inventory: [{ name: "nano" }], attributes: { room: "3" } });
    expect((await deviceOf(agent)).inventory.map(({ title }) => title)).toEqual(["nano"]);
    await agent.poll({ inventory: [] });
    expect((await deviceOf(agent)).inventory).toEqual([]);
  });

  test("[3.5, 8.2] the site asks for what it does not know, and for a new token after 90 days", async () => {
    const agent = await scenario.raw(`box-${++count}`);
    expect([...(await agent.poll()).tell].sort()).toEqual(["facts", "inventory"]);
    await agent.poll({ facts: { agentVersion: "1" }, inventory: [] });
    expect((await agent.poll()).tell).toEqual([]);
    await scenario.site.gateway.advance(90 * 24 * 3_600_000);
    // After so long the inventory is wanted anew too.
    expect((await agent.poll()).tell).toContain("inventory");
    expect((await agent.poll({ inventory: [] })).tell).toEqual(["token"]);
    const token = "n".repeat(40);
    expect((await agent.send(`${agent.id}/token`, { token })).status).toBe(204);
    agent.token = token;
    expect((await agent.poll()).tell).toEqual([]);
  });
});

describe("4. the plan", () => {
  test("[4.1, 4.3] work in the order of its distribution, each with what it is", async () => {
    const agent = await agentOf();
    const first = await scenario.order(agent, `p-${++count}`, { actions: [FOLDER] });
    const second = await scenario.order(agent, `p-${++count}`, { actions: [FOLDER] });
    const { work, sequence, cancel, next } = await agent.poll();
    expect(work.map(({ distribution }) => distribution)).toEqual([first, second]);
    expect(work[0]).toEqual({
      distribution: first,
      attempt: 1,
      operation: "install",
      package: { id: first.replace(/-1$/, ""), name: first.replace(/-1$/, ""), version: "1.0" },
      do: "apply",
      metrics: [],
      steps: [{ ...FOLDER, kind: "CreateFolder", index: 0, critical: "continue only on success" }],
      files: [],
    });
    expect({ sequence, cancel, next }).toEqual({
      sequence: expect.any(Number),
      cancel: [],
      next: null,
    });
  });

  test("[4.2, 9.1] what is held is in no plan; what was begun goes on", async () => {
    const [held, begun] = [await agentOf(), await agentOf()];
    for (const agent of [held, begun]) {
      const { distribution, work } = await workFor(agent);
      if (agent === begun) await agent.say(work, "installing");
      const comply = (compliance: string) =>
        scenario.site.api.send(`/api/v1/devices/${agent.id}`, {
          method: "PATCH",
          json: { compliance },
        });
      await comply("out-of-compliance");
      expect((await agent.poll()).work).toHaveLength(agent === begun ? 1 : 0);
      const reason = agent === held ? "compliance" : null;
      if (reason) expect(await scenario.row(agent, distribution)).toMatchObject({ reason });
      await comply("compliant");
      expect((await agent.work()).distribution).toBe(distribution);
    }
  });

  test("[4.4, 4.5, 5.2] metrics first; what they come to is followed by another plan, also when the answer was lost", async () => {
    const agent = await agentOf();
    const metrics = [{ kind: "FileSize", file: "\\app\\a.bin", source: { file: "a.bin" } }];
    const { distribution, work } = await workFor(agent, { actions: [DOWNLOAD], metrics }, FILES);
    expect(work).toMatchObject({ do: "evaluate", steps: [], files: [] });
    const result = agent.result(work, "provision-needed");
    expect(await agent.report(result)).toMatchObject({ refused: [], poll: true });
    expect(await agent.report(result)).toMatchObject({ refused: [], poll: true });
    const apply = await agent.work();
    expect(apply).toMatchObject({ do: "apply", steps: [{ kind: "Download" }] });
    expect(
      await agent.say(apply, "accepted", "downloading", "step-succeeded", "succeeded"),
    ).toMatchObject({
      poll: false,
    });
    expect((await agent.poll()).work).toEqual([]);
    expect(await scenario.row(agent, distribution)).toMatchObject({ statusLabel: "Installed" });
  });

  test("[4.6] the metrics that target the device, with their numbers", async () => {
    const agent = await agentOf({ cpu: "ARM" });
    const metric = { file: "\\app\\%PACKAGE%.bin", source: { file: "a.bin" } };
    const metrics = [
      { ...metric, kind: "FileSize", operator: "GE", targeting: { cpu: "x86" } },
      { ...metric, kind: "FileSize", operator: "LE", targeting: { cpu: "arm" } },
      { ...metric, kind: "FileHash" },
    ];
    const { work } = await workFor(agent, { actions: [FOLDER], metrics }, FILES);
    const file = `\\app\\${work.package.id}.bin`;
    const hash = new Bun.CryptoHasher("md5").update(CONTENT).digest("hex");
    expect(work.metrics).toEqual([
      { kind: "FileSize", number: 2, file, operator: "LE", size: CONTENT.length },
      { kind: "FileHash", number: 3, file, hash },
    ]);
  });

  test("[4.7] default commands, the file for %1 and what the site knows are filled in, folders are not", async () => {
    const agent = await agentOf({ osMajor: 6, osPlatform: "PocketPC" });
    const actions = [
      { kind: "Install", file: "%TEMP%\\%PACKAGE%.cab" },
      { kind: "Run", command: "%PROGRAMFILES%\\a.exe %DEVICEID% %OSMAJOR% 100%%" },
    ];
    const { work } = await workFor(agent, { actions });
    const app = work.package.id;
    expect(work.steps).toMatchObject([
      { file: `%TEMP%\\${app}.cab`, command: `wceload.exe "%TEMP%\\${app}.cab"` },
      { command: `%PROGRAMFILES%\\a.exe ${agent.id} 6 100%%`, timeout: -1 },
    ]);
  });

  test("[4.11] work stays in the plan until its end was told, and an end that comes twice is one", async () => {
    const agent = await agentOf();
    const { distribution, work } = await workFor(agent);
    await agent.say(work, "accepted", "installing");
    expect(await agent.work()).toMatchObject({ distribution, attempt: 1, do: "apply" });
    await agent.say(work, "succeeded");
    await agent.say(work, "succeeded");
    expect((await agent.poll()).work).toEqual([]);
    expect(await scenario.row(agent, distribution)).toMatchObject({
      statusLabel: "Installed",
      attempt: 1,
    });
  });
});

describe("5. results", () => {
  test("[5.1, 5.4] every word is taken, with all that may be said with it", async () => {
    const agent = await agentOf();
    const { distribution, work } = await workFor(agent);
    const step = { index: 2, kind: "Run" };
    const more = { exitCode: 5, error: -2147009287, text: "no licence", version: "3.1" };
    const at = new Date(scenario.site.gateway.nowMs - 60_000).toISOString();
    const told = RESULTS.map((word) => ({ ...agent.result(work, word), step, ...more, at }));
    expect((await agent.report(...told)).refused).toEqual([]);
    const history = await scenario.told(agent, distribution);
    for (const value of RESULTS) {
      const text = "step 3, Run: exit code 5: no licence";
      expect(history).toContainEqual(expect.objectContaining({ value, text }));
    }
  });

  test("[5.2] what is refused is named, and costs the others nothing", async () => {
    const agent = await agentOf();
    const other = await agentOf();
    const { distribution, work } = await workFor(agent);
    const { work: foreign } = await workFor(other);
    const { refused } = await agent.report(
      agent.result({ distribution: "other", attempt: 1 }, "succeeded"),
      agent.result(work, "succeeded"),
      agent.result(foreign, "succeeded"),
    );
    expect(refused).toEqual([
      { index: 0, reason: expect.stringContaining("other") },
      { index: 2, reason: expect.stringContaining(foreign.distribution) },
    ]);
    expect(await scenario.row(agent, distribution)).toMatchObject({ statusLabel: "Installed" });
    expect(await scenario.row(other, foreign.distribution)).toMatchObject({
      statusLabel: "Pending Install",
    });
  });

  test("[5.5] results of a former attempt and of stopped work are taken", async () => {
    const agent = await agentOf();
    const { distribution, work } = await workFor(agent);
    await agent.say(work, "installing", "action-failed");
    const late = agent.result(work, "step-failed");
    const { id } = await scenario.row(agent, distribution);
    await scenario.site.api.send(`/api/v1/installations/${id}/retry`, { method: "POST" });
    expect(await agent.report(late)).toMatchObject({ refused: [] });
    expect(await scenario.row(agent, distribution)).toMatchObject({
      statusLabel: "Pending Install",
      attempt: 2,
    });
    const again = await agent.work();
    expect(again.attempt).toBe(2);
    await agent.say(again, "installing");
    await stop(distribution);
    expect(await agent.say(again, "succeeded")).toMatchObject({ refused: [] });
    expect(await scenario.row(agent, distribution)).toMatchObject({ statusLabel: "Installed" });
  });

  test("[5.6] the device's clock counts between the offer and now", async () => {
    const agent = await agentOf();
    const { distribution, work } = await workFor(agent);
    const { gateway } = scenario.site;
    const ago = (ms: number) => new Date(gateway.nowMs - ms).toISOString();
    await gateway.advance(120_000);
    const cases = [
      ["downloading", ago(60_000), ago(60_000)],
      ["installing", "1970-01-01T00:00:00Z", ago(0)],
      ["succeeded", "2099-01-01T00:00:00Z", ago(0)],
    ] as const;
    for (const [word, at, expected] of cases) {
      await agent.report({ ...agent.result(work, word), at });
      expect((await scenario.row(agent, distribution)).observed).toBe(expected);
    }
  });
});

describe("6. cancelling", () => {
  test("[6.1, 6.2] what is stopped in hand is called off until the agent says what became of it", async () => {
    for (const [answer, end, label] of [
      ["cancelled", undefined, undefined],
      ["cancel-refused", "succeeded", "Installed"],
      ["succeeded", undefined, "Installed"],
    ] as const) {
      const agent = await agentOf();
      const { distribution, work } = await workFor(agent);
      await agent.say(work, "installing");
      await stop(distribution);
      const cancel = [{ distribution, attempt: 1, reason: "stopped" }];
      expect(await agent.poll()).toMatchObject({ work: [], cancel });
      expect(await agent.poll()).toMatchObject({ work: [], cancel });
      await agent.say(work, answer);
      expect(await agent.poll()).toMatchObject({ work: [], cancel: [] });
      if (end) await agent.say(work, end);
      if (label)
        expect(await scenario.row(agent, distribution)).toMatchObject({ statusLabel: label });
    }
  });
});

describe("7. on demand", () => {
  test("[7.1, 7.2] what may be asked for, asked for twice, failed, asked for again", async () => {
    const agent = await agentOf();
    const target = { kind: "device", device: agent.id };
    const id = `p-${++count}`;
    const distribution = await scenario.distribute(id, { actions: [FOLDER] }, { target });
    const other = await scenario.distribute(
      `p-${++count}`,
      { actions: [FOLDER] },
      {
        target: { kind: "device", device: (await agentOf()).id },
      },
    );
    const item = async () => {
      const { items } = (await (await agent.get(`${agent.id}/catalogue`)).json()) as {
        items: { distribution: string }[];
      };
      return items.find((one) => one.distribution === distribution);
    };
    const ask = (one: string) => agent.send(`${agent.id}/catalogue/${one}/request`);
    expect(await item()).toEqual({
      ...{ distribution, name: id, version: "1.0", description: "" },
      ...{ publisher: null, operation: "install", state: "available" },
      ...{ status: "Pending Install", statusState: null },
    } as never);
    expect((await ask(other)).status).toBe(404);
    expect((await ask("none")).status).toBe(404);
    for (const _ of [1, 2]) {
      const asked = await ask(distribution);
      expect([asked.status, await asked.json()]).toMatchObject([200, { state: "requested" }]);
    }
    const work = await agent.work();
    expect(await item()).toMatchObject({ state: "in-hand" });
    await agent.say(work, "installing", "action-failed");
    expect(await item()).toMatchObject({ state: "failed", status: "Failed" });
    expect((await ask(distribution)).status).toBe(200);
    const again = await agent.work();
    expect(again.attempt).toBe(2);
    await agent.say(again, "succeeded");
    expect(await item()).toMatchObject({ state: "installed", status: "Installed" });
    const refused = await ask(distribution);
    expect([refused.status, Problem.parse(await refused.json()).detail]).toEqual([
      409,
      expect.any(String),
    ]);
  });
});

describe("8. tokens", () => {
  test("[8.1] the former token works until the new one was used", async () => {
    const agent = await agentOf();
    const former = agent.token;
    const token = "m".repeat(40);
    for (const _ of [1, 2])
      expect((await agent.send(`${agent.id}/token`, { token })).status).toBe(204);
    expect((await agent.send(`${agent.id}/poll`)).status).toBe(200);
    agent.token = token;
    expect((await agent.send(`${agent.id}/poll`)).status).toBe(200);
    agent.token = former;
    expect((await agent.send(`${agent.id}/poll`)).status).toBe(401);
  });
});
