import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { withOwnNames } from "../../../devices/install/tokens.ts";
import { COMMAND_LINE_CHARACTERS_MAX } from "../../../devices/model/package.ts";
import {
  ALIAS_CHARACTERS_MAX,
  TOKEN_ALIASES_MAX,
} from "../../../gateway/http/routes/substitution-tokens.ts";
import { openConsole } from "../../harness/console-fixture.ts";
import { readPage } from "../console/read-page.ts";
import { ApiHarness } from "./api-harness.ts";
import { type Json, ScenarioKit } from "./scenario-kit.ts";

const PATH = "/settings/token-aliases";

test("withOwnNames() replaces further names in any letter case, and nothing else", () => {
  const aliases = { STORENAME: "DEVICENAME", SD: "STORAGECARD" } as const;
  expect(withOwnNames("%sd%\\%StoreName%\\%TEMP% %1 %%SD%% 50%", aliases)).toBe(
    "%STORAGECARD%\\%DEVICENAME%\\%TEMP% %1 %%SD%% 50%",
  );
  expect(withOwnNames("%constructor%\\%APPDATA%", aliases)).toBe("%constructor%\\%APPDATA%");
});

describe.each(["site", "hub"] as const)("further names of tokens at a %s", (role) => {
  let harness: ApiHarness;
  let kit: ScenarioKit;
  beforeAll(async () => {
    harness = await ApiHarness.open({ role });
    kit = await ScenarioKit.of(harness);
    await kit.want(201, "POST", "/packages", { id: "pos", name: "POS", platform: "Windows" });
  });
  afterAll(() => harness[Symbol.asyncDispose]());
  const put = (status: number, aliases: Json) => kit.want(status, "PUT", PATH, { aliases });
  const make = (status: number, id: string, actions: Json, uninstall: Json = []) =>
    kit.want(status, "POST", "/packages/pos/revisions", {
      ...{ id, version: id },
      agent: { actions, uninstall },
    });

  test("are given, listed with what they stand for, and taken back", async () => {
    expect(await put(200, {})).toEqual({ aliases: {} });
    const aliases = { STORENAME: "DEVICENAME", SD: "STORAGECARD" };
    expect(await put(200, { storename: "%DeviceName%", "%SD%": "STORAGECARD" })).toEqual({
      aliases,
    });
    const tokens = await kit.want(200, "GET", "/substitution-tokens");
    expect(tokens).toContainEqual({
      token: "%STORENAME%",
      filledIn: "site",
      meaning: "The device's name",
      example: "scanner-17",
      aliasOf: "%DEVICENAME%",
    });
    expect(await put(200, {})).toEqual({ aliases: {} });
    expect(
      (await kit.want(200, "GET", "/substitution-tokens")).some((one: Json) => one.aliasOf),
    ).toBe(false);
  });

  test.each([
    ["a token's own name", { TEMP: "WINDOWS" }],
    ["no token", { STORE: "SHOP" }],
    ["another further name", { STORE: "DEVICENAME", SHOP: "STORE" }],
    ["no name", { "": "TEMP" }],
    ["a blank", { "MY STORE": "TEMP" }],
    ["a digit first", { "1ST": "TEMP" }],
    ["the file of an Install", { "1": "TEMP" }],
    ["two of one name", { store: "TEMP", STORE: "TEMP" }],
    ["a long name", { ["X".repeat(ALIAS_CHARACTERS_MAX + 1)]: "TEMP" }],
    [
      "too many",
      Object.fromEntries(
        Array.from({ length: TOKEN_ALIASES_MAX + 1 }, (_, n) => [`A${n}`, "TEMP"]),
      ),
    ],
  ])("are not taken with %s", async (_, aliases) => {
    await put(200, {});
    const problem = await put(422, aliases);
    expect(problem.errors.length).toBeGreaterThan(0);
    expect(await kit.want(200, "GET", PATH)).toEqual({ aliases: {} });
  });

  test("are written as the tokens' own in what is made, and are not looked at later", async () => {
    await put(200, { STORENAME: "DEVICENAME", SD: "STORAGECARD" });
    const actions = [
      { kind: "Run", command: '"%SD%\\setup.exe" /name %storename%' },
      { kind: "CopyFiles", source: "%sd%\\*.dll", target: "%PROGRAMFILES%" },
    ];
    const made = await make(201, "r1", actions, [{ kind: "RemoveFolder", path: "%SD%\\App" }]);
    expect(made.agent.actions).toMatchObject([
      { command: '"%STORAGECARD%\\setup.exe" /name %DEVICENAME%' },
      { source: "%STORAGECARD%\\*.dll" },
    ]);
    expect(made.agent.uninstall).toMatchObject([{ path: "%STORAGECARD%\\App" }]);
    // The same again is the same.
    await make(200, "r1", actions, [{ kind: "RemoveFolder", path: "%SD%\\App" }]);
    await put(200, {});
    expect((await kit.want(200, "GET", "/packages/pos/revisions/r1")).agent).toEqual(made.agent);
    const file = await kit.want(200, "GET", "/packages/pos/export");
    expect(JSON.stringify(file)).not.toContain("%SD%");
  });

  test("what is neither is still refused, at each text that has it", async () => {
    await put(200, { SD: "STORAGECARD" });
    const problem = await make(422, "r2", [
      { kind: "Run", command: "%SDD%\\a.exe" },
      { kind: "CopyFiles", source: "%SD%\\a", target: "%APPDATA%" },
    ]);
    expect(problem.errors).toMatchObject([
      { pointer: "/agent/actions/0/command", detail: expect.stringContaining("%SDD%") },
      { pointer: "/agent/actions/1/target", detail: expect.stringContaining("%SD%, or %%") },
    ]);
    const long = `%SD%\\${"x".repeat(COMMAND_LINE_CHARACTERS_MAX - 5)}`;
    const toLong = await make(422, "r3", [{ kind: "Run", command: long }]);
    expect(toLong.errors).toMatchObject([{ pointer: "/agent/actions/0/command" }]);
  });

  test("are for those who may change settings", async () => {
    const headers = await harness.token("operator");
    const answer = await harness.ask("PUT", PATH, { headers, json: { aliases: {} } });
    expect(answer.status).toBe(403);
  });
});

test("metrics take them too", async () => {
  await using harness = await ApiHarness.open();
  const kit = await ScenarioKit.of(harness);
  const { headers } = kit;
  const uploaded = await harness.ask("POST", "/files?name=a.txt", { headers, body: "hello" });
  const { sha256 } = (await uploaded.json()) as Json;
  await kit.want(201, "POST", "/packages", { id: "pos", name: "POS", platform: "Windows" });
  await kit.want(200, "PUT", PATH, { aliases: { SD: "STORAGECARD" } });
  const metric = { kind: "FileSize", file: "%SD%\\a.txt", source: { file: "a.txt" } };
  const made = await kit.want(201, "POST", "/packages/pos/revisions", {
    ...{ id: "r1", version: "1" },
    agent: { files: [{ sha256 }], actions: [{ kind: "WarmBoot" }], metrics: [metric] },
  });
  expect(made.agent.metrics).toMatchObject([{ file: "%STORAGECARD%\\a.txt", size: 5 }]);
  const at = "/packages/pos/revisions/r1/metrics";
  expect(await kit.want(201, "POST", at, { ...metric, file: "%sd%\\b.txt" })).toMatchObject({
    file: "%STORAGECARD%\\b.txt",
  });
  const wrong = await kit.want(422, "POST", at, { ...metric, file: "%SDX%\\b.txt" });
  expect(wrong.errors).toMatchObject([{ pointer: "/file" }]);
  const changed = await kit.want(200, "PATCH", `${at}/1`, { file: "%SD%\\c.txt" });
  expect(changed).toMatchObject({ file: "%STORAGECARD%\\c.txt" });
});

test("people set them on the page of the settings, and see them where steps are written", async () => {
  await using console_ = await openConsole({ devices: 2 });
  const save = (aliases: string) => console_.post("/settings/token-aliases", { aliases });
  expect((await save("SHOP = DEVICENAME\n\n  %SD%=StorageCard")).status).toBe(303);
  expect(console_.deps.settings.read().tokenAliases).toEqual({
    SHOP: "DEVICENAME",
    SD: "STORAGECARD",
  });
  const settings = await readPage(await console_.get("/settings"));
  expect(settings.html).toContain("SHOP = DEVICENAME\nSD = STORAGECARD");
  const editor = await readPage(await console_.get("/apps/point-of-sale/revisions/new-steps"));
  expect(editor.text).toContain("%SHOP%");
  for (const wrong of ["SHOP DEVICENAME", "A = B", "A = B = C", "TEMP = WINDOWS"]) {
    const page = await readPage(await save(wrong));
    expect([wrong, page.status, page.html.includes('id="wrong-aliases"')]).toEqual([
      wrong,
      422,
      true,
    ]);
    expect(page.html).toContain(wrong);
  }
});
