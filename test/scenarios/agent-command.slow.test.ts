/** `outpost agent` as people start it, at a started site: it knocks, asks for what its user wants, and changes its token. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { AgentScenario } from "../harness/agent-scenario.ts";
import { outpost, type Ran } from "../harness/outpost.ts";

const MAIN = join(import.meta.dir, "..", "..", "gateway", "main.ts");
const DAY_MS = 24 * 3_600_000;
const Knocks = z.array(z.looseObject({ protocol: z.string(), externalId: z.string() }));
const State = z.looseObject({
  device: z.string().nullable(),
  token: z.string(),
  nextToken: z.string().nullable(),
});

let scenario: AgentScenario;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "outpost-agent-command-"));
  scenario = await AgentScenario.start();
});
afterAll(async () => {
  await scenario[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** A device of this name, with the words that each start of its agent has. */
function deviceCalled(name: string) {
  const [state, root] = [join(folder, `${name}-state`), join(folder, name)];
  mkdirSync(root);
  const start = (...words: readonly string[]): Promise<Ran> =>
    outpost(["agent", ...words, "--state", state, "--root", root]);
  const remembered = () => State.parse(JSON.parse(readFileSync(join(state, "state.json"), "utf8")));
  return { state, root, start, remembered };
}

test("who has no code knocks, is approved, and works from then on", async () => {
  const { state, root, start, remembered } = deviceCalled("knocks");
  expect((await start("catalogue")).code).not.toBe(0);
  const place = ["--state", state, "--root", root, "--server", scenario.url, "--id", "box-7"];
  const words = [process.execPath, MAIN, "agent", ...place];
  const agent = Bun.spawn(words, { stderr: "pipe" });
  const { api } = scenario.site;
  const key = { protocol: "agent", externalId: "box-7" };
  let said = "";
  for await (const chunk of agent.stderr) {
    said += new TextDecoder().decode(chunk);
    if (said.includes("somebody has to approve it")) break;
  }
  expect(await api.request("/api/v1/knocks", Knocks)).toContainEqual(expect.objectContaining(key));
  agent.kill("SIGTERM");
  expect(await agent.exited).toBe(0);
  expect(remembered().device).toBeNull();

  await api.send("/api/v1/knocks/approve", { method: "POST", json: key });
  const enrolled = await start("--once");
  expect([enrolled.code, enrolled.err]).toEqual([0, expect.stringContaining("Enrolled as")]);
  const device = remembered().device ?? "";
  const actions = [{ kind: "CreateFolder", path: "\\made" }];
  const target = { kind: "device", device };
  const distribution = await scenario.distribute("knocks", { actions }, { target });
  await scenario.site.request(device, distribution);
  expect((await start("--once")).code).toBe(0);
  expect(existsSync(join(root, "made"))).toBe(true);
});

test("[7.1, 7.2] its user sees what there is, asks for it by its name, and gets it", async () => {
  const { root, start, remembered } = deviceCalled("user");
  const code = await scenario.code();
  await start("--once", "--server", scenario.url, "--id", "box-8", "--enrol", code);
  const target = { kind: "device", device: remembered().device };
  const make = (path: string) => ({ actions: [{ kind: "CreateFolder", path }] });
  const wanted = await scenario.distribute("editor", make("\\editor"), { target });
  await scenario.distribute("viewer", make("\\viewer"), { target });

  const listed = await start("catalogue");
  const lines = listed.out
    .trim()
    .split("\n")
    .map((line) => line.split(/\s{2,}/));
  expect([listed.code, lines.map((cells) => cells.slice(0, 3))] as unknown).toEqual([
    0,
    [
      ["name", "version", "state"],
      [expect.any(String), expect.any(String), expect.any(String)],
      ["editor", "1.0", "available"],
      ["viewer", "1.0", "available"],
    ],
  ]);
  const unknown = await start("install", "Painter");
  expect([unknown.code, unknown.err]).toEqual([
    1,
    expect.stringContaining("There is no Painter to install. There is: editor, viewer."),
  ]);
  expect(await start("install")).toMatchObject({ code: 2 });

  expect(await start("install", "editor")).toMatchObject({
    code: 0,
    out: "editor 1.0: requested\n",
  });
  // By the distribution's name it is the same, and asking twice is asking once.
  expect(await start("install", wanted)).toMatchObject({ code: 0, out: "editor 1.0: requested\n" });
  expect((await start("--once")).code).toBe(0);
  expect([existsSync(join(root, "editor")), existsSync(join(root, "viewer"))]).toEqual([
    true,
    false,
  ]);
  const items = z.array(z.looseObject({ name: z.string(), state: z.string() }));
  const told = items.parse(JSON.parse((await start("catalogue", "--json")).out));
  expect(told.map(({ name, state }) => [name, state])).toEqual([
    ["editor", "installed"],
    ["viewer", "available"],
  ]);
  const again = await start("install", "editor");
  expect(again.code).toBe(1);
  expect(again.err).not.toContain("    at ");
});

test("[8.1, 8.2] a token of 90 days is replaced by the agent, also when the answer to that is lost", async () => {
  const { start, remembered } = deviceCalled("token");
  const code = await scenario.code();
  await start("--once", "--server", scenario.url, "--id", "box-9", "--enrol", code);
  const { token: first, device } = remembered();
  await scenario.site.gateway.advance(90 * DAY_MS);
  expect((await start("--once")).code).toBe(0);
  const { token: second, nextToken } = remembered();
  expect([second === first, nextToken]).toEqual([false, null]);
  const polled = (token: string) =>
    fetch(`${scenario.url}/agent/v1/${device}/poll`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
  expect((await polled(second)).status).toBe(200);
  expect((await polled(first)).status).toBe(401);
  expect((await start("--once")).code).toBe(0);
  expect(remembered().token).toBe(second);
});
